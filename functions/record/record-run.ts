import {countResults, findPolicy, listResults} from '../../domain/count-results.ts';
import type {Policy} from '../../domain/course.ts';
import {offerTask} from '../../domain/free-task.ts';
import type {Result} from '../../domain/grade.ts';
import type {Find, List, Log, Now, Transact, Transaction} from '../../domain/ports.ts';
import {backoffSeconds, type QueueEntry, waitsSince} from '../../domain/queue.ts';
import type {RegradeResult} from '../../domain/regrade.ts';
import {isScored} from '../../domain/result.ts';
import {addSeconds, type Instant, secondsBetween} from '../../domain/values.ts';

type Needs = {find: Find; list: List; transact: Transact; now: Now; log: Log};

/**
 * Writes a run's result; with a scored one, the grade it changes and the passback of that grade. Called twice, it changes
 * nothing the second time. The grade is computed from all results; a writer that saw too few notices by the grade's
 * count and starts over.
 */
export async function recordRun(needs: Needs, result: Result, {passesBack = true} = {}): Promise<void> {
  const {transact, log} = needs;
  const {submissionId, run, cause, workId} = result;
  if (!isScored(cause)) {
    const first = await transact(transaction => recordFailedRun(transaction, result));
    return log(first ? 'WARNING' : 'INFO', 'run without a score recorded', {submissionId, run, cause});
  }

  const policy = await findPolicy(needs, result);
  for (;;) {
    const grade = await needs.find('grades', workId);
    const others = await listResults(needs, workId);
    const {outcome, waited} = await transact(transaction =>
      recordScoredRun(transaction, {
        result,
        others,
        policy,
        passesBack,
        seen: grade?.resultsSeen ?? 0,
        now: needs.now(),
      }),
    );
    if (outcome !== 'outdated') {
      const took = waited && {submitToGradeSeconds: secondsBetween(waited, needs.now())};
      return log('INFO', 'result recorded', {submissionId, run, cause, outcome, ...result.score, ...took});
    }
  }
}

/** Writes a run for a regrade. Whatever its score, nothing counts and nothing is sent: that is for staff to apply. */
export async function recordRegradeRun({transact, log}: Needs, result: RegradeResult): Promise<void> {
  const {submissionId, run, cause, regradeId} = result;
  const first = await transact(async transaction => {
    const [known, entry] = await Promise.all([
      transaction.find('regradeResults', result.id),
      transaction.find('queue', result.regradeTarget),
    ]);
    if (known) {
      return false;
    }

    transaction.create('regradeResults', result);
    if (entry && isScored(cause)) {
      transaction.remove('queue', entry.id);
      offerTask(transaction, entry, run, result.createdAt);
    } else {
      endFailedRun(transaction, entry, result);
    }

    return true;
  });
  log('INFO', 'run of a regrade recorded', {submissionId, run, cause, regradeId, first});
}

/** A run without a score: its entry waits for the next try, or ends when it is for staff to mend. */
async function recordFailedRun(transaction: Transaction, result: Result): Promise<boolean> {
  const [known, entry] = await Promise.all([
    transaction.find('results', result.id),
    transaction.find('queue', result.submissionId),
  ]);
  if (known) {
    return false;
  }

  transaction.create('results', result);
  endFailedRun(transaction, entry, result);
  return true;
}

/** A result of an older run says nothing about the run that is under way. */
function endFailedRun(
  {put, remove}: Transaction,
  entry: QueueEntry | undefined,
  {run, cause, createdAt}: Pick<Result, 'run' | 'cause' | 'createdAt'>,
): void {
  if (entry?.claim?.run !== run) {
    return;
  }

  if (cause === 'autograder') {
    remove('queue', entry.id);
    return;
  }

  const strikes = entry.strikes + 1;
  put('queue', {
    ...entry,
    claimed: false,
    claim: null,
    strikes,
    visibleAt: addSeconds(createdAt, backoffSeconds(strikes)),
    waitingFor: {
      cause: 'infrastructure',
      message: 'The last run failed through no fault of the notebook; it is tried again.',
    },
  });
}

type Scored = {
  result: Result;
  others: readonly Result[];
  policy: Policy;
  passesBack: boolean;
  seen: number;
  now: string;
};

/** `waited`: since when the work that is done now has waited; nobody knows for a result that comes after its entry's end. */
async function recordScoredRun(
  transaction: Transaction,
  {result, seen, ...rest}: Scored,
): Promise<{outcome: 'recorded' | 'known' | 'outdated'; waited?: Instant | undefined}> {
  const [known, entry, grade] = await Promise.all([
    transaction.find('results', result.id),
    transaction.find('queue', result.submissionId),
    transaction.find('grades', result.workId),
  ]);
  if (known) {
    return {outcome: 'known'};
  }

  if ((grade?.resultsSeen ?? 0) !== seen) {
    return {outcome: 'outdated'};
  }

  if (entry) {
    transaction.remove('queue', entry.id);
    offerTask(transaction, entry, result.run, rest.now);
  }

  countResults(transaction, {results: [result], grade, ...rest});
  return {outcome: 'recorded', waited: entry && waitsSince(entry)};
}
