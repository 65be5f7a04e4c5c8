import type {RecordOf} from '../../domain/records.ts';

/** An instant, so many seconds into the day on which the samples play. */
export const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 15) + seconds * 1000).toISOString();

const sha256 = 'a'.repeat(64);
const work = {course: 'demo', section: '1', assignment: 'lab', student: 'alice'};

/** A submission as exchange writes it; give what matters to the test. */
export const sampleSubmission = (given: Partial<RecordOf<'submissions'>> = {}): RecordOf<'submissions'> => ({
  ...work,
  id: 'submission-1',
  receivedAt: at(0),
  createdAt: at(0),
  client: 'otter-submit',
  sha256,
  bytes: 1000,
  proof: {kind: 'hub', verified: true, via: 'token'},
  flags: [],
  namedStudent: null,
  workId: 'work-1',
  trace: 'trace-1',
  ...given,
});

/** A queue entry that waits for dispatch. */
export const sampleQueueEntry = (given: {id: string} & Partial<RecordOf<'queue'>>): RecordOf<'queue'> =>
  ({
    kind: 'grade',
    submissionId: given.id,
    course: 'demo',
    section: '1',
    assignment: 'lab',
    visibleAt: at(0),
    claimed: false,
    claim: null,
    strikes: 0,
    waitingFor: null,
    queuedAt: at(0),
    createdAt: at(0),
    ...given,
  }) as RecordOf<'queue'>;

/** A parked notebook nobody has claimed. */
export const sampleParked = (given: Partial<RecordOf<'parked'>> = {}): RecordOf<'parked'> => ({
  id: 'parked-1',
  submissionId: 'submission-1',
  course: 'demo',
  section: '1',
  assignment: 'lab',
  namedStudent: null,
  cookieHash: sha256,
  addressHash: sha256,
  client: 'otter-submit',
  sha256,
  bytes: 1000,
  receivedAt: at(0),
  createdAt: at(0),
  claimedAs: null,
  otherLogin: null,
  claimed: false,
  expireAt: '2099-01-15T10:20:30.456Z',
  trace: 'trace-1',
  ...given,
});

/** A score that must reach an LMS. */
export const samplePassback = (given: Partial<RecordOf<'passbacks'>> = {}): RecordOf<'passbacks'> => ({
  ...work,
  id: 'grade-1-1',
  gradeId: 'grade-1',
  revision: 1,
  submissionId: 'submission-1',
  run: 1,
  score: {earned: 12, possible: 15},
  state: 'pending',
  attempts: 0,
  nextAttemptAt: at(0),
  message: '',
  settledAt: null,
  createdAt: at(0),
  ...given,
});

/** A course whose config and archives carry the given keys. */
export const sampleCourse = (given: Partial<RecordOf<'courses'>> = {}): RecordOf<'courses'> => ({
  id: 'course-1',
  course: 'demo',
  config: {staff: [], policy: 'latest', limits: {}, sections: {}},
  revision: 'abc',
  archives: {},
  problem: null,
  syncedAt: at(0),
  createdAt: at(0),
  ...given,
});

/** A counter, to see whether an update is lost. */
export const sampleRuns = (id: string, last: number): RecordOf<'runs'> => ({id, last, createdAt: at(0)});
