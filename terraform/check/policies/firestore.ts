import {readFileSync} from 'node:fs';
import path from 'node:path';
import {z} from 'zod';
import {at, compare, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const Field = z.object({fieldPath: z.string(), order: z.string()});
const Indexes = z.object({
  indexes: z.array(z.object({collectionGroup: z.string(), fields: z.array(Field)})),
  fieldOverrides: z.array(z.object({collectionGroup: z.string(), fieldPath: z.string(), ttl: z.boolean()})),
});

const readIndexes = (root: string) =>
  Indexes.parse(JSON.parse(readFileSync(path.join(root, 'firestore.indexes.json'), 'utf8')));

const week = 604_800;

export const firestorePolicies: Policy[] = [
  {
    name: 'database-is-safe',
    sentence: 'The database is native, cannot be deleted by a plan, and can be had back as it was in the last week.',
    find: ({environment}) =>
      each(ofType(environment, 'google_firestore_database'), 'database', ({values}) => [
        textAt(values, 'type') !== 'FIRESTORE_NATIVE' && 'is not native',
        textAt(values, 'delete_protection_state') !== 'DELETE_PROTECTION_ENABLED' && 'can be deleted',
        textAt(values, 'deletion_policy') === 'DELETE' && 'goes with a destroy',
        textAt(values, 'point_in_time_recovery_enablement') !== 'POINT_IN_TIME_RECOVERY_ENABLED' &&
          'has no point-in-time recovery',
      ]),
  },
  {
    name: 'database-is-backed-up',
    sentence: 'The database is backed up each day, and a backup is kept at least a week.',
    find: ({environment}) => {
      const schedules = ofType(environment, 'google_firestore_backup_schedule');
      const daily = schedules.filter(({values}) => listAt(values, 'daily_recurrence').length > 0);
      return each(daily, 'daily backup', ({values}) => [
        !(Number(/^(\d+)s$/.exec(textAt(values, 'retention'))?.[1]) >= week) && 'keeps a backup less than a week',
        textAt(values, 'database') !== textAt(ofType(environment, 'google_firestore_database')[0]?.values, 'name') &&
          'backs up another database',
      ]);
    },
  },
  {
    name: 'indexes',
    sentence: 'The database has exactly the composite indexes of firestore.indexes.json.',
    find: ({environment, root}) =>
      compare(
        'indexes',
        ofType(environment, 'google_firestore_index').map(({values}) => {
          const fields = listAt(values, 'fields')
            .filter(field => textAt(field, 'field_path') !== '__name__')
            .map(field => `${textAt(field, 'field_path')} ${textAt(field, 'order')}`);
          return `${textAt(values, 'collection')}: ${fields.join(', ')}`;
        }),
        readIndexes(root).indexes.map(
          ({collectionGroup, fields}) =>
            `${collectionGroup}: ${fields.map(({fieldPath, order}) => `${fieldPath} ${order}`).join(', ')}`,
        ),
      ),
  },
  {
    name: 'records-expire',
    sentence: 'Records with a time to expire do so.',
    find: ({environment, root}) =>
      compare(
        'expiring fields',
        ofType(environment, 'google_firestore_field')
          .filter(({values}) => listAt(values, 'ttl_config').length > 0)
          .map(({values}) => `${textAt(values, 'collection')}.${textAt(values, 'field')}`),
        readIndexes(root)
          .fieldOverrides.filter(({ttl}) => ttl)
          .map(({collectionGroup, fieldPath}) => `${collectionGroup}.${fieldPath}`),
      ),
  },
  {
    name: 'long-fields-are-not-indexed',
    sentence: 'Fields that nobody queries and that may be long are exempt from indexes.',
    find: ({environment}) =>
      ofType(environment, 'google_firestore_field').some(
        ({values}) =>
          at(values, 'index_config.0') !== undefined && listAt(values, 'index_config.0.indexes').length === 0,
      )
        ? []
        : ['No field is exempt from indexes.'],
  },
];
