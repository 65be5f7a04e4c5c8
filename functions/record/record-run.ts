import {workKeyOf} from '../../domain/assignment.ts';
import {getAssignment, type Policy} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {chooseResult, type Grade, type Result} from '../../domain/grade.ts';
import type {Passback} from '../../domain/passback.ts';
import type {Find, List, Log, Now, Transact, Transaction} from '../../domain/ports.ts';
import {backoffSeconds} from '../../domain/queue.ts';
import {isScored} from '../../domain/result.ts';
import {addSeconds} from '../../domain/values.ts';

type Needs = {find: Find; list: List; transact: Transact; now: Now; log: Log};

/** So many results of one student for one assignment are looked at, those of the newest uploads. */
const MOST_RESULTS = 1000;
/** When nobody delivers the outbox event, the sweep replays it after so long. */
const REPLAY_SECONDS = 60;

/**
 * Writes a run's result; with a scored one, the grade it changes and the passback of that grade. Called twice, it changes
 * nothing the second time. The grade is computed from all results; a writer that saw too few notices by the grade's
 * count and starts over.
 */
export async function recordRun(needs: Needs, result: Result, {passesBack = true} = {}): Promise<void> {
  const {transact, log} = needs;
  const {submissionId, run, cause} = result;
  if (!isScored(cause)) {
    const first = await transact(transaction => recordFailedRun(transaction, result));
    return log(first ? 'WARNING' : 'INFO', 'run without a score recorded', {submissionId, run, cause});
  }

  const policy = await findPolicy(needs, result);
  for (;;) {
    const grade = await needs.find('grades', result.workId);
    const others = await needs.list({
      collection: 'results',
      where: [['workId', '==', result.workId]],
      orderBy: ['receivedAt', 'desc'],
      limit: MOST_RESULTS,
    });
    const outcome = await transact(transaction =>
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
      return log('INFO', 'result recorded', {submissionId, run, cause, outcome, ...result.score});
    }
  }
}

async function findPolicy({find}: Needs, key: Result): Promise<Policy> {
  const course = await find('courses', await makeDocumentId('course', key.course));
  try {
    return course ? getAssignment(course, key).policy : 'latest';
  } catch (error) {
    if (error instanceof HoltError) {
      // The assignment left the config while this was graded: its score is kept all the same.
      return course?.config.policy ?? 'latest';
    }

    throw error;
  }
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
  if (entry?.claim?.run === result.run) {
    if (result.cause === 'autograder') {
      transaction.remove('queue', entry.id);
    } else {
      const strikes = entry.strikes + 1;
      transaction.put('queue', {
        ...entry,
        claimed: false,
        claim: null,
        strikes,
        visibleAt: addSeconds(result.createdAt, backoffSeconds(strikes)),
        waitingFor: {
          cause: 'infrastructure',
          message: 'The last run failed through no fault of the notebook; it is tried again.',
        },
      });
    }
  }

  return true;
}

type Scored = {
  result: Result;
  others: readonly Result[];
  policy: Policy;
  /** False where the client takes the grade from the answer. */
  passesBack: boolean;
  seen: number;
  now: string;
};

async function recordScoredRun(
  transaction: Transaction,
  {result, others, policy, passesBack, seen, now}: Scored,
): Promise<'recorded' | 'known' | 'outdated'> {
  const [known, entry, grade] = await Promise.all([
    transaction.find('results', result.id),
    transaction.find('queue', result.submissionId),
    transaction.find('grades', result.workId),
  ]);
  if (known) {
    return 'known';
  }

  if ((grade?.resultsSeen ?? 0) !== seen) {
    return 'outdated';
  }

  transaction.create('results', result);
  if (entry) {
    transaction.remove('queue', entry.id);
  }

  const chosen = chooseResult([...others.filter(({id}) => id !== result.id), result], policy) ?? result;
  const changed = !grade || grade.submissionId !== chosen.submissionId || !isSameScore(grade, chosen);
  const next: Grade = {
    ...workKeyOf(result),
    id: result.workId,
    submissionId: chosen.submissionId,
    run: chosen.run,
    score: chosen.score,
    policy,
    receivedAt: chosen.receivedAt,
    revision: (grade?.revision ?? 0) + (changed ? 1 : 0),
    resultsSeen: seen + 1,
    decidedAt: changed ? now : (grade?.decidedAt ?? now),
    createdAt: grade?.createdAt ?? now,
  };
  transaction.put('grades', next);
  if (changed && passesBack) {
    transaction.create('passbacks', makePassback(next, now));
  }

  return 'recorded';
}

const isSameScore = (a: Pick<Grade, 'score'>, b: Pick<Grade, 'score'>): boolean =>
  a.score.earned === b.score.earned && a.score.possible === b.score.possible;

const makePassback = (grade: Grade, createdAt: string): Passback => ({
  ...workKeyOf(grade),
  id: `${grade.id}-${grade.revision}`,
  gradeId: grade.id,
  revision: grade.revision,
  submissionId: grade.submissionId,
  run: grade.run,
  score: grade.score,
  state: 'pending',
  attempts: 0,
  nextAttemptAt: addSeconds(createdAt, REPLAY_SECONDS),
  message: '',
  settledAt: null,
  createdAt,
});
