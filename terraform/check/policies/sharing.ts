import {each, type Policy, textAt} from './policy.ts';

/** Types whose names are a whole project's, or a whole world's, and where the name is. */
const named: Record<string, string> = {
  google_cloud_run_v2_job: 'name',
  google_cloud_run_v2_service: 'name',
  google_cloud_scheduler_job: 'name',
  google_compute_address: 'name',
  google_compute_network: 'name',
  google_compute_network_firewall_policy: 'name',
  google_compute_router: 'name',
  google_compute_subnetwork: 'name',
  google_dns_managed_zone: 'name',
  google_eventarc_trigger: 'name',
  google_firestore_field: 'collection',
  google_firestore_index: 'collection',
  google_logging_metric: 'name',
  google_logging_project_bucket_config: 'bucket_id',
  google_logging_project_sink: 'name',
  google_pubsub_subscription: 'name',
  google_pubsub_topic: 'name',
  google_secret_manager_secret: 'secret_id',
  google_service_account: 'account_id',
  google_storage_bucket: 'name',
};

/** What keeps environments of one project apart. */
export const sharingPolicies: Policy[] = [
  {
    name: 'environments-do-not-meet',
    sentence: 'In a shared project every name begins with the environment’s, and the database is its own.',
    whole: true,
    find: ({asPlanned}) => [
      ...each(
        asPlanned.resources.filter(({type}) => named[type]),
        'named resource',
        ({type, values}) => {
          const name = textAt(values, named[type] ?? '');
          return [!name.startsWith('checked-') && `is called ${name}`];
        },
      ),
      ...each(
        asPlanned.resources.filter(({type}) => type === 'google_firestore_database'),
        'database',
        ({values}) => [textAt(values, 'name') !== 'checked' && `is called ${textAt(values, 'name')}`],
      ),
    ],
  },
  {
    name: 'names-fit',
    sentence: 'Names are as long as Google allows: accounts 30, services 49, buckets 63.',
    find: ({asPlanned}) => {
      const longest: Record<string, [string, number]> = {
        google_service_account: ['account_id', 30],
        google_cloud_run_v2_service: ['name', 49],
        google_storage_bucket: ['name', 63],
      };
      return each(
        asPlanned.resources.filter(({type}) => longest[type]),
        'account',
        ({type, values}) => {
          const [attribute, most] = longest[type] ?? ['', 0];
          return [textAt(values, attribute).length > most && `${textAt(values, attribute)} is too long`];
        },
      );
    },
  },
];
