import type {DocumentChange} from '@google-cloud/firestore';
import {connectFirestore} from '../../adapters/google/records.ts';
import {eventTypes} from '../../domain/events.ts';
import type {Log} from '../../domain/ports.ts';
import type {EventStage, RoutedEvent} from './event-router.ts';
import {triggers} from './wiring.ts';

type Settings = {
  projectId: string;
  prefix: string;
  emulatorHost: string;
  deliver: (stage: EventStage, event: RoutedEvent) => Promise<void>;
  log: Log;
};

/**
 * Makes events out of a Firestore listener, for an emulator of somebody else that takes no triggers.
 *
 * Only what changes from now on is heard; what changed before is found by the sweep. Resolves when all is listened to.
 */
export async function listenToRecords({projectId, prefix, emulatorHost, deliver, log}: Settings) {
  const db = connectFirestore({projectId, emulatorHost});
  const collections = [...new Set(triggers.map(({collection}) => collection))];
  const tell = (collection: string, {type, doc}: DocumentChange) => {
    const heard = {
      added: [eventTypes.documentCreated, eventTypes.documentWritten],
      modified: [eventTypes.documentWritten],
    };
    const types: string[] = type === 'removed' ? [] : heard[type];
    for (const {stage, type: wanted} of triggers.filter(trigger => trigger.collection === collection)) {
      if (types.includes(wanted)) {
        void deliver(stage, {
          id: `${collection}-${doc.id}-${doc.updateTime.valueOf()}-${wanted}`,
          type: wanted,
          source: `//firestore.googleapis.com/projects/${projectId}/databases/(default)`,
          subject: `documents/${prefix}${collection}/${doc.id}`,
          contentType: 'application/json',
          body: Buffer.from('{}'),
        });
      }
    }
  };

  const unsubscribes = await Promise.all(
    collections.map(
      collection =>
        new Promise<() => void>((resolve, reject) => {
          let isFirst = true;
          const unsubscribe = db.collection(`${prefix}${collection}`).onSnapshot(
            snapshot => {
              const changes = isFirst ? [] : snapshot.docChanges();
              isFirst = false;
              for (const change of changes) {
                tell(collection, change);
              }

              resolve(unsubscribe);
            },
            error => {
              log('ERROR', 'The listener of a collection has ended.', {collection, error: String(error)});
              reject(error);
            },
          );
        }),
    ),
  );

  return {
    async close() {
      for (const unsubscribe of unsubscribes) {
        unsubscribe();
      }

      await db.terminate();
    },
  };
}
