import {makeDocumentId} from '../domain/document-id.ts';
import {eventTypes, type StageEvent} from '../domain/events.ts';
import type {Passback} from '../domain/passback.ts';
import type {RecordOf} from '../domain/records.ts';
import type {Score} from '../domain/score.ts';
import {addSeconds} from '../domain/values.ts';
import {makeMemoryRecords} from './memory-records.ts';

const work = {course: 'demo', section: '1', assignment: 'lab', student: 'alice'};
export const lms = {host: 'lms.example', baseUrl: 'http://127.0.0.1:1'};

/** The document-created event of a passback. */
export const createdEvent = (id: string, prefix = ''): StageEvent => ({
  id: `event-${id}`,
  type: eventTypes.documentCreated,
  subject: `documents/${prefix}passbacks/${id}`,
});

/** The message by which sweep has a passback's event delivered again. */
export const replayEvent = (id: string, prefix = ''): StageEvent => ({
  id: `replay-${id}`,
  type: eventTypes.messagePublished,
  data: {message: {attributes: {document: `${prefix}passbacks/${id}`}}},
});

/** Makes a store with one course, a clock to move, and what `record` does when a student's score changes. */
export async function makePassbackWorld({pause}: {pause?: () => Promise<void>} = {}) {
  const records = makeMemoryRecords({pause: async () => pause?.()});
  const clock = {now: '2025-01-01T10:00:00.000Z'};
  const course: RecordOf<'courses'> = {
    id: await makeDocumentId('course', work.course),
    course: work.course,
    config: {
      staff: [],
      policy: 'latest',
      limits: {},
      sections: {1: {course_id: 'Org+Course+Run', subpath_to_zips: 'zips', assignments: {lab: 'b10c', unlinked: ''}}},
    },
    revision: 'a',
    archives: {},
    problem: null,
    syncedAt: clock.now,
    createdAt: clock.now,
  };

  /** A new score that counts: grade and passback in one transaction. */
  const decide = async (score: Score, given: Partial<typeof work> = {}): Promise<Passback> => {
    const {student = work.student} = given;
    const id = `grade-${/^\w+$/.test(student) ? student : await makeDocumentId(student)}`;
    return records.transact(async transaction => {
      const last = await transaction.find('grades', id);
      const revision = (last?.revision ?? 0) + 1;
      const common = {...work, ...given, submissionId: `submission-${revision}`, run: 1, score, revision};
      const at = {createdAt: clock.now};
      const passback: Passback = {
        ...common,
        ...at,
        id: `${id}-${revision}`,
        gradeId: id,
        state: 'pending',
        attempts: 0,
        nextAttemptAt: addSeconds(clock.now, 60),
        message: '',
        settledAt: null,
      };
      const grade = {policy: 'latest', receivedAt: clock.now, resultsSeen: revision, decidedAt: clock.now} as const;
      transaction.put('grades', {...common, ...at, ...grade, id});
      transaction.create('passbacks', passback);
      return passback;
    });
  };

  return {
    ...records,
    records,
    clock,
    course,
    decide,
    putCourse: (given: RecordOf<'courses'> = course) =>
      records.transact(async transaction => transaction.put('courses', given)),
    advance(seconds: number) {
      clock.now = addSeconds(clock.now, seconds);
    },
    /** What sweep would replay now. */
    due: () =>
      records
        .all('passbacks')
        .filter(({state, nextAttemptAt}) => state === 'pending' && (nextAttemptAt ?? '') <= clock.now)
        .map(({id}) => id),
    stateOf: (id: string) => records.all('passbacks').find(passback => passback.id === id),
  };
}
