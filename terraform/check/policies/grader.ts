import {listBindings} from './bindings.ts';
import {at, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const task = 'template.0.template.0';

/** The account that student code runs under. */
const accountOf = (environment: Parameters<typeof ofType>[0]) =>
  textAt(ofType(environment, 'google_cloud_run_v2_job')[0]?.values, `${task}.service_account`);

export const graderPolicies: Policy[] = [
  {
    name: 'grader-has-no-role',
    sentence: 'No right anywhere names the grader’s account, or a group that it is in.',
    find: ({environment, bootstrap}) => {
      const account = accountOf(environment);
      return account === ''
        ? ['The grader has no account.']
        : [...listBindings(environment), ...listBindings(bootstrap)]
            .filter(({member}) => member.includes(account) || /^principalSet:.*\/(type|all)/.test(member))
            .map(({address, role}) => `${address}: the grader has ${role}`);
    },
  },
  {
    name: 'grader-has-no-way-out',
    sentence: 'All that the grader sends goes through its own subnet, which has no NAT and reaches Google’s APIs only.',
    find: ({environment}) => {
      const nats = ofType(environment, 'google_compute_router_nat');
      return [
        ...each(ofType(environment, 'google_cloud_run_v2_job'), 'job', ({values}) => {
          const subnetwork = textAt(values, `${task}.vpc_access.0.network_interfaces.0.subnetwork`);
          return [
            textAt(values, `${task}.vpc_access.0.egress`) !== 'ALL_TRAFFIC' && 'may leave past the network',
            !subnetwork.endsWith('grader') && `is in the subnet ${subnetwork || 'of nobody'}`,
          ];
        }),
        ...nats.flatMap(({address, values}) => [
          ...(textAt(values, 'source_subnetwork_ip_ranges_to_nat') === 'LIST_OF_SUBNETWORKS'
            ? []
            : [`${address}: every subnet has a way out`]),
          ...listAt(values, 'subnetwork')
            .filter(subnetwork => /grader$/.test(textAt(subnetwork, 'name')))
            .map(() => `${address}: the grader has a way out`),
        ]),
      ];
    },
  },
  {
    name: 'grader-job',
    sentence: 'A task runs once, in a container of the second generation, within a limit of time, memory and tasks.',
    find: ({environment}) =>
      each(ofType(environment, 'google_cloud_run_v2_job'), 'job', ({values}) => {
        const parallelism = Number(at(values, 'template.0.parallelism'));
        const timeout = Number(/^(\d+)s$/.exec(textAt(values, `${task}.timeout`))?.[1]);
        return [
          at(values, `${task}.max_retries`) !== 0 && 'is tried again by the platform, beside the queue',
          textAt(values, `${task}.execution_environment`) !== 'EXECUTION_ENVIRONMENT_GEN2' &&
            'is not of the second generation',
          !(timeout >= 600 && timeout <= 86_400) && 'has no limit of time',
          !(parallelism >= 1 && parallelism <= 1000) && 'has no limit of tasks at a time',
          !/^\d+Gi$/.test(textAt(values, `${task}.containers.0.resources.0.limits.memory`)) && 'has no limit of memory',
        ];
      }),
  },
];
