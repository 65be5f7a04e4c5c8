import {z} from 'zod';
import {Instant, OutsideName, RecordId} from './values.ts';

/** What staff can have done to a course's grading. */
export const ActionKind = z.enum([
  'grading paused',
  'grading resumed',
  'passback sent again',
  'regrade begun',
  'regrade applied',
]);
export type ActionKind = z.infer<typeof ActionKind>;

/** Something that staff had done, written in the transaction that did it, for the audit log. */
export const StaffAction = z.object({
  id: RecordId,
  what: ActionKind,
  by: OutsideName,
  /** The student it is about; null when it is about no single one. */
  student: OutsideName.nullable(),
  /** Null for every course. */
  course: OutsideName.nullable(),
  section: OutsideName.nullable(),
  assignment: OutsideName.nullable(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  createdAt: Instant,
});
export type StaffAction = z.infer<typeof StaffAction>;
