import {type Course, getAssignment} from '../../../domain/course.ts';
import type {Result} from '../../../domain/grade.ts';
import type {QueueEntry} from '../../../domain/queue.ts';
import type {Parked} from '../../../domain/submission.ts';
import type {Instant} from '../../../domain/values.ts';

/** What staff should look at, the worst first. */
export const attentionKinds = [
  'course-problem',
  'paused',
  'archive-problem',
  'failed',
  'waiting',
  'not-in-lms',
  'for-review',
  'other-login',
  'unclaimed',
] as const;

export type Attention = {
  kind: (typeof attentionKinds)[number];
  /** What is wrong, in the words of the stage that found it. */
  message: string;
  at: Instant;
  section: string | null;
  assignment: string | null;
  /** Who is concerned; of an unclaimed notebook, who the page said it was. */
  student: string | null;
  submissionId: string | null;
};

/** What was found of one kind, and whether there may be more. */
export type Found = {items: Attention[]; isCut: boolean};

/** Of each kind, the newest so many are looked at: a list that is cut says so. */
export const MOST_OF_A_KIND = 100;

/** Whether a look at one kind came to its end. */
export const isFull = ({length}: readonly unknown[]): boolean => length >= MOST_OF_A_KIND;

/** Picks what an item says of where it belongs. */
export const placeOf = ({section, assignment, student}: {section: string; assignment: string; student: string}) => ({
  section,
  assignment,
  student,
});

/** What the course's own record says is wrong: its config, and archives that cannot be used. */
export function findProblems(record: Course | undefined): Found {
  const none = {section: null, assignment: null, student: null, submissionId: null};
  const items: Attention[] = record?.problem
    ? [{kind: 'course-problem', message: record.problem, at: record.syncedAt, ...none}]
    : [];
  for (const [path, archive] of Object.entries(record?.archives ?? {})) {
    if ('problem' in archive) {
      items.push({kind: 'archive-problem', message: `${path}: ${archive.problem}`, at: archive.checkedAt, ...none});
    }
  }

  return {items: items.slice(0, MOST_OF_A_KIND), isCut: items.length > MOST_OF_A_KIND};
}

/** An archive's inspection before its first use is no reason to look, unless it fails: then its reason is the entry's. */
export function makeFindReason(record: Course | undefined, entries: readonly QueueEntry[]) {
  const inspections = new Map(entries.flatMap(one => (one.kind === 'inspect' ? [[one.autograderSha256, one]] : [])));
  const findInspection = (entry: QueueEntry & {kind: 'grade'}): QueueEntry | undefined => {
    try {
      const archive = record?.archives[getAssignment(record, entry).archivePath];
      return archive && 'sha256' in archive ? inspections.get(archive.sha256) : undefined;
    } catch {
      return undefined;
    }
  };

  return (entry: QueueEntry & {kind: 'grade'}): string | undefined => {
    // A regrade has an archive of its own.
    const inspection = entry.regradeId === undefined ? findInspection(entry) : undefined;
    return inspection?.strikes === 0 ? undefined : (inspection?.waitingFor ?? entry.waitingFor)?.message;
  };
}

/** Of many signs the first say enough; the submission's page has all. */
const MOST_SIGNS = 5;

/** Describes a notebook that looks like tampering. A sign is no proof: what becomes of the score is for staff. */
export function tellSigns({submissionId, review = [], createdAt, ...rest}: Result): Attention {
  const more = review.length > MOST_SIGNS ? [`… and ${review.length - MOST_SIGNS} more.`] : [];
  const message = [...review.slice(0, MOST_SIGNS), ...more].join(' ');
  return {kind: 'for-review', message, at: createdAt, submissionId, ...placeOf(rest)};
}

/** Describes a notebook that nobody claimed. */
export const tellParked = ({
  section,
  assignment,
  namedStudent,
  otherLogin,
  receivedAt,
  expireAt,
}: Parked): Attention => ({
  kind: otherLogin === null ? 'unclaimed' : 'other-login',
  message:
    otherLogin === null
      ? `A notebook waits until ${expireAt.slice(0, 10)} for its owner to log in.`
      : `${otherLogin} was logged in when a notebook of this student was sent; it is kept until ${expireAt.slice(0, 10)}.`,
  at: receivedAt,
  section,
  assignment,
  student: namedStudent,
  submissionId: null,
});
