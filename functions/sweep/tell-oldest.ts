import type {List, Log, Now} from '../../domain/ports.ts';
import {waitsSince} from '../../domain/queue.ts';
import {secondsBetween} from '../../domain/values.ts';

/**
 * Makes the chore that tells how long the oldest entry has been due and not started: the alert on a queue that stands
 * still reads this line. What is claimed is being graded, and what waits for staff is due later, so neither counts; nor
 * does the time that staff paused it for.
 */
export function makeTellOldest({list, now, log}: {list: List; now: Now; log: Log}) {
  return async (): Promise<number> => {
    const at = now();
    const [oldest] = await list({
      collection: 'queue',
      where: [
        ['claimed', '==', false],
        ['visibleAt', '<=', at],
      ],
      orderBy: ['visibleAt', 'asc'],
      limit: 1,
    });
    if (oldest) {
      const {id, course} = oldest;
      const since = waitsSince({...oldest, queuedAt: oldest.visibleAt});
      log('INFO', 'entries wait', {oldestWaitingSeconds: secondsBetween(since, at), id, course});
    }

    return 0;
  };
}
