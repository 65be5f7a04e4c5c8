import {z} from 'zod';
import {AssignmentKey} from './assignment.ts';
import {makeDocumentId} from './document-id.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/**
 * An assignment that a client made by sending its source: a Moodle activity. `creating` waits for its job; `failed` says
 * why there is none, and is free to be created again.
 */
export const Activity = z.object({
  id: RecordId,
  /** As Moodle counts them. */
  course: OutsideName,
  activity: OutsideName,
  /** Of this creation alone: another after each delete, so that nothing of an older one is taken for this one's. */
  creationId: RecordId,
  state: z.enum(['creating', 'ready', 'failed']),
  /** The uploaded notebook's own name: the answer gives the students' notebook under it. */
  fileName: OutsideName,
  /** Of the uploaded notebook. */
  sha256: Sha256,
  /** Null until it is ready. */
  autograderSha256: Sha256.nullable(),
  /** The run that made what the students get; null until it is ready. */
  run: z.number().int().positive().nullable(),
  /** Why it failed, for who created it. */
  message: z.string(),
  /** Set with `failed` when the notebook was not at fault. */
  isOurFault: z.boolean(),
  /** Whether its creator was there to be told; otherwise who sends the same notebook again is. */
  isAnswered: z.boolean(),
  /** Who created it, as far as their token says so. */
  who: OutsideName.nullable(),
  trace: z.string(),
  createdAt: Instant,
});
export type Activity = z.infer<typeof Activity>;

/**
 * What was done to an activity, in the order in which it happens: `received` and then `ready` or `failed`, and `deleted`
 * at last, from any of the others but `failed`.
 */
export const ActivityStep = z.enum(['received', 'ready', 'failed', 'deleted']);
export type ActivityStep = z.infer<typeof ActivityStep>;

/** A step of an activity: made in the transaction that takes it, never edited, and there after the activity is gone. */
export const ActivityChange = AssignmentKey.extend({
  /** The creation's id and the step. */
  id: z.string().regex(/^[\w-]{1,110}$/),
  step: ActivityStep,
  activityId: RecordId,
  creationId: RecordId,
  /** Who asked for it, as far as their token says so. */
  who: OutsideName.nullable(),
  /** Of the author's notebook. */
  sha256: Sha256,
  /** Of what was made of it; null as long as nothing was. */
  autograderSha256: Sha256.nullable(),
  /** Set with `failed` when the notebook was not at fault. */
  isOurFault: z.boolean(),
  trace: z.string(),
  createdAt: Instant,
});
export type ActivityChange = z.infer<typeof ActivityChange>;

/** Makes the id of an activity's record. */
export const makeActivityId = (course: string, activity: string): Promise<RecordId> =>
  makeDocumentId('activity', course, activity);

/** The key of what is submitted to an activity. Its course is none of HOLT_COURSES, whatever these are called. */
export const keyOfActivity = ({course, activity}: Pick<Activity, 'course' | 'activity'>): AssignmentKey => ({
  course: `moodle-${course}`,
  section: 'moodle',
  assignment: activity,
});

/** Makes the record of a step. Who created an activity waits for what becomes of it; who deletes it may be somebody else. */
export const makeActivityChange = (
  activity: Activity,
  {
    step,
    createdAt,
    ...more
  }: Pick<ActivityChange, 'step' | 'createdAt'> & Partial<Pick<ActivityChange, 'who' | 'trace'>>,
): ActivityChange => {
  const {id: activityId, creationId, who, sha256, autograderSha256, isOurFault, trace} = activity;
  return {
    ...keyOfActivity(activity),
    ...{id: `${creationId}-${step}`, step, activityId, creationId, who, sha256, autograderSha256, isOurFault, trace},
    ...more,
    createdAt,
  };
};
