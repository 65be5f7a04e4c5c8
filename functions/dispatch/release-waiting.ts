import {PAUSED_UNTIL} from '../../domain/pause.ts';
import type {List, Log, Now, Transact} from '../../domain/ports.ts';
import {mapAtOnce} from './at-once.ts';

const pageSize = 200;

/**
 * Makes entries of a course due again that waited for its archives: the archive was mended, or inspected. They take
 * their old places in the queue.
 */
export function makeReleaseWaiting({list, transact, now, log}: {list: List; transact: Transact; now: Now; log: Log}) {
  return async (course: string): Promise<void> => {
    let after: readonly [string, string] | undefined;
    let released = 0;
    for (;;) {
      const page = await list({
        collection: 'queue',
        where: [
          ['course', '==', course],
          ['visibleAt', '>', now()],
          // What a pause set aside waits for nothing else.
          ['visibleAt', '<', PAUSED_UNTIL],
        ],
        orderBy: ['visibleAt', 'asc'],
        after,
        limit: pageSize,
      });
      const waiting = page.filter(({claimed, waitingFor}) => !claimed && waitingFor?.cause === 'autograder');
      released += waiting.length;
      await mapAtOnce(waiting, ({id}) =>
        transact(async transaction => {
          const entry = await transaction.find('queue', id);
          if (entry && !entry.claimed && entry.waitingFor?.cause === 'autograder') {
            transaction.put('queue', {...entry, visibleAt: entry.queuedAt, waitingFor: null});
          }
        }),
      );

      const last = page.at(-1);
      if (!last || page.length < pageSize) {
        break;
      }

      after = [last.visibleAt, last.id];
    }

    if (released > 0) {
      log('INFO', 'entries that waited for an archive are due again', {course, released});
    }
  };
}
