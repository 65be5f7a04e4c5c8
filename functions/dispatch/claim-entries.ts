import type {Log, Now, Transact} from '../../domain/ports.ts';
import {type Claim, type QueueEntry, runsIdOf} from '../../domain/queue.ts';
import {addSeconds, type Instant} from '../../domain/values.ts';
import {mapAtOnce} from './at-once.ts';
import type {Ready} from './find-ready.ts';
import {CLAIM_SECONDS} from './settings.ts';

/** An entry that this batch holds, with what its task must know. */
export type Claimed = Ready & {run: number; task: number};

/**
 * Claims entries for the tasks of a batch, or for one of them, each in a transaction that fails when somebody changed
 * the entry meanwhile. Each claim issues a run number that is never used again. One that cannot be claimed now does not
 * hold up the others.
 *
 * Throws: what the store said, when it took none of them.
 */
export async function claimEntries(
  {transact, now, log}: {transact: Transact; now: Now; log: Log},
  ready: readonly Ready[],
  {batch, ...place}: {batch: string} & ({perTask: number} | {task: number}),
): Promise<Claimed[]> {
  const errors: unknown[] = [];
  const claimEntry = (read: QueueEntry, task: number): Promise<number | undefined> =>
    transact(async transaction => {
      const runsId = runsIdOf(read);
      const [entry, runs] = await Promise.all([transaction.find('queue', read.id), transaction.find('runs', runsId)]);
      if (!entry || entry.claimed || entry.visibleAt !== read.visibleAt) {
        return undefined;
      }

      const claimedAt = now();
      const last = (runs?.last ?? 0) + 1;
      transaction.put('runs', {id: runsId, last, createdAt: runs?.createdAt ?? claimedAt});
      transaction.put('queue', {
        ...entry,
        claimed: true,
        claim: {run: last, batch, task, execution: null, claimedAt},
        waitingFor: null,
        visibleAt: addSeconds(claimedAt, CLAIM_SECONDS),
      });
      return last;
    });

  const claimed = await mapAtOnce(ready, async (one, index) => {
    const task = 'task' in place ? place.task : Math.floor(index / place.perTask);
    try {
      const run = await claimEntry(one.entry, task);
      return run === undefined ? [] : [{...one, run, task}];
    } catch (error) {
      errors.push(error);
      log('WARNING', 'an entry could not be claimed now', {id: one.entry.id, error: String(error)});
      return [];
    }
  });
  if (errors.length > 0 && claimed.flat().length === 0) {
    throw errors[0];
  }

  return 'task' in place ? claimed.flat() : closeGaps(claimed.flat());
}

/** Entries that somebody else claimed leave tasks empty; an execution has none. */
function closeGaps(claimed: Claimed[]): Claimed[] {
  const numbers = [...new Set(claimed.map(({task}) => task))];
  return claimed.map(one => ({...one, task: numbers.indexOf(one.task)}));
}

type Started = {batch: string; execution: string | null; visibleAt: Instant; next: Claim['next']};

/** Notes what claims became: their execution, their end, and with the last of a list what its task may take then. */
export const noteStarted = (
  needs: {transact: Transact; log: Log},
  claimed: readonly Claimed[],
  {batch, execution, visibleAt, next}: Started,
): Promise<void> => {
  const tasks = new Map(claimed.map(({entry: {id}, task}) => [id, task]));
  const last = new Map(claimed.map(({entry: {id}, task}) => [task, id]));
  return updateClaims(needs, claimed, batch, entry => {
    // The number that the platform knows: the claim's own is from before the gaps were closed.
    const task = tasks.get(entry.id) ?? 0;
    const claim = entry.claim && {...entry.claim, execution, task, ...(next && last.get(task) === entry.id && {next})};
    return {...entry, visibleAt, claim};
  });
};

/**
 * Changes the claims of a batch: their execution and end, or frees them. A claim of another batch or run is left alone,
 * and one that cannot be changed now ends by its own time.
 */
export async function updateClaims(
  {transact, log}: {transact: Transact; log: Log},
  claimed: readonly Claimed[],
  batch: string,
  change: (entry: QueueEntry) => QueueEntry,
): Promise<void> {
  await mapAtOnce(claimed, ({entry: {id}, run}) =>
    transact(async transaction => {
      const entry = await transaction.find('queue', id);
      if (entry?.claim?.batch === batch && entry.claim.run === run) {
        transaction.put('queue', change(entry));
      }
    }).catch(error => log('WARNING', 'a claim could not be changed now', {id, batch, error: String(error)})),
  );
}
