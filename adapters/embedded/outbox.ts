import {watchedCollections} from '../../domain/audit.ts';
import {eventTypes, type StageEvent} from '../../domain/events.ts';
import type {ObjectName} from '../../domain/object-names.ts';
import type {ReplayStage} from '../../domain/ports.ts';
import type {Collection} from '../../domain/records.ts';
import type {Store} from './store.ts';

/** A stage that events are delivered to. */
export type Target = 'dispatch' | ReplayStage;

/** Which stage hears of a collection: of new records only, or of every write. */
export type Trigger = {collection: Collection; on: 'created' | 'written'; target: Target};

/** An event before it has a number. */
export type NewEvent = {target: Target; event: Omit<StageEvent, 'id'>};

/** An event on its way. The number is its id and its order. */
export type OutboxRow = {seq: number; target: Target; event: StageEvent};

/** Who hears of which records: passback of new passbacks, audit of whatever it watches and of a passback's end. */
export const standardTriggers: readonly Trigger[] = [
  {collection: 'passbacks', on: 'created', target: 'passback'},
  ...watchedCollections.map(
    (collection): Trigger => ({collection, on: collection === 'passbacks' ? 'written' : 'created', target: 'audit'}),
  ),
];

/** The events of one written record. */
export const makeRecordEvents = (
  triggers: readonly Trigger[],
  {collection, id, isNew}: {collection: Collection; id: string; isNew: boolean},
): NewEvent[] =>
  triggers
    .filter(trigger => trigger.collection === collection && (isNew || trigger.on === 'written'))
    .map(({target, on}) => ({
      target,
      event: {
        type: on === 'created' ? eventTypes.documentCreated : eventTypes.documentWritten,
        subject: `documents/${collection}/${id}`,
      },
    }));

/** The event of an object that is complete; none but for results, as on Google Cloud, where the bucket decides. */
export const makeObjectEvents = ({bucket, name}: ObjectName): NewEvent[] =>
  bucket === 'results'
    ? [{target: 'record', event: {type: eventTypes.objectFinalized, subject: `objects/${name}`}}]
    : [];

const makeMessage = (target: Target, attributes: Record<string, string>): NewEvent => ({
  target,
  event: {type: eventTypes.messagePublished, data: {message: {attributes}}},
});

/** The event of a wake-up. */
export const makeWakeEvent = (course?: string): NewEvent => makeMessage('dispatch', course ? {course} : {});

/** The event of a replay. `id`: a result object's name, a passback's id, or `collection/id`. */
export function makeReplayEvent(stage: ReplayStage, id: string): NewEvent {
  const attributes = {
    record: {object: id},
    passback: {document: `passbacks/${id}`},
    audit: {document: id},
  };
  return makeMessage(stage, attributes[stage]);
}

const toRow = (seq: number | bigint, target: Target, event: Omit<StageEvent, 'id'>): OutboxRow => ({
  seq: Number(seq),
  target,
  event: {id: `embedded-${seq}`, ...event},
});

/** Writes an event; inside the caller's SQLite transaction. */
export function insertEvent({prepare}: Store, {target, event}: NewEvent): OutboxRow {
  const insert = prepare('INSERT INTO outbox (target, event) VALUES (?, ?)');
  return toRow(insert.run(target, JSON.stringify(event)).lastInsertRowid, target, event);
}

/** Forgets a delivered event; inside the caller's SQLite transaction. */
export const deleteEvent = ({prepare}: Store, seq: number): void => {
  prepare('DELETE FROM outbox WHERE seq = ?').run(seq);
};

/** Lists what the last life left undelivered, oldest first. */
export const listEvents = ({prepare}: Store): OutboxRow[] =>
  prepare('SELECT seq, target, event FROM outbox ORDER BY seq')
    .all()
    .map(({seq, target, event}) => toRow(seq as number, target as Target, JSON.parse(String(event))));
