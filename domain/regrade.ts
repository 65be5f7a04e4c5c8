import {z} from 'zod';
import {AssignmentKey, WorkKey} from './assignment.ts';
import {makeDocumentId} from './document-id.ts';
import {Result} from './grade.ts';
import type {QueueEntry} from './queue.ts';
import {Score} from './score.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/**
 * Which submissions of an assignment get a new run. `counting`: of each student the one that counts, or the newest where
 * none counts yet; `listed`: those that are named.
 */
export const Selection = z.enum(['counting', 'newest', 'all', 'listed']);
export type Selection = z.infer<typeof Selection>;

/** So many submissions can be named at once. */
export const MOST_LISTED = 500;

/** New runs for chosen submissions of one assignment on one archive. None of them counts before it is applied. */
export const Regrade = AssignmentKey.extend({
  id: RecordId,
  which: Selection,
  /** The submissions of `listed`, in the order of their ids. */
  submissionIds: z.array(RecordId).max(MOST_LISTED),
  /** Null until dispatch has found the course's current archive; the same ever after. */
  autograderSha256: Sha256.nullable(),
  by: OutsideName,
  /** When every submission had its queue entry; null until then. */
  chosenAt: Instant.nullable(),
  /** Null until staff decided that it counts; it ends when every submission has its `regradeChanges`. */
  applied: z.object({by: OutsideName, beganAt: Instant, endedAt: Instant.nullable()}).nullable(),
  createdAt: Instant,
});
export type Regrade = z.infer<typeof Regrade>;

/** A submission that was chosen for a regrade. Never edited. Its id is its queue entry's. */
export const RegradeTarget = WorkKey.extend({
  id: RecordId,
  regradeId: RecordId,
  submissionId: RecordId,
  workId: RecordId,
  createdAt: Instant,
});
export type RegradeTarget = z.infer<typeof RegradeTarget>;

/** A run for a regrade, kept apart from `results`, where whatever is counts. Applied, it is copied there. */
export const RegradeResult = Result.required({regradeId: true, regradeTarget: true});
export type RegradeResult = z.infer<typeof RegradeResult>;

/** What applying a regrade did to one submission; made in the transaction that did it. */
export const RegradeChange = WorkKey.extend({
  /** The target's id. */
  id: RecordId,
  regradeId: RecordId,
  submissionId: RecordId,
  workId: RecordId,
  /** The run that was applied; null where none had a score, so that nothing changed. */
  run: z.number().int().positive().nullable(),
  before: Score.nullable(),
  after: Score.nullable(),
  /** The student's score for the assignment. */
  gradeBefore: Score.nullable(),
  gradeAfter: Score.nullable(),
  createdAt: Instant,
});
export type RegradeChange = z.infer<typeof RegradeChange>;

/** The id of a chosen submission. Longer than a submission's own id, so that no queue entry is taken for another. */
export const makeTargetId = async (regradeId: string, key: string): Promise<string> =>
  `regrade-${await makeDocumentId('regrade', regradeId, key)}`;

/** Whether a queue entry's id is a regrade's. */
export const isTargetId = (id: string): boolean => /^regrade-[\w-]{43}$/.test(id);

/** Makes the queue entry of a chosen submission: it takes its turn as an upload of this moment would. */
export const makeRegradeEntry = (
  {id, regradeId, submissionId, course, section, assignment}: Omit<RegradeTarget, 'createdAt'>,
  queuedAt: Instant,
): QueueEntry => ({
  kind: 'grade',
  id,
  submissionId,
  course,
  section,
  assignment,
  regradeId,
  visibleAt: queuedAt,
  claimed: false,
  claim: null,
  strikes: 0,
  waitingFor: null,
  queuedAt,
  createdAt: queuedAt,
});

/** Where a regrade is. `applying`: it was left in the middle and goes on when it is applied again. */
export const RegradeState = z.enum(['choosing', 'running', 'ready', 'applying', 'applied']);
export type RegradeState = z.infer<typeof RegradeState>;

/** Tells where a regrade is; `waiting` are its queue entries. */
export function stateOfRegrade({chosenAt, applied}: Regrade, waiting: number): RegradeState {
  if (applied) {
    return applied.endedAt === null ? 'applying' : 'applied';
  }

  return chosenAt === null ? 'choosing' : waiting > 0 ? 'running' : 'ready';
}

const isSameScore = (a: Score | null, b: Score | null): boolean =>
  a?.earned === b?.earned && a?.possible === b?.possible;

/** Whether a student's score is another one afterwards. */
export const changesGrade = ({gradeBefore, gradeAfter}: Pick<RegradeChange, 'gradeBefore' | 'gradeAfter'>): boolean =>
  !isSameScore(gradeBefore, gradeAfter);
