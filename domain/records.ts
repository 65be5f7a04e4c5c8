import type {z} from 'zod';
import {Activity, ActivityChange} from './activity.ts';
import {AuditEntry} from './audit.ts';
import {Autograder} from './autograder.ts';
import {Course} from './course.ts';
import {FreeTask} from './free-task.ts';
import {Failure, Grade, Result} from './grade.ts';
import {Passback} from './passback.ts';
import {Pause} from './pause.ts';
import {Lease, QueueEntry, Runs} from './queue.ts';
import {Regrade, RegradeChange, RegradeResult, RegradeTarget} from './regrade.ts';
import {StaffAction} from './staff-action.ts';
import {Head, Parked, Refusal, Submission} from './submission.ts';

/** Every collection and the shape of its records. The key is the collection's name, before any `ENVIRONMENT` prefix. */
export const collections = {
  courses: Course,
  autograders: Autograder,
  activities: Activity,
  changes: ActivityChange,
  submissions: Submission,
  parked: Parked,
  refusals: Refusal,
  heads: Head,
  queue: QueueEntry,
  freeTasks: FreeTask,
  runs: Runs,
  results: Result,
  failures: Failure,
  grades: Grade,
  passbacks: Passback,
  pauses: Pause,
  regrades: Regrade,
  regradeTargets: RegradeTarget,
  regradeResults: RegradeResult,
  regradeChanges: RegradeChange,
  staffActions: StaffAction,
  audit: AuditEntry,
  leases: Lease,
} as const;

export type Collection = keyof typeof collections;
export type RecordOf<C extends Collection> = z.infer<(typeof collections)[C]>;

/**
 * Fields that queries filter and order by, beside `id`. Both engines index exactly these: equality fields first, then
 * the field of the order. A query that is not here is a bug, and the contract suite says so.
 */
export const indexes = {
  courses: [],
  autograders: [],
  activities: [],
  changes: [['createdAt']],
  submissions: [
    ['course', 'receivedAt'],
    ['course', 'section', 'assignment', 'receivedAt'],
    ['student', 'receivedAt'],
    ['workId', 'receivedAt'],
    ['createdAt'],
  ],
  parked: [
    ['claimed', 'addressHash', 'createdAt'],
    ['claimed', 'course', 'createdAt'],
    ['claimed', 'namedStudent', 'createdAt'],
    ['claimed', 'createdAt'],
    ['createdAt'],
    ['expireAt'],
  ],
  refusals: [['course', 'createdAt'], ['createdAt'], ['expireAt']],
  heads: [],
  queue: [
    ['claimed', 'visibleAt'],
    ['course', 'visibleAt'],
    ['claimed', 'strikes'],
    ['regradeId', 'createdAt'],
  ],
  freeTasks: [['expireAt']],
  runs: [],
  results: [
    ['submissionId', 'run'],
    ['workId', 'receivedAt'],
    ['course', 'cause', 'createdAt'],
    ['course', 'forReview', 'createdAt'],
    ['course', 'createdAt'],
    ['createdAt'],
  ],
  failures: [['course', 'createdAt'], ['createdAt']],
  grades: [
    ['course', 'createdAt'],
    ['course', 'decidedAt'],
  ],
  passbacks: [
    ['state', 'nextAttemptAt'],
    ['submissionId', 'revision'],
    ['course', 'state', 'createdAt'],
    ['createdAt'],
    ['settledAt'],
  ],
  pauses: [],
  regrades: [['course', 'createdAt']],
  regradeTargets: [['regradeId', 'workId']],
  regradeResults: [['regradeId', 'workId', 'run']],
  regradeChanges: [['regradeId', 'createdAt']],
  staffActions: [['createdAt']],
  audit: [['recordId', 'createdAt'], ['course', 'createdAt'], ['createdAt']],
  leases: [],
} as const satisfies Record<Collection, readonly (readonly string[])[]>;

/** The version of the stored shapes. Raise it together with an upgrade step in `domain/upgrades.ts`. */
export const SCHEMA_VERSION = 1;
