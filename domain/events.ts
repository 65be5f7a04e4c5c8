import type {WatchedCollection} from './audit.ts';
import {watchedCollections} from './audit.ts';

/*
 * A handler takes only a name from an event and reads the record itself: events arrive twice, late and out of order,
 * and their bodies differ between platforms.
 */

/** The parts of a CloudEvent (v1.0) that are read. `subject` names what happened to what. */
export type StageEvent = {
  id: string;
  type: string;
  subject?: string | undefined;
  data?: unknown;
};

/** CloudEvent types of the platform that Holt reacts to. */
export const eventTypes = {
  documentCreated: 'google.cloud.firestore.document.v1.created',
  documentWritten: 'google.cloud.firestore.document.v1.written',
  objectFinalized: 'google.cloud.storage.object.v1.finalized',
  messagePublished: 'google.cloud.pubsub.topic.v1.messagePublished',
} as const;

/** Message attributes of a replayed event. */
type Message = {message?: {attributes?: Record<string, string>}};

/** Eventarc has a message in the event's data; a subscription that pushes to a function sends the message alone. */
const attribute = (event: StageEvent, name: string): string | undefined =>
  ((event.data as Message | undefined) ?? (event as Message)).message?.attributes?.[name];

/** The document an event is about, its collection without the environment's prefix; undefined when it is about none. */
export function documentOf(event: StageEvent, prefix: string): {collection: string; id: string} | undefined {
  const path = attribute(event, 'document') ?? event.subject?.replace(/^documents\//, '');
  const [collection, id, ...rest] = (path ?? '').split('/');
  if (!collection?.startsWith(prefix) || !id || rest.length > 0) {
    return undefined;
  }

  return {collection: collection.slice(prefix.length), id};
}

/** The object an event is about; undefined when it is about none. */
export function objectOf(event: StageEvent): string | undefined {
  return attribute(event, 'object') ?? event.subject?.replace(/^objects\//, '');
}

/** The course that a wake-up is about; undefined when it is about the queue. */
export const courseOf = (event: StageEvent): string | undefined => attribute(event, 'course');

export const isWatched = (collection: string): collection is WatchedCollection =>
  (watchedCollections as readonly string[]).includes(collection);
