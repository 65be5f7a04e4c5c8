import type {Resource} from '../plan.ts';
import {listAccounts, listBindings} from './bindings.ts';
import {at, both, each, type Policy, textAt} from './policy.ts';

/** Types that take labels, and under which name. */
const labelled: Record<string, string> = {
  google_artifact_registry_repository: 'labels',
  google_cloud_run_v2_job: 'labels',
  google_cloud_run_v2_service: 'labels',
  google_eventarc_trigger: 'labels',
  google_monitoring_alert_policy: 'user_labels',
  google_monitoring_notification_channel: 'user_labels',
  google_pubsub_subscription: 'labels',
  google_pubsub_topic: 'labels',
  google_secret_manager_secret: 'labels',
  google_storage_bucket: 'labels',
};

/** Where a resource says as whom it works. */
const identities: Record<string, string[]> = {
  google_cloud_run_v2_job: ['template.0.template.0.service_account'],
  google_cloud_run_v2_service: ['template.0.service_account'],
  google_cloudbuild_trigger: ['service_account'],
  google_eventarc_trigger: ['service_account'],
  google_pubsub_subscription: ['push_config.0.oidc_token.0.service_account_email'],
  google_cloud_scheduler_job: ['http_target.0.oidc_token.0.service_account_email'],
};

const isPush = ({type, values}: Resource) =>
  (type !== 'google_pubsub_subscription' || textAt(values, 'push_config.0.push_endpoint') !== '') &&
  (type !== 'google_cloud_scheduler_job' || at(values, 'http_target.0') !== undefined);

/** What holds for every resource of every root. */
export const everywherePolicies: Policy[] = [
  {
    name: 'no-primitive-role',
    sentence: 'Nobody gets owner, editor or viewer, nor a whole project’s administration.',
    find: ({environment, bootstrap}) =>
      [...listBindings(environment), ...listBindings(bootstrap)]
        .filter(
          ({role, kind}) =>
            !/^(roles|projects\/[^/]+\/roles)\/[\w.]+$/.test(role) ||
            /^roles\/(owner|editor|viewer|browser|admin|reader|writer)$/.test(role) ||
            (kind === 'project' &&
              /^roles\/(iam\.securityAdmin|iam\.serviceAccount(Admin|User|TokenCreator|KeyAdmin)|resourcemanager\..*|datastore\.owner|secretmanager\..*)$/.test(
                role,
              )),
        )
        .map(({address, role, kind}) => `${address}: ${role} on ${kind}`),
  },
  {
    name: 'public-only-exchange',
    sentence: 'Everybody may call exchange, which browsers must reach, and nothing else.',
    find: ({environment, bootstrap}) => {
      const open = [...listBindings(environment), ...listBindings(bootstrap)].filter(({member}) =>
        /^(allUsers|allAuthenticatedUsers|domain:)/.test(member),
      );
      const allowed = open.filter(
        ({member, role, kind, target}) =>
          member === 'allUsers' && role === 'roles/run.invoker' && kind === 'service' && /(^|-)exchange$/.test(target),
      );
      const checks = environment.resources.filter(({values}) => at(values, 'invoker_iam_disabled') === true);
      return [
        ...open
          .filter(binding => !allowed.includes(binding))
          .map(({address, member, role}) => `${address}: ${member} has ${role}`),
        ...checks.map(({address}) => `${address}: does not ask who calls`),
        ...(allowed.length === 1 ? [] : [`exchange is open to everybody ${allowed.length} times, not once`]),
      ];
    },
  },
  {
    name: 'own-accounts',
    sentence: 'Whatever runs, runs as a service account that these files make.',
    find: subject => {
      const accounts = new Set([
        ...listAccounts(subject.environment).keys(),
        ...listAccounts(subject.bootstrap).keys(),
      ]);
      return each(
        both(subject).filter(resource => identities[resource.type] && isPush(resource)),
        'thing that runs',
        ({type, values}) =>
          (identities[type] ?? []).map(path => {
            const account = textAt(values, path).replace(/^projects\/[^/]+\/serviceAccounts\//, '');
            return !accounts.has(account) && `runs as ${account || 'the default service account'}`;
          }),
      );
    },
  },
  {
    name: 'labelled',
    sentence: 'What costs money or can be found in a list has labels that say it is Holt’s.',
    find: subject =>
      each(
        both(subject).filter(({type}) => labelled[type]),
        'resource with labels',
        ({type, values}) => [Object.keys(at(values, labelled[type] ?? '') ?? {}).length === 0 && 'has no labels'],
      ),
  },
];
