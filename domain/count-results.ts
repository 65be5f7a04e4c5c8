import {type AssignmentKey, workKeyOf} from './assignment.ts';
import {getAssignment, type Policy} from './course.ts';
import {makeDocumentId} from './document-id.ts';
import {HoltError} from './errors.ts';
import {chooseResult, type Grade, type Result} from './grade.ts';
import type {Passback} from './passback.ts';
import type {Find, List, Transaction} from './ports.ts';
import {addSeconds, type Instant} from './values.ts';

/** So many results of one student for one assignment are looked at, those of the newest uploads. */
const MOST_RESULTS = 1000;
/** When nobody delivers the outbox event, the sweep replays it after so long. */
const REPLAY_SECONDS = 60;

/** Finds which submission's score counts, as the course's config has it now. */
export async function findPolicy({find}: {find: Find}, key: AssignmentKey): Promise<Policy> {
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

/** Lists what a student has been graded for an assignment. */
export const listResults = ({list}: {list: List}, workId: string): Promise<Result[]> =>
  list({
    collection: 'results',
    where: [['workId', '==', workId]],
    orderBy: ['receivedAt', 'desc'],
    limit: MOST_RESULTS,
  });

export type Counting = {
  /** Scored results of one student and assignment that begin to count now; at least one. */
  results: readonly Result[];
  /** What was recorded of them before. */
  others: readonly Result[];
  policy: Policy;
  grade: Grade | undefined;
  /** False where the client takes the grade from the answer. */
  passesBack: boolean;
  now: Instant;
};

/**
 * Writes results that count, the grade that they change and the passback of that grade. Its caller has read the grade in
 * this transaction and made sure that it has seen all results: the grade's `resultsSeen` is the same as before they were listed.
 */
export function countResults({create, put}: Pick<Transaction, 'create' | 'put'>, counting: Counting): Grade {
  const {results, grade, passesBack, now} = counting;
  for (const result of results) {
    create('results', result);
  }

  const next = decideGrade(counting);
  put('grades', next);
  if (passesBack && next.revision !== grade?.revision) {
    create('passbacks', makePassback(next, now));
  }

  return next;
}

/** Decides which score counts once `results` do. */
function decideGrade({results, others, policy, grade, now}: Counting): Grade {
  const [first] = results;
  if (!first) {
    throw new Error('No result begins to count.');
  }

  const ids = new Set(results.map(({id}) => id));
  const chosen = chooseResult([...others.filter(({id}) => !ids.has(id)), ...results], policy) ?? first;
  const changed = !grade || grade.submissionId !== chosen.submissionId || !isSameScore(grade, chosen);
  return {
    ...workKeyOf(first),
    id: first.workId,
    submissionId: chosen.submissionId,
    run: chosen.run,
    score: chosen.score,
    policy,
    receivedAt: chosen.receivedAt,
    revision: (grade?.revision ?? 0) + (changed ? 1 : 0),
    resultsSeen: (grade?.resultsSeen ?? 0) + results.length,
    decidedAt: changed ? now : (grade?.decidedAt ?? now),
    createdAt: grade?.createdAt ?? now,
  };
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
