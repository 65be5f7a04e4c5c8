import {makeActivityChange} from '../../domain/activity.ts';
import {workKeyOf} from '../../domain/assignment.ts';
import {parkedName} from '../../domain/object-names.ts';
import type {List, Log, Now, Objects, Replay, Transact} from '../../domain/ports.ts';
import {giveUp, type QueueEntry, regradeOf, runsIdOf} from '../../domain/queue.ts';
import {addSeconds} from '../../domain/values.ts';

const pageSize = 200;
const pagesAtOnce = 10;

/** Makes the chore that replays scores whose time to reach the LMS has come. */
export function makeReplayPassbacks({list, replay, now}: {list: List; replay: Replay; now: Now}) {
  return async (): Promise<number> => {
    const at = now();
    let after: readonly [string, string] | undefined;
    let found = 0;
    for (let pages = 0; pages < pagesAtOnce; pages += 1) {
      const due = await list({
        collection: 'passbacks',
        where: [
          ['state', '==', 'pending'],
          ['nextAttemptAt', '<=', at],
        ],
        orderBy: ['nextAttemptAt', 'asc'],
        after,
        limit: pageSize,
      });
      for (const {id} of due) {
        await replay('passback', id);
      }

      found += due.length;
      const last = due.at(-1);
      if (!last?.nextAttemptAt || due.length < pageSize) {
        break;
      }

      after = [last.nextAttemptAt, last.id];
    }

    return found;
  };
}

/**
 * Makes the chore that gives up on submissions: three started runs without a score, and two hours. The student hears
 * that it was not their fault; pressing Submit again queues it anew. An inspection is only forgotten: who needs its
 * archive asks for it again. The creation of an activity has failed after three runs, because nothing can be submitted
 * to it meanwhile.
 */
export function makeGiveUp({list, transact, now, log}: {list: List; transact: Transact; now: Now; log: Log}) {
  const isTired = ({kind, claimed, strikes, queuedAt, waitingFor}: QueueEntry): boolean =>
    !claimed &&
    waitingFor?.cause !== 'paused' &&
    strikes >= giveUp.strikes &&
    (kind === 'assign' || queuedAt <= addSeconds(now(), -giveUp.seconds));

  const giveUpOn = (id: string): Promise<boolean> =>
    transact(async transaction => {
      const [entry, failure] = await Promise.all([transaction.find('queue', id), transaction.find('failures', id)]);
      if (!entry || !isTired(entry)) {
        return false;
      }

      const submission = await transaction.find('submissions', runsIdOf(entry));

      const activity = entry.kind === 'assign' ? await transaction.find('activities', entry.activityId) : undefined;
      transaction.remove('queue', id);
      if (entry.kind === 'assign' && activity?.creationId === entry.creationId && activity.state === 'creating') {
        const message = 'The assignment could not be made, through no fault of the notebook: try again in a minute.';
        const failed = {...activity, state: 'failed', isOurFault: true, message} as const;
        transaction.put('activities', failed);
        transaction.create('changes', makeActivityChange(failed, {step: 'failed', createdAt: now()}));
      }

      if (submission && !failure) {
        transaction.create('failures', {
          ...workKeyOf(submission),
          ...regradeOf(entry),
          id,
          cause: 'infrastructure',
          message: `Grading failed ${entry.strikes} times through no fault of the notebook. ${
            regradeOf(entry).regradeId === undefined
              ? 'Staff can see it; submit the notebook again to have it graded anew.'
              : 'Regrade this submission by its number to have it tried anew.'
          }`,
          strikes: entry.strikes,
          createdAt: now(),
        });
      }

      return true;
    });

  return async (): Promise<number> => {
    let after: readonly [number, string] | undefined;
    let given = 0;
    for (let pages = 0; pages < pagesAtOnce; pages += 1) {
      const page = await list({
        collection: 'queue',
        where: [
          ['claimed', '==', false],
          ['strikes', '>=', giveUp.strikes],
        ],
        orderBy: ['strikes', 'desc'],
        after,
        limit: pageSize,
      });
      for (const {id, kind, strikes} of page.filter(isTired)) {
        if (await giveUpOn(id)) {
          given += 1;
          log('ERROR', `${{grade: 'submission', inspect: 'inspection', assign: 'creation'}[kind]} given up`, {
            id,
            strikes,
          });
        }
      }

      const last = page.at(-1);
      if (!last || page.length < pageSize) {
        break;
      }

      after = [last.strikes, last.id];
    }

    return given;
  };
}

/**
 * Makes the chore that removes what has expired: parked notebooks nobody claimed, old refusals, tasks that look no more.
 * On Google Cloud Firestore's TTL and the bucket's lifecycle do it.
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
    for (const collection of ['parked', 'refusals', 'freeTasks'] as const) {
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
