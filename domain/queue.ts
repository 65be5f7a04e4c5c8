import {z} from 'zod';
import type {Activity} from './activity.ts';
import type {Submission} from './submission.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/** A claim: this entry is part of an execution, until the entry's `visibleAt`. */
export const Claim = z.object({
  run: z.number().int().positive(),
  /** Object name prefix of the batch's manifests, and the index of the task in it. */
  batch: z.string(),
  task: z.number().int().nonnegative(),
  /** The platform's name of the execution; null until `jobs.run` has answered. */
  execution: z.string().nullable(),
  /**
   * With the last entry of a list, when its task takes more: the number of its next list, how many it may yet take, and
   * until when it lives at least.
   */
  next: z.object({list: z.number().int().positive(), left: z.number().int().positive(), endsAt: Instant}).optional(),
  claimedAt: Instant,
});
export type Claim = z.infer<typeof Claim>;

const common = {
  /** The submission's id, `regrade-` and a hash, `inspect-` and the archive's SHA-256, or `assign-` and the creation's id. */
  id: z.string().regex(/^[\w-]{1,100}$/),
  course: OutsideName,
  /** When dispatch may take it: the upload's time at first, moved forward by a claim or a backoff. */
  visibleAt: Instant,
  claimed: z.boolean(),
  claim: Claim.nullable(),
  /** Started runs that gave no score. */
  strikes: z.number().int().nonnegative(),
  /** Why it waits, told to staff and, in `queued`, to the student; null when only its turn is awaited. */
  waitingFor: z.object({cause: z.enum(['autograder', 'infrastructure', 'paused']), message: z.string()}).nullable(),
  queuedAt: Instant,
  /** When staff ended the pause that it waited for. */
  heldUntil: Instant.optional(),
  createdAt: Instant,
};

/** Work that has not been recorded yet. */
export const QueueEntry = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('grade'),
    submissionId: RecordId,
    section: OutsideName,
    assignment: OutsideName,
    /** As the submission has it. */
    autograderSha256: Sha256.optional(),
    /** Set when the run is a regrade's, whose record names the archive. */
    regradeId: RecordId.optional(),
  }),
  z.object({...common, kind: z.literal('inspect'), autograderSha256: Sha256}),
  z.object({
    ...common,
    kind: z.literal('assign'),
    activityId: RecordId,
    creationId: RecordId,
    fileName: OutsideName,
  }),
]);
export type QueueEntry = z.infer<typeof QueueEntry>;

/** Highest run number ever issued for a submission or archive. Never deleted, so a number is never used twice. */
export const Runs = z.object({id: z.string(), last: z.number().int().positive(), createdAt: Instant});
export type Runs = z.infer<typeof Runs>;

/** The counter that an entry's run numbers are from: all runs of a submission share one. */
export const runsIdOf = (entry: QueueEntry): string => (entry.kind === 'grade' ? entry.submissionId : entry.id);

/** The regrade of an entry, as its failure carries it. */
export const regradeOf = (entry: QueueEntry): {regradeId?: string} =>
  entry.kind === 'grade' && entry.regradeId !== undefined ? {regradeId: entry.regradeId} : {};

/** A time-limited right to do one thing alone, with what its holder must remember. */
export const Lease = z.object({
  id: z.string(),
  holder: z.string(),
  until: Instant,
  /** dispatch: when `jobs.run` was last called. */
  lastRunAt: Instant.nullable(),
  /** dispatch: where the next look at the queue goes on; sweep: how far audit was looked at, whose turn is next. */
  cursor: z.record(z.string(), z.string()),
  createdAt: Instant,
});
export type Lease = z.infer<typeof Lease>;

/**
 * How long after its claim's end a run may still upload: signed URLs live so much longer, and a run that is known to go on
 * is left to end.
 */
export const LATE_SECONDS = 900;

/** A submission is given up on after so many started runs, and not before so long. */
export const giveUp = {strikes: 3, seconds: 2 * 3600} as const;

/** Since when an entry has waited for Holt, and for nobody else: what staff paused waited for them. */
export const waitsSince = ({queuedAt, heldUntil = queuedAt}: Pick<QueueEntry, 'queuedAt' | 'heldUntil'>): Instant =>
  heldUntil > queuedAt ? heldUntil : queuedAt;

/** Seconds until a failed run is tried again: 1, 5, 15 minutes, then an hour each time. */
export const backoffSeconds = (strikes: number): number => [60, 300, 900, 3600][Math.max(strikes - 1, 0)] ?? 3600;

/** Makes the queue entry of a submission: due at once, in the order of upload. */
export const makeGradeEntry = (
  {
    id,
    course,
    section,
    assignment,
    receivedAt,
    autograderSha256,
  }: Pick<Submission, 'id' | 'course' | 'section' | 'assignment' | 'receivedAt' | 'autograderSha256'>,
  queuedAt: Instant,
): QueueEntry => ({
  kind: 'grade',
  id,
  submissionId: id,
  course,
  section,
  assignment,
  ...(autograderSha256 && {autograderSha256}),
  visibleAt: receivedAt < queuedAt ? receivedAt : queuedAt,
  claimed: false,
  claim: null,
  strikes: 0,
  waitingFor: null,
  queuedAt,
  createdAt: queuedAt,
});

/** Makes the queue entry of an activity's creation. */
export const makeAssignEntry = ({
  id,
  course,
  creationId,
  fileName,
  createdAt,
}: Pick<Activity, 'id' | 'course' | 'creationId' | 'fileName' | 'createdAt'>): QueueEntry => ({
  kind: 'assign',
  id: assignEntryId(creationId),
  course,
  activityId: id,
  creationId,
  fileName,
  visibleAt: createdAt,
  claimed: false,
  claim: null,
  strikes: 0,
  waitingFor: null,
  queuedAt: createdAt,
  createdAt,
});

/** The id of a creation's queue entry, and of its results. */
export const assignEntryId = (creationId: string): string => `assign-${creationId}`;
