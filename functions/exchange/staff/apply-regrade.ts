import {findPolicy} from '../../../domain/count-results.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Count, Find, List, Log, NewId, Now, Transact} from '../../../domain/ports.ts';
import {type Regrade, type RegradeTarget, stateOfRegrade} from '../../../domain/regrade.ts';
import {secondsBetween} from '../../../domain/values.ts';
import {makeApplyWork} from './apply-work.ts';

export type ApplyRegradeNeeds = {
  find: Find;
  list: List;
  count: Count;
  transact: Transact;
  now: Now;
  newId: NewId;
  log: Log;
};

const pageSize = 100;
const worksAtOnce = 16;
/** An answer is not waited for much longer; the same order goes on. */
const SLICE_SECONDS = 40;

/**
 * Makes the order to apply a regrade: its runs become results, and grades and passbacks follow, for each student in one
 * transaction, as when a run is recorded. Ordered again it goes on where it was left, and does nothing twice.
 */
export function makeApplyRegrade(needs: ApplyRegradeNeeds) {
  const {find, list, count, transact, now, newId, log} = needs;
  const applyWork = makeApplyWork(needs);

  return async (identity: Identity, {id, course}: Regrade, trace: string): Promise<Regrade> => {
    const begun = await begin(identity, id);
    if (begun.applied?.endedAt) {
      return begun;
    }

    const start = now();
    const policy = await findPolicy(needs, begun);
    let after: readonly [string, string] | undefined;
    do {
      if (secondsBetween(start, now()) > SLICE_SECONDS) {
        return begun;
      }

      const page = await listPage(id, after);
      const works = await completeLast(id, page);
      const left = await findLeft(works);
      for (let at = 0; at < left.length; at += worksAtOnce) {
        await Promise.all(left.slice(at, at + worksAtOnce).map(targets => applyWork(targets, policy)));
      }

      const last = works.at(-1)?.at(-1);
      after = last && page.length === pageSize ? [last.workId, last.id] : undefined;
    } while (after);

    const ended = await transact(async transaction => {
      const regrade = (await transaction.find('regrades', id)) ?? begun;
      const {applied} = regrade;
      const next = {...regrade, applied: applied && {...applied, endedAt: applied.endedAt ?? now()}};
      transaction.put('regrades', next);
      return next;
    });
    log('NOTICE', 'a regrade was applied', {course, regradeId: id, trace});
    return ended;
  };

  /** Throws: `conflict` while a run may still come: what staff apply is what the table says. */
  async function begin(identity: Identity, id: string): Promise<Regrade> {
    const seen = await find('regrades', id);
    const waiting = await count({collection: 'queue', where: [['regradeId', '==', id]]});
    const actionId = newId();
    return transact(async transaction => {
      const regrade = await transaction.find('regrades', id);
      // Runs that were queued between the count and now are not counted.
      if (!regrade || !seen?.chosenAt || stateOfRegrade(regrade, waiting) === 'choosing') {
        throw new HoltError(
          'conflict',
          'This regrade was interrupted at its beginning: order it again as before first.',
        );
      }

      if (regrade.applied) {
        return regrade;
      }

      if (waiting > 0) {
        throw new HoltError('conflict', `${waiting} of its runs are not done: wait for them, then apply it.`);
      }

      const beganAt = now();
      const {course, section, assignment} = regrade;
      const begun = {...regrade, applied: {by: identity.name, beganAt, endedAt: null}};
      transaction.put('regrades', begun);
      transaction.create('staffActions', {
        ...{id: actionId, what: 'regrade applied', by: identity.name, student: null, course, section, assignment},
        details: {regradeId: id, autograderSha256: regrade.autograderSha256},
        createdAt: beganAt,
      });
      return begun;
    });
  }

  /** What an earlier order did is not gone through again: an order that is cut off must get further than the last one. */
  async function findLeft(works: readonly RegradeTarget[][]): Promise<RegradeTarget[][]> {
    const changes = await Promise.all(
      works.map(targets => Promise.all(targets.map(target => find('regradeChanges', target.id)))),
    );
    return works.filter((_, index) => changes[index]?.some(change => change === undefined));
  }

  function listPage(id: string, after: readonly [string, string] | undefined): Promise<RegradeTarget[]> {
    return list({
      collection: 'regradeTargets',
      where: [['regradeId', '==', id]],
      orderBy: ['workId', 'asc'],
      after,
      limit: pageSize,
    });
  }

  /** Groups a page by student, the last student's targets beyond the page included. */
  async function completeLast(id: string, page: readonly RegradeTarget[]): Promise<RegradeTarget[][]> {
    const groups = [...Map.groupBy(page, ({workId}) => workId).values()];
    let last = groups.at(-1)?.at(-1);
    while (last && page.length === pageSize) {
      const more = await list({
        collection: 'regradeTargets',
        where: [
          ['regradeId', '==', id],
          ['workId', '<=', last.workId],
        ],
        orderBy: ['workId', 'asc'],
        after: [last.workId, last.id],
        limit: pageSize,
      });
      groups.at(-1)?.push(...more);
      last = more.length === pageSize ? more.at(-1) : undefined;
    }

    return groups;
  }
}
