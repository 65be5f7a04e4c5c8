import {watchedCollections} from '../../../domain/audit.ts';
import {eventTypes} from '../../../domain/events.ts';
import type {Resource} from '../plan.ts';
import {shorten} from './bindings.ts';
import {at, compare, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const topics = ['dispatch', 'replay-record', 'replay-passback', 'replay-audit'];
const seconds = (values: unknown, path: string) => Number(/^(\d+)(\.\d+)?s$/.exec(textAt(values, path))?.[1]);
const isPush = ({values}: Resource) => textAt(values, 'push_config.0.push_endpoint') !== '';

/** What a trigger listens to: `function <- type of place`. */
function describeTrigger({values}: Resource): string {
  const criteria = Object.fromEntries(
    listAt(values, 'matching_criteria').map(criterion => [textAt(criterion, 'attribute'), criterion]),
  );
  const service = shorten(textAt(values, 'destination.0.cloud_run_service.0.service'));
  const [collection = ''] = textAt(criteria.document, 'value').split('/');
  const bucket = textAt(criteria.bucket, 'value').replace(/^.*-/, '');
  return `${service} <- ${textAt(criteria.type, 'value')} of ${collection || bucket}`;
}

const wantedTriggers = [
  `passback <- ${eventTypes.documentCreated} of passbacks`,
  `record <- ${eventTypes.objectFinalized} of results`,
  ...watchedCollections.map(
    collection =>
      `audit <- ${collection === 'passbacks' ? eventTypes.documentWritten : eventTypes.documentCreated} of ${collection}`,
  ),
];

export const messagingPolicies: Policy[] = [
  {
    name: 'subscriptions-try-again',
    sentence: 'Every push is retried with backoff, within a deadline that Pub/Sub allows, and never expires unused.',
    find: ({environment}) =>
      each(ofType(environment, 'google_pubsub_subscription'), 'subscription', resource => {
        const {values} = resource;
        const deadline = Number(at(values, 'ack_deadline_seconds'));
        const [minimum, maximum] = [
          seconds(values, 'retry_policy.0.minimum_backoff'),
          seconds(values, 'retry_policy.0.maximum_backoff'),
        ];
        return [
          isPush(resource) && !(deadline >= 10 && deadline <= 600) && `has a deadline of ${deadline} s`,
          isPush(resource) && !(minimum >= 1 && maximum >= minimum && maximum <= 600) && 'has no backoff',
          textAt(values, 'expiration_policy.0.ttl') !== '' && 'ends when it was not used for a while',
          listAt(values, 'expiration_policy').length === 0 && 'ends when it was not used for a month',
        ];
      }),
  },
  {
    name: 'messages-are-kept',
    sentence: 'A message that cannot be delivered is kept until the sweep has sent it again; dead letters are read.',
    find: ({environment}) => {
      const subscribed = new Set(
        ofType(environment, 'google_pubsub_subscription').map(({values}) => shorten(textAt(values, 'topic'))),
      );
      return each(ofType(environment, 'google_pubsub_subscription'), 'subscription', ({values}) => {
        const dead = shorten(textAt(values, 'dead_letter_policy.0.dead_letter_topic'));
        const attempts = Number(at(values, 'dead_letter_policy.0.max_delivery_attempts'));
        return [
          !(seconds(values, 'message_retention_duration') >= 600) && 'does not say how long it keeps a message',
          dead !== '' && !subscribed.has(dead) && `sends dead letters to ${dead}, where nobody keeps them`,
          dead !== '' && !(attempts >= 5 && attempts <= 100) && `gives up after ${attempts} attempts`,
        ];
      });
    },
  },
  {
    name: 'every-topic-wakes-its-function',
    sentence: 'Each topic that the code writes to is pushed to its function.',
    find: ({environment}) =>
      compare(
        'pushed topics',
        ofType(environment, 'google_pubsub_subscription')
          .filter(isPush)
          .map(({values}) => shorten(textAt(values, 'topic'))),
        topics,
      ),
  },
  {
    name: 'triggers',
    sentence: 'Each collection has a trigger of its own, of the event its function waits for, and no other.',
    find: ({environment}) =>
      compare('triggers', ofType(environment, 'google_eventarc_trigger').map(describeTrigger), wantedTriggers),
  },
  {
    name: 'no-wildcard-collection',
    sentence: 'No trigger listens to a collection by wildcard: audit would wake itself.',
    find: ({environment}) =>
      each(ofType(environment, 'google_eventarc_trigger'), 'trigger', ({values}) =>
        listAt(values, 'matching_criteria')
          .filter(criterion => textAt(criterion, 'attribute') === 'document')
          .map(criterion => {
            const document = textAt(criterion, 'value');
            return !/^[a-z][A-Za-z-]*\/(\*|\{\w+\})$/.test(document) && `listens to ${document || 'every document'}`;
          }),
      ),
  },
  {
    name: 'triggers-stand-by-the-database',
    sentence: 'A trigger stands where its database or bucket stands, and names that database.',
    find: ({environment}) => {
      const [database] = ofType(environment, 'google_firestore_database');
      const place = textAt(database?.values, 'location_id');
      const [bucket] = ofType(environment, 'google_storage_bucket');
      const multi: Record<string, string> = {nam5: 'nam5', eur3: 'eur3'};
      return each(ofType(environment, 'google_eventarc_trigger'), 'trigger', ({values}) => {
        const criteria = listAt(values, 'matching_criteria');
        const isOfDatabase = criteria.some(criterion => textAt(criterion, 'value').includes('.firestore.'));
        const named = criteria.find(criterion => textAt(criterion, 'attribute') === 'database');
        const wanted = isOfDatabase ? (multi[place] ?? place) : textAt(bucket?.values, 'location').toLowerCase();
        return [
          textAt(values, 'location') !== wanted && `stands in ${textAt(values, 'location')}, not in ${wanted}`,
          isOfDatabase && textAt(named, 'value') !== textAt(database?.values, 'name') && 'names another database',
        ];
      });
    },
  },
];
