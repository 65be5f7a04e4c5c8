import test from 'ava';
import type {Failure, Grade, Result} from './grade.ts';
import type {Passback} from './passback.ts';
import type {QueueEntry} from './queue.ts';
import type {GradeResult} from './result.ts';
import {computeStatus, isFinal, Status, type StatusRecords, type StatusState} from './status.ts';
import type {Submission} from './submission.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 0, 15) + seconds * 1000).toISOString();
const work = {course: 'demo', section: '1', assignment: 'lab', student: 'alice'};

const submission: Submission = {
  ...work,
  id: 'sub-1',
  receivedAt: at(0),
  createdAt: at(1),
  client: 'otter-submit',
  sha256: 'a'.repeat(64),
  bytes: 1000,
  proof: {kind: 'hub', verified: true, via: 'token'},
  flags: [],
  namedStudent: null,
  workId: 'work-1',
  trace: 't',
};
const entry = (given: Partial<QueueEntry> = {}): QueueEntry =>
  ({
    ...work,
    kind: 'grade',
    id: 'sub-1',
    submissionId: 'sub-1',
    visibleAt: at(0),
    claimed: false,
    claim: null,
    strikes: 0,
    waitingFor: null,
    queuedAt: at(1),
    createdAt: at(1),
    ...given,
  }) as QueueEntry;
const claim = {run: 1, batch: 'b', task: 0, execution: null, claimedAt: at(2)};
const result = (given: Partial<Result> = {}): Result => ({
  ...work,
  id: `sub-1-${given.run ?? 1}`,
  submissionId: 'sub-1',
  run: 1,
  cause: 'student',
  message: '',
  score: {earned: 2, possible: 3},
  questions: [{name: 'q1', earned: 2, possible: 3}],
  autograderSha256: 'b'.repeat(64),
  isolation: 'bubblewrap',
  otter: '7.0.0',
  receivedAt: at(0),
  workId: 'work-1',
  gradedAt: at(5),
  createdAt: at(6),
  ...given,
});
const failure = (given: Partial<Failure> = {}): Failure => ({
  ...work,
  id: 'sub-1',
  cause: 'infrastructure',
  message: 'three runs ended without a result',
  strikes: 3,
  createdAt: at(9000),
  ...given,
});
const grade = (given: Partial<Grade> = {}): Grade => ({
  ...work,
  id: 'work-1',
  submissionId: 'sub-1',
  run: 1,
  score: {earned: 2, possible: 3},
  policy: 'latest',
  receivedAt: at(0),
  revision: 1,
  resultsSeen: 1,
  decidedAt: at(6),
  createdAt: at(6),
  ...given,
});
const passback = (given: Partial<Passback> = {}): Passback => ({
  ...work,
  id: `work-1-${given.revision ?? 1}`,
  gradeId: 'work-1',
  revision: 1,
  submissionId: 'sub-1',
  run: 1,
  score: {earned: 2, possible: 3},
  state: 'sent',
  attempts: 1,
  nextAttemptAt: null,
  message: 'success: alice has 0.667',
  settledAt: at(7),
  createdAt: at(6),
  ...given,
});
const details = (given: Partial<GradeResult> = {}): GradeResult => ({
  schemaVersion: 1,
  kind: 'grade',
  submissionId: 'sub-1',
  run: 1,
  cause: 'student',
  message: '',
  log: 'the log',
  grader: {otter: '7.0.0', isolation: 'bubblewrap'},
  startedAt: at(3),
  finishedAt: at(5),
  autograderSha256: 'b'.repeat(64),
  questions: [{name: 'q1', earned: 2, possible: 3, output: 'hidden: x == 42', publicOutput: 'public: 1 of 1'}],
  review: [],
  ...given,
});

const compute = (given: Partial<StatusRecords>, view: Partial<Parameters<typeof computeStatus>[1]> = {}): Status =>
  Status.parse(
    computeStatus(
      {submission, entry: undefined, results: [], failure: undefined, grade: undefined, passbacks: [], ...given},
      {audience: 'student', now: at(100), ...view},
    ),
  );

const autograder = {cause: 'autograder', message: 'lab.zip is not a zip'} as const;
const cases: [title: string, records: Partial<StatusRecords>, state: StatusState, cause: Status['cause']][] = [
  ['without any other record', {}, 'submitted', null],
  ['with an entry', {entry: entry()}, 'queued', null],
  ['with a claim that lasts', {entry: entry({claimed: true, claim, visibleAt: at(200)})}, 'grading', null],
  ['with a claim that ended', {entry: entry({claimed: true, claim, visibleAt: at(50)})}, 'queued', null],
  ['waiting for an archive', {entry: entry({waitingFor: autograder, visibleAt: at(300)})}, 'queued', 'autograder'],
  ['after a run that failed on our side', {results: [result({cause: 'infrastructure'})]}, 'submitted', null],
  ['with a score', {results: [result()]}, 'graded', 'student'],
  ['stopped at a limit', {results: [result({cause: 'limit'})]}, 'graded', 'limit'],
  ['with a score and a stray entry', {entry: entry(), results: [result()]}, 'graded', 'student'],
  ['with a score and a failure', {failure: failure(), results: [result()]}, 'graded', 'student'],
  ['given up on', {failure: failure()}, 'failed', 'infrastructure'],
  ['whose archive is broken', {results: [result({cause: 'autograder'})]}, 'failed', 'autograder'],
  ['queued again after a failure', {failure: failure(), entry: entry()}, 'queued', null],
  ['queued again after a broken archive', {entry: entry(), results: [result({cause: 'autograder'})]}, 'queued', null],
];

