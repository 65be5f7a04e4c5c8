import type {FreeTask} from '../../domain/free-task.ts';
import {listName} from '../../domain/object-names.ts';
import type {Log, Now, Objects, Transact} from '../../domain/ports.ts';
import {LATE_SECONDS, type QueueEntry, runsIdOf} from '../../domain/queue.ts';
import {addSeconds, secondsBetween} from '../../domain/values.ts';
import {mapAtOnce} from './at-once.ts';
import {type Claimed, claimEntries, noteStarted, updateClaims} from './claim-entries.ts';
import type {Ready} from './find-ready.ts';
import type {Look} from './look.ts';
import {encode, makeManifests} from './make-manifest.ts';
import {BATCH_ENTRIES, type DispatchSettings, secondsOf} from './settings.ts';

export type HandOverNeeds = Pick<Look, 'listDue' | 'listFree'> & {
  findReady: (entries: readonly QueueEntry[]) => Promise<Ready[]>;
  transact: Transact;
  objects: Pick<Objects, 'write' | 'read' | 'signGet' | 'signPut'>;
  now: Now;
  log: Log;
  settings: DispatchSettings;
};

/**
 * Makes the giving of what is due to tasks that have graded their list and look for another: such a student waits for no
 * start. It needs no lease, because a task is taken, and each entry claimed, by one of those who try.
 *
 * A list is written once, and so is the word by which a task says in its place that it ends: whoever comes second is
 * refused and knows. Killed before the list is written, or when nobody can say whether it was, its claims end after two
 * minutes.
 */
export function makeHandOver(needs: HandOverNeeds) {
  const {listDue, listFree, findReady, transact, objects, now, log, settings} = needs;
  const makeManifest = makeManifests(needs);

  /** Answers how many entries were given. */
  return async (): Promise<number> => {
    const free = await listFree();
    const perTask = settings.maxSubmissionsPerTask;
    const due = free.length > 0 ? await listDue(Math.min(free.length * perTask, BATCH_ENTRIES)) : [];
    const ready = due.length > 0 ? await findReady(due) : [];
    const given = await mapAtOnce(free, async (task, index) => {
      const list = ready.slice(index * perTask, (index + 1) * perTask);
      return list.length === 0 ? 0 : await give(task, list).catch(error => tellFailed(task, error));
    });
    return given.reduce((sum, entries) => sum + entries, 0);
  };

  async function give(task: FreeTask, ready: readonly Ready[]): Promise<number> {
    const {id, batch, execution, list, left, endsAt} = task;
    const visibleAt = addSeconds(now(), secondsOf(ready));
    if (visibleAt > endsAt || !(await take(task))) {
      return 0;
    }

    const claimed = await claimEntries(needs, ready, {batch, task: task.task});
    if (claimed.length === 0) {
      // It goes on looking, and others may find something for it.
      await transact(async transaction => transaction.put('freeTasks', task));
      return 0;
    }

    if (!(await write(task, claimed))) {
      log('INFO', 'the task had ended; its entries are due as before', {task: id, list, entries: claimed.length});
      await free(claimed, batch);
      return 0;
    }

    const next = left > 1 ? {list: list + 1, left: left - 1, endsAt} : undefined;
    await noteStarted(needs, claimed, {batch, execution, next, visibleAt});
    for (const {entry, run} of claimed) {
      log('INFO', 'grading started', {submissionId: runsIdOf(entry), run, execution, batch, list});
    }

    return claimed.length;
  }

  /** Of two who take it, one does. */
  async function take({id, list}: FreeTask): Promise<boolean> {
    return transact(async transaction => {
      const task = await transaction.find('freeTasks', id);
      if (task?.list !== list) {
        return false;
      }

      transaction.remove('freeTasks', id);
      return true;
    });
  }

  /** Writes the list where the task looks for it; false when the task has closed the place. */
  async function write({batch, task, list, left, endsAt}: FreeTask, claimed: readonly Claimed[]): Promise<boolean> {
    const seconds = secondsBetween(now(), endsAt) + LATE_SECONDS;
    const next = left > 1 ? listName(batch, task, list + 1) : undefined;
    const manifest = await makeManifest(claimed, seconds, next).catch(async error => {
      // Nothing was given yet.
      await free(claimed, batch);
      throw error;
    });
    const name = listName(batch, task, list);
    const content = encode(manifest);
    try {
      return (await objects.write(name, content, 'application/json')) === 'written';
    } catch (error) {
      // It may have arrived all the same, or have been refused in another word than "exists".
      const found = await objects.read(name, content.length).catch(() => {
        throw error;
      });
      return found !== undefined && content.equals(found);
    }
  }

  /** Due again, each in its old place. */
  async function free(claimed: readonly Claimed[], batch: string): Promise<void> {
    const before = new Map(claimed.map(({entry}) => [entry.id, entry]));
    await updateClaims(needs, claimed, batch, entry => ({
      ...entry,
      claimed: false,
      claim: null,
      visibleAt: before.get(entry.id)?.visibleAt ?? entry.queuedAt,
    }));
  }

  function tellFailed({id}: FreeTask, error: unknown): number {
    log('WARNING', 'a task could not be given another list; its entries wait for the next', {
      task: id,
      error: String(error),
    });
    return 0;
  }
}
