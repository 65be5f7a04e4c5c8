import type {Plan} from '../plan.ts';
import {at, compare, each, ofType, type Policy, textAt} from './policy.ts';

/** Which of Google's APIs makes the types that begin so. */
const apis: [start: string, api: string][] = [
  ['google_artifact_registry_', 'artifactregistry'],
  ['google_billing_budget', 'billingbudgets'],
  ['google_cloud_run_', 'run'],
  ['google_cloud_scheduler_', 'cloudscheduler'],
  ['google_cloudbuild_', 'cloudbuild'],
  ['google_compute_', 'compute'],
  ['google_dns_', 'dns'],
  ['google_eventarc_', 'eventarc'],
  ['google_firestore_', 'firestore'],
  ['google_iam_workload_', 'iam'],
  ['google_iam_workload_', 'sts'],
  ['google_logging_', 'logging'],
  ['google_monitoring_', 'monitoring'],
  ['google_project_iam_', 'cloudresourcemanager'],
  ['google_pubsub_', 'pubsub'],
  ['google_secret_manager_', 'secretmanager'],
  ['google_service_account', 'iam'],
  ['google_service_account', 'iamcredentials'],
  ['google_storage_', 'storage'],
];

const findOff = (plan: Plan): string[] => {
  const on = new Set(ofType(plan, 'google_project_service').map(({values}) => textAt(values, 'service')));
  const used = apis.filter(([start]) => plan.resources.some(({type}) => type.startsWith(start)));
  return [...new Set(used.map(([, api]) => `${api}.googleapis.com`))].filter(api => !on.has(api));
};

export const projectPolicies: Policy[] = [
  {
    name: 'apis-are-on',
    sentence: 'Every API that makes something is switched on first, and no environment switches it off for another.',
    find: ({environment, bootstrap}) => [
      ...[...findOff(environment), ...findOff(bootstrap)].map(api => `${api} is off`),
      ...[environment, bootstrap].flatMap(plan =>
        each(ofType(plan, 'google_project_service'), 'API', ({values}) => [
          at(values, 'disable_on_destroy') !== false && 'goes off with the environment',
        ]),
      ),
    ],
  },
  {
    name: 'hub-gets-its-block',
    sentence: 'An environment prints what a hub’s administrator pastes: the services, their address, and no token.',
    find: ({environment}) => {
      const printed = JSON.stringify(environment.outputs);
      const [exchange] = ofType(environment, 'google_cloud_run_v2_service').filter(({values}) =>
        textAt(values, 'name').endsWith('exchange'),
      );
      return compare(
        'outputs',
        ['c.JupyterHub.services', `'url': '${textAt(exchange?.values, 'uri')}'`, 'oauth_redirect_uri'].filter(text =>
          printed.includes(text),
        ),
        ['c.JupyterHub.services', `'url': '${textAt(exchange?.values, 'uri')}'`, 'oauth_redirect_uri'],
      );
    },
  },
];
