import {countResults, listResults} from '../../../domain/count-results.ts';
import type {Policy} from '../../../domain/course.ts';
import {pickRuns, type Result} from '../../../domain/grade.ts';
import type {Find, List, Now, Transact, Transaction} from '../../../domain/ports.ts';
import type {RegradeTarget} from '../../../domain/regrade.ts';
import {listRegradeRuns, scoreOf} from './show-regrade.ts';

type Work = {
  targets: readonly RegradeTarget[];
  runs: readonly Result[];
  others: readonly Result[];
  seen: number;
  policy: Policy;
};

/**
 * Makes what applies a regrade to one student's submissions: results, grade, passback and what changed, all or none. A
 * writer that saw too few results notices by the grade's count and starts over, as `record` does.
 */
export function makeApplyWork({find, list, transact, now}: {find: Find; list: List; transact: Transact; now: Now}) {
  return async (targets: readonly RegradeTarget[], policy: Policy): Promise<void> => {
    const [first] = targets;
    if (!first) {
      return;
    }

    const runs = pickRuns(await listRegradeRuns({list}, first));
    for (let outcome = 'outdated'; outcome === 'outdated'; ) {
      const seen = (await find('grades', first.workId))?.resultsSeen ?? 0;
      const others = await listResults({list}, first.workId);
      outcome = await transact(transaction => write(transaction, {targets, runs, others, seen, policy}));
    }
  };

  async function write(transaction: Transaction, {targets, runs, others, seen, policy}: Work) {
    const workId = targets[0]?.workId ?? '';
    const [grade, changes, entries] = await Promise.all([
      transaction.find('grades', workId),
      Promise.all(targets.map(({id}) => transaction.find('regradeChanges', id))),
      Promise.all(targets.map(({submissionId}) => transaction.find('queue', submissionId))),
    ]);
    if ((grade?.resultsSeen ?? 0) !== seen) {
      return 'outdated';
    }

    const createdAt = now();
    const left = targets.filter((_, index) => !changes[index]);
    const isLeft = new Set(left.map(({submissionId}) => submissionId));
    const results = runs
      .filter(({submissionId}) => isLeft.has(submissionId))
      .map((result): Result => ({...result, createdAt}));
    const next =
      results.length > 0
        ? countResults(transaction, {results, others, policy, grade, passesBack: true, now: createdAt})
        : grade;
    for (const target of left) {
      const result = results.find(({submissionId}) => submissionId === target.submissionId);
      transaction.create('regradeChanges', {
        ...target,
        run: result?.run ?? null,
        before: scoreOf(others, target.submissionId),
        after: result ? scoreOf([...others, result], target.submissionId) : null,
        gradeBefore: grade?.score ?? null,
        gradeAfter: next?.score ?? null,
        createdAt,
      });
    }

    // As when a run is recorded: a submission that has a score waits for none.
    for (const entry of entries.filter(entry => entry && results.some(({submissionId}) => submissionId === entry.id))) {
      transaction.remove('queue', entry?.id ?? '');
    }

    return 'applied';
  }
}
