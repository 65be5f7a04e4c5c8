import type {Plan, Resource} from '../plan.ts';
import {at, compare, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const rule = 'google_compute_network_firewall_policy_rule';
const apis = '199.36.153.4/30';
const everything = '0.0.0.0/0';
/** Hosts that dispatch needs at GitHub: its API, and where archives and files are downloaded from. */
const github = ['api.github.com', 'codeload.github.com'];

const texts = (values: unknown, path: string): string[] => {
  const value = at(values, path);
  return Array.isArray(value) ? value.map(String) : [];
};
const rules = (plan: Plan, action: string) =>
  ofType(plan, rule).filter(
    ({values}) =>
      textAt(values, 'direction') === 'EGRESS' &&
      textAt(values, 'action') === action &&
      at(values, 'disabled') !== true,
  );
const hostsFrom = (plan: Plan, part: string): string[] => {
  const range = rangeOf(plan, part);
  return rules(plan, 'allow')
    .filter(({values}) => texts(values, 'match.0.src_ip_ranges').includes(range))
    .flatMap(({values}) => texts(values, 'match.0.dest_fqdns'));
};
const rangeOf = (plan: Plan, part: string) =>
  textAt(
    ofType(plan, 'google_compute_subnetwork').find(({values}) => textAt(values, 'name').endsWith(`holt-${part}`))
      ?.values,
    'ip_cidr_range',
  );
const isOpen = ({values}: Resource) => texts(values, 'match.0.dest_ip_ranges').some(range => range !== apis);

export const networkPolicies: Policy[] = [
  {
    name: 'egress-is-closed',
    sentence: 'What is not allowed may not leave: one rule denies everything, and it is in force.',
    find: ({environment}) => {
      const closing = rules(environment, 'deny').filter(
        ({values}) =>
          texts(values, 'match.0.dest_ip_ranges').includes(everything) &&
          texts(values, 'match.0.src_ip_ranges').length === 0 &&
          textAt(values, 'match.0.layer4_configs.0.ip_protocol') === 'all',
      );
      const last = Math.max(...rules(environment, 'allow').map(({values}) => Number(at(values, 'priority'))));
      return [
        ...each(closing, 'rule that denies everything', ({values}) => [
          Number(at(values, 'priority')) <= last && 'stands before a rule that allows',
        ]),
        ...each(ofType(environment, 'google_compute_network_firewall_policy_association'), 'policy in force', () => []),
        ...each(ofType(environment, 'google_compute_network'), 'network', ({values}) => [
          at(values, 'auto_create_subnetworks') !== false && 'has subnets everywhere',
        ]),
      ];
    },
  },
  {
    name: 'egress-by-name',
    sentence: 'An allowed way leads to Google’s restricted APIs, or from one part to hosts by name.',
    find: ({environment}) =>
      each(rules(environment, 'allow'), 'rule that allows', resource => {
        const {values} = resource;
        const hosts = texts(values, 'match.0.dest_fqdns');
        const isApis = texts(values, 'match.0.dest_ip_ranges').join() === apis;
        return [
          isOpen(resource) && `leads to ${texts(values, 'match.0.dest_ip_ranges').join(', ')}`,
          !isApis && hosts.length === 0 && 'leads anywhere',
          !isApis && texts(values, 'match.0.src_ip_ranges').length !== 1 && 'is open to every part',
          texts(values, 'match.0.layer4_configs.0.ports').length === 0 && 'leads to every port',
        ];
      }),
  },
  {
    name: 'egress-of-each-part',
    sentence: 'exchange reaches hubs, dispatch GitHub’s API and download host, passback LMSs; nobody else reaches out.',
    find: ({environment}) => {
      const ranges = new Map(['exchange', 'dispatch', 'passback'].map(part => [rangeOf(environment, part), part]));
      const strangers = rules(environment, 'allow')
        .filter(({values}) => texts(values, 'match.0.dest_fqdns').length > 0)
        .filter(({values}) => texts(values, 'match.0.src_ip_ranges').some(range => !ranges.has(range)));
      return [
        ...compare('dispatch', hostsFrom(environment, 'dispatch'), github),
        ...['exchange', 'passback']
          .filter(part => hostsFrom(environment, part).length === 0)
          .map(part => `${part} reaches nothing`),
        ...['exchange', 'passback'].flatMap(part =>
          hostsFrom(environment, part)
            .filter(host => /(^|\.)(github\.com|googleapis\.com|run\.app)$/.test(host) || host.includes('*'))
            .map(host => `${part} reaches ${host}`),
        ),
        ...strangers.map(({address}) => `${address}: another part reaches out`),
      ];
    },
  },
  {
    name: 'functions-use-the-network',
    sentence: 'All that a function sends goes through its own subnet.',
    find: ({environment}) =>
      each(ofType(environment, 'google_cloud_run_v2_service'), 'service', ({values}) => {
        const subnetwork = textAt(values, 'template.0.vpc_access.0.network_interfaces.0.subnetwork');
        const name = textAt(values, 'name');
        const own = ['exchange', 'dispatch', 'passback'].find(part => name.endsWith(part)) ?? 'inside';
        return [
          textAt(values, 'template.0.vpc_access.0.egress') !== 'ALL_TRAFFIC' && 'may leave past the network',
          !subnetwork.endsWith(`holt-${own}`) && `is in the subnet ${subnetwork || 'of nobody'}`,
        ];
      }),
  },
  {
    name: 'google-by-its-restricted-addresses',
    sentence: 'Google’s APIs are reached by their restricted addresses, without the internet.',
    find: ({environment}) => [
      ...each(ofType(environment, 'google_compute_subnetwork'), 'subnet', ({values}) => [
        at(values, 'private_ip_google_access') !== true && 'does not reach Google’s APIs',
      ]),
      ...each(
        ofType(environment, 'google_dns_record_set').filter(({values}) => textAt(values, 'type') === 'A'),
        'address record',
        ({values}) =>
          listAt(values, 'rrdatas').map(
            address => !/^199\.36\.153\.[4-7]$/.test(String(address)) && `leads to ${String(address)}`,
          ),
      ),
    ],
  },
];
