import {z} from 'zod';
import {AssignmentKey} from './assignment.ts';
import {MOST_LISTED, Regrade, RegradeState, Selection} from './regrade.ts';
import {Score} from './score.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/* What staff can order of the exchange, and what it answers: the language between it and its command line. */

/** Which scores are to be sent again: one submission's, an assignment's, or the course's. */
export const ResendOrder = z.union([
  z.strictObject({submission: RecordId}),
  /** `begun`: when the order that goes on was first given. What was sent again since is not sent once more. */
  z.strictObject({section: OutsideName, assignment: OutsideName, begun: Instant.optional()}),
  z.strictObject({begun: Instant.optional()}),
]);
export type ResendOrder = z.infer<typeof ResendOrder>;

/** What became of one score that was to be sent again. */
export const ResendOutcome = z.enum(['sent again', 'on its way', 'in the gradebook', 'another counts', 'no score']);
export type ResendOutcome = z.infer<typeof ResendOutcome>;

export const ResendAnswer = z.object({
  scores: z.array(
    AssignmentKey.omit({course: true}).extend({
      student: OutsideName,
      submissionId: RecordId,
      outcome: ResendOutcome,
    }),
  ),
  /** Whether the time was up before all were looked at: the same order goes on, with `begun`. */
  more: z.boolean(),
  begun: Instant,
});
export type ResendAnswer = z.infer<typeof ResendAnswer>;

/** Whether a course's grading is paused, and whether this order changed it. */
export const PauseAnswer = z.object({
  course: OutsideName.nullable(),
  changed: z.boolean(),
  /** What pauses it now; null when nothing does. */
  paused: z.object({by: OutsideName, at: Instant, everyCourse: z.boolean()}).nullable(),
});
export type PauseAnswer = z.infer<typeof PauseAnswer>;

/** New runs for submissions of an assignment. */
export const RegradeOrder = z.strictObject({
  section: OutsideName,
  assignment: OutsideName,
  which: Selection.default('counting'),
  /** With `listed`. */
  submissions: z.array(RecordId).max(MOST_LISTED).default([]),
  archive: z.union([z.literal('current'), Sha256]).default('current'),
  /** Begins a new one although the same was applied already. */
  again: z.boolean().default(false),
});
export type RegradeOrder = z.infer<typeof RegradeOrder>;

/** A regrade as staff see it. */
export const RegradeView = Regrade.extend({
  state: RegradeState,
  /** Chosen submissions, those of them without an end yet, and those that were applied. */
  chosen: z.number().int(),
  waiting: z.number().int(),
  done: z.number().int(),
});
export type RegradeView = z.infer<typeof RegradeView>;

/** `applied`: the new run counts; `kept`: it had none with a score, so nothing changed. */
export const RegradeRowState = z.enum(['waiting', 'grading', 'graded', 'failed', 'applied', 'kept']);

/** One chosen submission: its score and its student's before and after, as it was applied or would be now. */
export const RegradeRow = z.object({
  student: OutsideName,
  submissionId: RecordId,
  state: RegradeRowState,
  before: Score.nullable(),
  after: Score.nullable(),
  gradeBefore: Score.nullable(),
  gradeAfter: Score.nullable(),
  /** Whether the student's score for the assignment is another one afterwards. */
  changes: z.boolean(),
  message: z.string(),
});
export type RegradeRow = z.infer<typeof RegradeRow>;

export const RegradeRows = z.object({rows: z.array(RegradeRow), next: z.string().nullable()});
export type RegradeRows = z.infer<typeof RegradeRows>;

export const RegradeList = z.object({regrades: z.array(RegradeView)});
export type RegradeList = z.infer<typeof RegradeList>;
