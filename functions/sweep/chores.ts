import {workKeyOf} from '../../domain/assignment.ts';
import {parkedName} from '../../domain/object-names.ts';
import type {List, Log, Now, Objects, Replay, Transact} from '../../domain/ports.ts';
import {giveUp} from '../../domain/queue.ts';
import {addSeconds} from '../../domain/values.ts';

const pageSize = 200;

/** Makes the chore that replays scores whose time to reach the LMS has come. */
export function makeReplayPassbacks({list, replay, now}: {list: List; replay: Replay; now: Now}) {
  return async (): Promise<number> => {
    const due = await list({
      collection: 'passbacks',
      where: [
        ['state', '==', 'pending'],
        ['nextAttemptAt', '<=', now()],
      ],
      orderBy: ['nextAttemptAt', 'asc'],
      limit: pageSize,
    });
    for (const {id} of due) {
      await replay('passback', id);
    }

    return due.length;
  };
}

/**
 * Makes the chore that gives up on submissions: three started runs without a score, and two hours. The student hears
 * that it was not their fault; pressing Submit again queues it anew.
 */
export function makeGiveUp({list, transact, now, log}: {list: List; transact: Transact; now: Now; log: Log}) {
  return async (): Promise<number> => {
    const at = now();
    const old = addSeconds(at, -giveUp.seconds);
    const tired = await list({
      collection: 'queue',
      where: [
        ['claimed', '==', false],
        ['strikes', '>=', giveUp.strikes],
      ],
      orderBy: ['strikes', 'desc'],
      limit: pageSize,
    });
    let given = 0;
    for (const {id, queuedAt} of tired) {
      if (queuedAt > old) {
        continue;
      }

      given += 1;
      await transact(async transaction => {
        const [entry, submission, failure] = await Promise.all([
          transaction.find('queue', id),
          transaction.find('submissions', id),
          transaction.find('failures', id),
        ]);
        if (!entry || entry.claimed) {
          return;
        }

        transaction.remove('queue', id);
        if (submission && !failure) {
          transaction.create('failures', {
            ...workKeyOf(submission),
            id,
            cause: 'infrastructure',
            message: `Grading failed ${entry.strikes} times through no fault of the notebook. Staff can see it; submit the notebook again to have it graded anew.`,
            strikes: entry.strikes,
            createdAt: at,
          });
        }
      });
      log('ERROR', 'submission given up', {submissionId: id});
    }

    return given;
  };
}

/**
 * Makes the chore that removes what has expired: parked notebooks nobody claimed, old refusals. Where the platform does
 * it by itself it finds nothing.
 */
export function makeRemoveExpired({
  list,
  transact,
  removeObject,
  now,
}: {
  list: List;
  transact: Transact;
  removeObject: Objects['remove'];
  now: Now;
}) {
  return async (): Promise<number> => {
    let removed = 0;
    for (const collection of ['parked', 'refusals'] as const) {
      const expired = await list({
        collection,
        where: [['expireAt', '<=', now()]],
        orderBy: ['expireAt', 'asc'],
        limit: pageSize,
      });
      for (const record of expired) {
        if ('submissionId' in record) {
          await removeObject(parkedName(record.submissionId));
        }

        await transact(async transaction => transaction.remove(collection, record.id));
        removed += 1;
      }
    }

    return removed;
  };
}
