import {workKeyOf} from '../../domain/assignment.ts';
import type {Log, Now, Transact} from '../../domain/ports.ts';
import {type QueueEntry, regradeOf, runsIdOf} from '../../domain/queue.ts';
import type {Sha256} from '../../domain/values.ts';

/** Keeps the archive that a regrade of the course's current one got first: all its runs are on the same one. */
export const pinArchive = (transact: Transact, regradeId: string, sha256: Sha256): Promise<Sha256> =>
  transact(async transaction => {
    const regrade = await transaction.find('regrades', regradeId);
    if (regrade && regrade.autograderSha256 === null) {
      transaction.put('regrades', {...regrade, autograderSha256: sha256});
    }

    return regrade?.autograderSha256 ?? sha256;
  });

/** Ends an entry of a regrade whose archive cannot grade: the table of the regrade says why. */
export async function failRegradeRun(
  {transact, now, log}: {transact: Transact; now: Now; log: Log},
  {id, visibleAt}: QueueEntry,
  message: string,
): Promise<void> {
  const ended = await transact(async transaction => {
    const [entry, failure] = await Promise.all([transaction.find('queue', id), transaction.find('failures', id)]);
    if (!entry || entry.claimed || entry.visibleAt !== visibleAt) {
      return false;
    }

    const submission = await transaction.find('submissions', runsIdOf(entry));
    transaction.remove('queue', id);
    if (submission && !failure) {
      transaction.create('failures', {
        ...workKeyOf(submission),
        ...regradeOf(entry),
        ...{id, cause: 'autograder', message, strikes: entry.strikes, createdAt: now()},
      });
    }

    return true;
  });
  if (ended) {
    log('ERROR', 'a regrade has an archive that cannot grade', {id, why: message});
  }
}
