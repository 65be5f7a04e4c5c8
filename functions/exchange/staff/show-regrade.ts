import {findPolicy, listResults} from '../../../domain/count-results.ts';
import type {Course} from '../../../domain/course.ts';
import {HoltError} from '../../../domain/errors.ts';
import {chooseResult, pickRuns, type Result} from '../../../domain/grade.ts';
import type {Count, Find, List, Now} from '../../../domain/ports.ts';
import {
  changesGrade,
  type Regrade,
  type RegradeResult,
  type RegradeTarget,
  stateOfRegrade,
} from '../../../domain/regrade.ts';
import type {RegradeRow, RegradeRows, RegradeView} from '../../../domain/staff-orders.ts';

export type ShowRegradeNeeds = {find: Find; list: List; count: Count; now: Now};

const pageSize = 50;
const listed = 50;
const mostRuns = 1000;

/** Lists the runs of a regrade for one student, the newest first. */
export const listRegradeRuns = (
  {list}: {list: List},
  {regradeId, workId}: Pick<RegradeTarget, 'regradeId' | 'workId'>,
): Promise<RegradeResult[]> =>
  list({
    collection: 'regradeResults',
    where: [
      ['regradeId', '==', regradeId],
      ['workId', '==', workId],
    ],
    orderBy: ['run', 'desc'],
    limit: mostRuns,
  });

/** Makes what staff see of regrades: what there is, how far one is, and who changes. */
export function makeShowRegrade(needs: ShowRegradeNeeds) {
  const {find, list, count, now} = needs;

  /** Throws: `not-found` for a regrade of another course, too. */
  const getRegrade = async (course: string, id: string): Promise<Regrade> => {
    const regrade = /^[\w-]{1,100}$/.test(id) ? await find('regrades', id) : undefined;
    if (regrade?.course !== course) {
      throw new HoltError(
        'not-found',
        `Course "${course}" has no regrade of this id: look at the list of its regrades.`,
      );
    }

    return regrade;
  };

  const countOf = (collection: 'regradeTargets' | 'queue' | 'regradeChanges', id: string) =>
    count({collection, where: [['regradeId', '==', id]]});

  const view = async (regrade: Regrade): Promise<RegradeView> => {
    const [chosen, waiting, done] = await Promise.all([
      countOf('regradeTargets', regrade.id),
      countOf('queue', regrade.id),
      countOf('regradeChanges', regrade.id),
    ]);
    return {...regrade, state: stateOfRegrade(regrade, waiting), chosen, waiting, done};
  };

  const listRegrades = async (course: string): Promise<RegradeView[]> => {
    const regrades = await list({
      collection: 'regrades',
      where: [['course', '==', course]],
      orderBy: ['createdAt', 'desc'],
      limit: listed,
    });
    return Promise.all(regrades.map(view));
  };

  const showRows = async (regrade: Regrade, after: readonly [string, string] | undefined): Promise<RegradeRows> => {
    const page = await list({
      collection: 'regradeTargets',
      where: [['regradeId', '==', regrade.id]],
      orderBy: ['workId', 'asc'],
      after,
      limit: pageSize,
    });
    const policy = await findPolicy(needs, regrade);
    const last = page.at(-1);
    return {
      rows: await Promise.all(page.map(target => makeRow(target, policy))),
      next: last && page.length === pageSize ? `${last.workId}~${last.id}` : null,
    };
  };

  /** What has become of a target: what was applied, or what applying would do now. */
  async function makeRow(target: RegradeTarget, policy: Course['config']['policy']): Promise<RegradeRow> {
    const {id, student, submissionId, workId} = target;
    // Read before the results: the transaction that removes the one writes the other.
    const [entry, change] = await Promise.all([find('queue', id), find('regradeChanges', id)]);
    const [runs, failure] = await Promise.all([listRegradeRuns({list}, target), find('failures', id)]);
    const own = runs.filter(({regradeTarget}) => regradeTarget === id);
    const scored = pickRuns(own)[0];
    const message = scored?.message || entry?.waitingFor?.message || failure?.message || own[0]?.message || '';
    if (change) {
      const {run, before, after, gradeBefore, gradeAfter} = change;
      const state = run === null ? 'kept' : 'applied';
      return {
        student,
        submissionId,
        state,
        before,
        after,
        gradeBefore,
        gradeAfter,
        changes: changesGrade(change),
        message,
      };
    }

    const [grade, others] = await Promise.all([find('grades', workId), listResults({list}, workId)]);
    const all: Result[] = [...others, ...pickRuns(runs)];
    const scores = {
      before: scoreOf(others, submissionId),
      after: scored ? scoreOf(all, submissionId) : null,
      gradeBefore: grade?.score ?? null,
      gradeAfter: chooseResult(all, policy)?.score ?? null,
    };
    const isClaimed = entry?.claimed && entry.visibleAt > now();
    const state = entry ? (isClaimed ? 'grading' : 'waiting') : scored ? 'graded' : 'failed';
    return {student, submissionId, state, ...scores, changes: changesGrade(scores), message};
  }

  return {getRegrade, view, listRegrades, showRows};
}

export const scoreOf = (results: readonly Result[], submissionId: string): Result['score'] | null =>
  pickRuns(results.filter(result => result.submissionId === submissionId))[0]?.score ?? null;
