import {z} from 'zod';
import {WorkKey} from './assignment.ts';
import {Policy} from './course.ts';
import {Cause, isScored} from './result.ts';
import {Score} from './score.ts';
import {isNewer} from './submission.ts';
import {Instant, RecordId, Sha256} from './values.ts';

/** One recorded run of a submission. Never edited. */
export const Result = WorkKey.extend({
  /** `{submissionId}-{run}` */
  id: z.string(),
  submissionId: RecordId,
  run: z.number().int().positive(),
  cause: Cause,
  message: z.string(),
  score: Score,
  /** Points by question; texts stay in the result object. */
  questions: z.array(Score.extend({name: z.string()})),
  autograderSha256: Sha256,
  isolation: z.string(),
  otter: z.string(),
  /** Signs of tampering, for staff only; left out with `forReview` where there are none. */
  review: z.array(z.string()).optional(),
  forReview: z.literal(true).optional(),
  /** The submission's upload time, so that a policy can order without a second look-up. */
  receivedAt: Instant,
  workId: RecordId,
  /** The regrade it is a run of, and the queue entry that its object is named by; left out in ordinary runs. */
  regradeId: RecordId.optional(),
  regradeTarget: RecordId.optional(),
  gradedAt: Instant,
  createdAt: Instant,
});
export type Result = z.infer<typeof Result>;

/** A submission given up on. Any scored result wins over it. */
export const Failure = WorkKey.extend({
  /** The queue entry's id: the submission's, or that of a regrade's target. */
  id: RecordId,
  /** Set when only a regrade was given up on. */
  regradeId: RecordId.optional(),
  cause: Cause,
  message: z.string(),
  strikes: z.number().int(),
  createdAt: Instant,
});
export type Failure = z.infer<typeof Failure>;

/** The score that counts now for a student and assignment: a projection of `results`, rebuildable. */
export const Grade = WorkKey.extend({
  /** The work's id, the same as the head's. */
  id: RecordId,
  submissionId: RecordId,
  run: z.number().int().positive(),
  score: Score,
  policy: Policy,
  receivedAt: Instant,
  /** Counts every change of submission, run or score; the passback of a revision is `{id}-{revision}`. */
  revision: z.number().int().positive(),
  /** Scored results seen: changes with each, so that two writers notice one another. */
  resultsSeen: z.number().int().nonnegative(),
  decidedAt: Instant,
  createdAt: Instant,
});
export type Grade = z.infer<typeof Grade>;

type Candidate = Pick<Result, 'submissionId' | 'run' | 'cause' | 'score' | 'receivedAt'>;

/** A submission's score: its highest-numbered run whose cause counts. */
export function pickRuns<R extends Candidate>(results: readonly R[]): R[] {
  const bySubmission = new Map<string, R>();
  for (const result of results) {
    const known = bySubmission.get(result.submissionId);
    if (isScored(result.cause) && (!known || result.run > known.run)) {
      bySubmission.set(result.submissionId, result);
    }
  }

  return [...bySubmission.values()];
}

/**
 * Chooses the result that counts among all results of a student for an assignment.
 *
 * Rule: `latest` is the newest upload that has a score, `best` the highest fraction; among equals the newer upload.
 *       Undefined when nothing has a score yet.
 */
export function chooseResult<R extends Candidate>(results: readonly R[], policy: Policy): R | undefined {
  const fraction = ({score}: R) => (score.possible > 0 ? score.earned / score.possible : 0);
  return pickRuns(results).reduce<R | undefined>((chosen, result) => {
    if (!chosen) {
      return result;
    }

    const better = policy === 'best' ? fraction(result) - fraction(chosen) : 0;
    return better > 0 || (better === 0 && isNewer(result, chosen)) ? result : chosen;
  }, undefined);
}