for (const [title, records, state, cause] of cases) {
  test(`a submission ${title} is ${state}`, t => {
    const status = compute(records);
    t.is(status.state, state);
    t.is(status.cause, cause);
    t.is(isFinal(status), state === 'graded' || state === 'failed');
    t.not(status.message, '');
    t.is(status.score === null, state !== 'graded');
  });
}

test('an infrastructure run never hides a scored one, and a later score wins', t => {
  const results = [
    result({run: 3, cause: 'infrastructure', score: {earned: 0, possible: 0}, questions: []}),
    result({run: 2, score: {earned: 3, possible: 3}}),
    result({run: 1, score: {earned: 1, possible: 3}}),
  ];
  t.deepEqual(compute({results}).score, {earned: 3, possible: 3});
  t.deepEqual(compute({results: results.reverse()}).score, {earned: 3, possible: 3});
});

test('students are told public output only, staff all of it and the log', t => {
  const student = compute({results: [result()]}, {details: details()});
  t.deepEqual(student.questions, [{name: 'q1', earned: 2, possible: 3, output: 'public: 1 of 1'}]);
  t.is(student.staff, null);
  t.false(JSON.stringify(student).includes('hidden'));

  const staff = compute({results: [result()]}, {details: details(), audience: 'staff'});
  t.is(staff.questions[0]?.output, 'hidden: x == 42');
  t.is(staff.staff?.log, 'the log');
  t.is(staff.staff?.isolation, 'bubblewrap');
});

test('a result object of another run or submission is not believed', t => {
  t.is(compute({results: [result()]}, {details: details({run: 2})}).questions[0]?.output, '');
  t.is(compute({results: [result()]}, {details: details({submissionId: 'sub-2'})}).questions[0]?.output, '');
});

test('the archive’s fault is told to staff in its own words, and to students as no fault of theirs', t => {
  const records = {entry: entry({waitingFor: autograder})};
  const student = compute(records);
  t.regex(student.message, /not your doing.*nothing to do.*costs you nothing/);
  t.false(JSON.stringify(student).includes('lab.zip'));
  t.is(compute(records, {audience: 'staff'}).staff?.detail, 'lab.zip is not a zip');
});

test('a wait after a failed run says when it is tried again', t => {
  const waitingFor = {cause: 'infrastructure', message: 'tried again'} as const;
  t.regex(compute({entry: entry({waitingFor, visibleAt: at(400)})}).message, /in about 5 minutes/);
  t.regex(compute({entry: entry({waitingFor, visibleAt: at(90)})}).message, /within a minute/);
});

test('the timeline has the time of each stage that was reached, in order', t => {
  const records = {results: [result()], grade: grade(), passbacks: [passback()]};
  t.deepEqual(compute(records, {details: details()}).timeline, [
    {stage: 'submitted', at: at(0)},
    {stage: 'queued', at: at(1)},
    {stage: 'grading', at: at(3)},
    {stage: 'graded', at: at(5)},
    {stage: 'recorded', at: at(6)},
    {stage: 'passed back', at: at(7)},
  ]);
  const grading = compute({entry: entry({claimed: true, claim, visibleAt: at(200)})});
  t.deepEqual(grading.timeline.at(-1), {stage: 'grading', at: at(2)});
  t.deepEqual(compute({failure: failure()}).timeline.at(-1), {stage: 'failed', at: at(9000)});
});

test('a container’s time that cannot be true is not told', t => {
  const forged = {results: [result({gradedAt: at(-1000)})]};
  const {timeline} = compute(forged, {details: details({startedAt: at(-2000)})});
  t.deepEqual(
    timeline.map(({stage}) => stage),
    ['submitted', 'queued', 'graded', 'recorded'],
  );
  t.is(timeline[2]?.at, at(6));
});

test('the newest passback is the one that is told; its words are for staff', t => {
  const records = {
    results: [result()],
    grade: grade({revision: 2}),
    passbacks: [
      passback({state: 'superseded', settledAt: null}),
      passback({revision: 2, state: 'failed', attempts: 4, message: 'no such user'}),
    ],
  };
  t.like(compute(records, {audience: 'staff'}).passback, {state: 'failed', attempts: 4, message: 'no such user'});
  t.regex(compute(records).passback?.message ?? '', /staff can see it/);
  t.is(compute({results: [result()]}).passback, null);
});

test('a score that another submission outdoes says so', t => {
  const other = {submissionId: 'sub-2'};
  const best = compute({results: [result()], grade: grade({...other, policy: 'best'})});
  t.false(best.counts);
  t.regex(best.message, /best submission counts/);
  t.regex(compute({results: [result()], grade: grade(other)}).message, /latest submission counts/);
  t.true(compute({results: [result()], grade: grade()}).counts);
});
