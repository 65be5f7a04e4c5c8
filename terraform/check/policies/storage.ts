import type {Resource} from '../plan.ts';
import {at, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const isEndingWith = (ending: string) => (bucket: Resource) => textAt(bucket.values, 'name').endsWith(ending);

/** Whether a bucket deletes what stands under a prefix, and after how many days. */
const findEnd = (bucket: Resource | undefined, prefix: string): number | undefined =>
  listAt(bucket?.values, 'lifecycle_rule')
    .filter(rule => textAt(rule, 'action.0.type') === 'Delete')
    .filter(rule => listOf(rule, 'condition.0.matches_prefix').includes(prefix))
    .map(rule => Number(at(rule, 'condition.0.age')))
    .at(0);

const listOf = (values: unknown, path: string): unknown[] => {
  const value = at(values, path);
  return Array.isArray(value) ? value : [];
};

export const storagePolicies: Policy[] = [
  {
    name: 'buckets-are-private',
    sentence: 'Every bucket enforces public access prevention and uniform access.',
    find: ({environment, bootstrap}) =>
      each(
        [...ofType(environment, 'google_storage_bucket'), ...ofType(bootstrap, 'google_storage_bucket')],
        'bucket',
        ({values}) => [
          at(values, 'public_access_prevention') !== 'enforced' && 'public access is not prevented',
          at(values, 'uniform_bucket_level_access') !== true && 'access is not uniform',
        ],
      ),
  },
  {
    name: 'buckets-are-kept',
    sentence: 'No bucket is deleted with what is in it, and what is deleted by mistake can be had back.',
    find: ({environment, bootstrap}) =>
      each(
        [...ofType(environment, 'google_storage_bucket'), ...ofType(bootstrap, 'google_storage_bucket')],
        'bucket',
        ({values}) => [
          at(values, 'force_destroy') === true && 'goes with all that is in it',
          at(values, 'versioning.0.enabled') !== true &&
            !(Number(at(values, 'soft_delete_policy.0.retention_duration_seconds')) >= 604_800) &&
            'keeps nothing that was deleted',
        ],
      ),
  },
  {
    name: 'results-stand-alone',
    sentence: 'Results have a bucket of their own, because storage events filter by bucket only.',
    find: ({environment}) => {
      const buckets = ofType(environment, 'google_storage_bucket');
      const results = buckets.filter(isEndingWith('-results'));
      return results.length === 1 && buckets.filter(isEndingWith('-work')).length === 1 && buckets.length === 2
        ? []
        : [`The buckets are ${buckets.map(({values}) => textAt(values, 'name')).join(', ')}.`];
    },
  },
  {
    name: 'lifecycle',
    sentence: 'The work bucket ends parked notebooks after their fourteen days and manifests soon, and nothing else.',
    find: ({environment}) => {
      const [bucket] = ofType(environment, 'google_storage_bucket').filter(isEndingWith('-work'));
      const [parked, manifests] = [findEnd(bucket, 'parked/'), findEnd(bucket, 'manifests/')];
      const broad = ofType(environment, 'google_storage_bucket').filter(({values}) =>
        listAt(values, 'lifecycle_rule').some(
          rule =>
            textAt(rule, 'action.0.type') === 'Delete' &&
            listOf(rule, 'condition.0.matches_prefix').length === 0 &&
            at(rule, 'condition.0.num_newer_versions') === null &&
            at(rule, 'condition.0.days_since_noncurrent_time') === null &&
            textAt(rule, 'condition.0.with_state') !== 'ARCHIVED',
        ),
      );
      return [
        ...(parked && parked >= 15 && parked <= 60 ? [] : [`parked/ ends after ${parked ?? 'no'} days`]),
        ...(manifests && manifests <= 14 ? [] : [`manifests/ ends after ${manifests ?? 'no'} days`]),
        ...broad.map(({address}) => `${address}: deletes everything`),
      ];
    },
  },
];
