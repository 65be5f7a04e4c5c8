import {z} from 'zod';
import {Instant, RecordId, Sha256} from './values.ts';

/**
 * Why a run ended as it did. `student` and `limit` count; `autograder` waits for staff; `infrastructure` is tried again.
 * A notebook that was simply graded has cause `student`: the score is the student's own.
 */
export const Cause = z.enum(['student', 'limit', 'autograder', 'infrastructure']);
export type Cause = z.infer<typeof Cause>;

/** Whether a run of this cause gives a score. */
export const isScored = (cause: Cause): boolean => cause === 'student' || cause === 'limit';

const Points = z.number().min(0).max(1e6);

/** One question's outcome. `output` is for staff and may tell hidden cases; `publicOutput` may be told to the student. */
export const Question = z.object({
  name: z.string().min(1).max(200),
  earned: Points,
  possible: Points,
  output: z.string().max(100_000),
  publicOutput: z.string().max(100_000),
});
export type Question = z.infer<typeof Question>;

/**
 * How student code was kept apart in the run. With `judge` it was also kept from its own verdict; with `bubblewrap` and
 * `unshare` plain otter graded, which a notebook can deceive; `none` is a machine without namespaces.
 */
export const Isolation = z.enum(['judge', 'bubblewrap', 'unshare', 'none']);
export type Isolation = z.infer<typeof Isolation>;

/** How much is kept of what only staff are told: sentences, the length of each, and cases of one question. */
export const evidenceLimits = {signs: 50, characters: 500, cases: 200} as const;

const common = {
  schemaVersion: z.literal(1),
  run: z.number().int().positive(),
  cause: Cause,
  /** Set, with cause `infrastructure`, when the task was stopped before it had done this: nothing failed, nothing counts. */
  givenBack: z.literal(true).optional(),
  /** One sentence for the person concerned; empty when there is nothing to say. */
  message: z.string().max(2000),
  /** The end of the grader's log, for staff. */
  log: z.string().max(100_000),
  grader: z.object({
    otter: z.string().max(50),
    isolation: Isolation,
    /** What the job tried out of its sandbox before it graded, and held. */
    probed: z.array(z.string().max(100)).max(100).optional(),
  }),
  startedAt: Instant,
  finishedAt: Instant,
};

/** What the container uploads for a graded notebook. Untrusted: the container ran student code. */
export const GradeResult = z.object({
  ...common,
  kind: z.literal('grade'),
  submissionId: RecordId,
  autograderSha256: Sha256,
  questions: z.array(Question).max(1000),
  /** Signs of tampering, a sentence each. For staff only. */
  review: z.array(z.string().max(evidenceLimits.characters)).max(evidenceLimits.signs).default([]),
});
export type GradeResult = z.infer<typeof GradeResult>;

/** A question as the inspection of an archive finds it. */
const InspectedQuestion = z.object({
  name: z.string().min(1).max(200),
  possible: Points,
  /**
   * Hidden cases, counted from 0, that a notebook could pass by claiming so. Left out where plain otter grades, to which
   * every case can be forged.
   */
  forgeable: z.array(z.number().int().nonnegative()).max(evidenceLimits.cases).optional(),
});

/** What the container uploads for an inspected archive. */
export const InspectResult = z.object({
  ...common,
  kind: z.literal('inspect'),
  autograderSha256: Sha256,
  questions: z.array(InspectedQuestion).max(1000),
  /** What the judge does not know how to grade, a sentence each, so that plain otter grades the whole archive. */
  unsupported: z.array(z.string().max(evidenceLimits.characters)).max(evidenceLimits.signs).default([]),
});
export type InspectResult = z.infer<typeof InspectResult>;

/** What the container uploads for an author's notebook, beside the archive and the students' notebook that it made. */
export const AssignResult = z.object({
  ...common,
  kind: z.literal('assign'),
  creationId: RecordId,
  /** What it made, by content; null when it made nothing that can be used. */
  autograderSha256: Sha256.nullable(),
  questions: z.array(InspectedQuestion).max(1000),
  unsupported: InspectResult.shape.unsupported,
});
export type AssignResult = z.infer<typeof AssignResult>;

export const JobResult = z.discriminatedUnion('kind', [GradeResult, InspectResult, AssignResult]);
export type JobResult = z.infer<typeof JobResult>;

/** Largest result object that is read, in bytes. */
export const MAX_RESULT_BYTES = 8 * 2 ** 20;
