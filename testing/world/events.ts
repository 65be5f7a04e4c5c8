import {watchedCollections} from '../../domain/audit.ts';
import {eventTypes, type StageEvent} from '../../domain/events.ts';
import type {Records, Replay, Wake} from '../../domain/ports.ts';

/** A stage that an event is on its way to. */
export type Delivery = {stage: 'dispatch' | 'record' | 'passback' | 'audit'; event: StageEvent};

/** Makes the events of a record store, and of messages: all are kept until a test delivers or loses them. */
export function makeEvents(store: Pick<Records, 'transact'>) {
  const deliveries: Delivery[] = [];
  let events = 0;
  const send = (stage: Delivery['stage'], event: Omit<StageEvent, 'id'>) => {
    events += 1;
    deliveries.push({stage, event: {id: `event-${events}`, ...event}});
  };
  const sendMessage = (stage: Delivery['stage'], attributes: Record<string, string>) =>
    send(stage, {type: eventTypes.messagePublished, data: {message: {attributes}}});

  const transact: Records['transact'] = async work => {
    let written: {collection: string; id: string; isNew: boolean}[] = [];
    const result = await store.transact(transaction => {
      written = [];
      return work({
        ...transaction,
        create(collection, record) {
          transaction.create(collection, record);
          written.push({collection, id: record.id, isNew: true});
        },
        put(collection, record) {
          transaction.put(collection, record);
          written.push({collection, id: record.id, isNew: false});
        },
      });
    });
    for (const {collection, id, isNew} of written) {
      const subject = `documents/${collection}/${id}`;
      if ((watchedCollections as readonly string[]).includes(collection) && (isNew || collection === 'passbacks')) {
        send('audit', {type: eventTypes.documentWritten, subject});
      }

      if (collection === 'passbacks' && isNew) {
        send('passback', {type: eventTypes.documentCreated, subject});
      }
    }

    return result;
  };

  const wake: Wake = async ({course} = {}) => sendMessage('dispatch', course ? {course} : {});
  const replay: Replay = async (stage, id) =>
    sendMessage(stage, stage === 'record' ? {object: id} : {document: stage === 'passback' ? `passbacks/${id}` : id});

  return {deliveries, send, transact, wake, replay};
}
