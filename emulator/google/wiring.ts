import {watchedCollections} from '../../domain/audit.ts';
import {eventTypes} from '../../domain/events.ts';
import type {EventStage} from './event-router.ts';

/** A Firestore trigger: which function hears of which change of which collection. */
export type Trigger = {stage: EventStage; collection: string; type: string};

/** The triggers of the deployed system. `passbacks` is audited again in its final state, the rest is never edited. */
export const triggers: readonly Trigger[] = [
  {stage: 'passback', collection: 'passbacks', type: eventTypes.documentCreated},
  ...watchedCollections.map(collection => ({
    stage: 'audit' as const,
    collection,
    type: collection === 'passbacks' ? eventTypes.documentWritten : eventTypes.documentCreated,
  })),
];

/** Topics, without prefix, and where the router takes their messages. */
const topics: Record<string, string> = {
  dispatch: '/push/dispatch',
  'replay-record': '/push/record',
  'replay-passback': '/push/passback',
  'replay-audit': '/push/audit',
  'object-finalized': '/objects/record',
};

/** The topic that fake-gcs-server tells of finished objects. */
export const notificationTopic = (prefix: string): string => `${prefix}object-finalized`;

/** Seconds until a message that was not acknowledged is pushed again, as Eventarc has it. */
const ACK_DEADLINE_SECONDS = 600;

type Place = {projectId: string; prefix: string; routerUrl: string};

/** Makes the topics, and subscriptions that push to the router. What is there already is pointed at this router. */
export async function createTopics(pubsubHost: string, {projectId, prefix, routerUrl}: Place): Promise<void> {
  const base = `http://${pubsubHost}/v1/projects/${projectId}`;
  await Promise.all(
    Object.entries(topics).map(async ([topic, path]) => {
      const name = `${prefix}${topic}`;
      const pushConfig = {pushEndpoint: `${routerUrl}${path}`};
      await call('PUT', `${base}/topics/${name}`, {}, [409]);
      const status = await call(
        'PUT',
        `${base}/subscriptions/${name}-push`,
        {topic: `projects/${projectId}/topics/${name}`, pushConfig, ackDeadlineSeconds: ACK_DEADLINE_SECONDS},
        [409],
      );
      if (status === 409) {
        await call('POST', `${base}/subscriptions/${name}-push:modifyPushConfig`, {pushConfig});
      }
    }),
  );
}

/** Makes the buckets that are not there yet. */
export async function createBuckets(storageUrl: string, projectId: string, names: readonly string[]): Promise<void> {
  await Promise.all(names.map(name => call('POST', `${storageUrl}/storage/v1/b?project=${projectId}`, {name}, [409])));
}

/** Registers the Firestore triggers with an emulator that was started with this router as its functions emulator. */
export async function createTriggers(
  firestoreHost: string,
  {projectId, prefix}: Omit<Place, 'routerUrl'>,
): Promise<void> {
  for (const {stage, collection, type} of triggers) {
    const id = `${stage}-${prefix}${collection}`;
    await call(
      'POST',
      `http://${firestoreHost}/emulator/v1/projects/${projectId}/eventarcTrigger?eventarcTriggerId=${id}`,
      {
        eventType: type,
        database: '(default)',
        namespace: '(default)',
        document: {value: `${prefix}${collection}/{id}`, matchType: 'PATH_PATTERN'},
      },
    );
  }
}

/** Calls an emulator; answers the status when it is good or among those expected. */
async function call(method: string, url: string, body: object, expected: readonly number[] = []): Promise<number> {
  const answer = await fetch(url, {
    method,
    headers: {'content-type': 'application/json'},
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok && !expected.includes(answer.status)) {
    throw new Error(`${method} ${url} was answered ${answer.status}: ${text}`);
  }

  return answer.status;
}
