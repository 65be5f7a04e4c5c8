import {Limits} from '../../domain/limits.ts';
import {notebookName} from '../../domain/object-names.ts';
import type {NewId, Objects} from '../../domain/ports.ts';
import {addSeconds} from '../../domain/values.ts';
import {claimEntries, updateClaims} from '../../functions/dispatch/claim-entries.ts';
import type {VirtualClock} from './clock.ts';
import type {makeSimulatedRecords} from './records.ts';

/*
 * A rule that Holt has not: a task that has graded its list waits a few seconds for more, and dispatch gives it what is
 * due. It is simulated to see what it would change. A task needs no new right for it: dispatch would write the next
 * manifest at a name whose signed GET the task has, and the task, when it ends, an empty one there by a signed PUT;
 * names are written once, so one of the two is refused and knows.
 */

export type TakeMore = {
  /** Entries of one task at most, its first included. */
  most: number;
  lingerSeconds: number;
};

type Needs = {
  clock: VirtualClock;
  records: ReturnType<typeof makeSimulatedRecords>;
  newId: NewId;
  sign: Objects['signGet'];
};

/** A task looks for its next manifest each second, and so finds it half a second late. */
const POLL_MILLISECONDS = 500;
const CLAIM_SECONDS = 600;
const log = () => {};

/** Makes the hand-over of what is due to tasks that wait for more. */
export function makeHandOver({clock, records, newId, sign}: Needs, {most, lingerSeconds}: TakeMore) {
  const {transact} = records;
  const waiting: ((submissionId: string | undefined) => void)[] = [];

  const claim = async (entry: Awaited<ReturnType<typeof listDue>>[number]): Promise<boolean> => {
    const batch = newId();
    const ready = [{entry, limits: Limits.parse({})}];
    const claimed = await claimEntries({transact, now: clock.now, log}, ready, {batch, perTask: 1});
    await updateClaims({transact, log}, claimed, batch, ({...claimedEntry}) => ({
      ...claimedEntry,
      visibleAt: addSeconds(clock.now(), CLAIM_SECONDS),
    }));
    return claimed.length > 0;
  };

  const listDue = () =>
    records.list({
      collection: 'queue',
      where: [
        ['claimed', '==', false],
        ['visibleAt', '<=', clock.now()],
      ],
      orderBy: ['visibleAt', 'asc'],
      limit: waiting.length,
    });

  /** Gives what is due to tasks that wait. */
  const give = async (): Promise<void> => {
    const due = waiting.length > 0 ? await listDue() : [];
    await Promise.all(
      due.map(async entry => {
        const task = waiting.shift();
        if (!task) {
          return;
        }

        if (!(await claim(entry))) {
          // Another wake-up has given it away.
          waiting.push(task);
          return;
        }

        await Promise.all([1, 2, 3].map(() => sign(notebookName(entry.id), CLAIM_SECONDS)));
        clock.after(POLL_MILLISECONDS, () => task(entry.id));
      }),
    );
  };

  const askForMore = (entries: number): Promise<string | undefined> =>
    new Promise(resolve => {
      if (entries >= most) {
        return resolve(undefined);
      }

      waiting.push(resolve);
      clock.after(lingerSeconds * 1000, () => {
        const index = waiting.indexOf(resolve);
        if (index >= 0) {
          waiting.splice(index, 1);
          resolve(undefined);
        }
      });
    });

  return {give, askForMore, waiting: () => waiting.length};
}
