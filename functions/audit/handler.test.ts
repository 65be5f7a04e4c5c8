import test from 'ava';
import type {WatchedCollection} from '../../domain/audit.ts';
import {watchedCollections} from '../../domain/audit.ts';
import {eventTypes} from '../../domain/events.ts';
import type {RecordOf} from '../../domain/records.ts';
import {
  archiveSha256,
  at,
  makePause,
  makeRandom,
  sampleParked,
  samplePassback,
  sampleSubmission,
} from '../../testing/make.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {makeAudit} from './handler.ts';

const key = {course: 'demo', section: '1', assignment: 'lab'};
const who = {...key, student: 'alice'};
const secret = 'x = 42  # my answer';

const samples: {[C in WatchedCollection]: RecordOf<C>} = {
  submissions: sampleSubmission(),
  parked: sampleParked({namedStudent: 'alice'}),
  refusals: {
    ...key,
    id: 'refusal-1',
    code: 'not-allowed',
    message: 'This page belongs to alice, but bob is logged in.',
    status: 403,
    student: 'bob',
    namedStudent: 'alice',
    client: 'otter-submit',
    createdAt: at(5),
    expireAt: '2099-01-15T00:00:00.000Z',
    trace: 'trace-1',
  },
  results: {
    ...who,
    id: 'submission-1-1',
    submissionId: 'submission-1',
    run: 1,
    cause: 'student',
    message: secret,
    score: {earned: 12, possible: 15},
    questions: [{name: secret, earned: 12, possible: 15}],
    autograderSha256: archiveSha256,
    isolation: 'bubblewrap',
    otter: '7',
    receivedAt: at(0),
    workId: 'work-1',
    gradedAt: at(5),
    createdAt: at(6),
  },
  failures: {...who, id: 'submission-1', cause: 'infrastructure', message: 'Given up.', strikes: 3, createdAt: at(9)},
  passbacks: samplePassback(),
  staffActions: {
    ...who,
    id: 'action-1',
    what: 'passback sent again',
    by: 'prof',
    details: {passbackId: 'grade-1-1'},
    createdAt: at(10),
  },
  changes: {
    ...key,
    id: 'creation-1-deleted',
    step: 'deleted',
    activityId: 'activity-1',
    creationId: 'creation-1',
    who: 'teacher',
    sha256: archiveSha256,
    autograderSha256: archiveSha256,
    isOurFault: false,
    trace: 'trace-1',
    createdAt: at(5),
  },
};

const setUp = (pause?: () => Promise<void>) => {
  const records = makeMemoryRecords(pause ? {pause} : {});
  const logs: string[] = [];
  const make = (prefix: string) =>
    makeAudit({...records, now: () => at(100), log: (_, message) => void logs.push(message), prefix});
  const put = <C extends WatchedCollection>(collection: C, record: RecordOf<C>) =>
    records.transact(async transaction => transaction.put(collection, record));
  return {records, logs, put, make, audit: make('')};
};

const eventOf = (path: string) => ({
  id: 'event',
  type: eventTypes.documentWritten,
  subject: `documents/${path}`,
});

for (const collection of watchedCollections) {
  test(`a record of ${collection} has one entry that says who, what, when and which, and no student work`, async t => {
    const {records, put, audit} = setUp();
    const record = samples[collection];
    await put(collection, record);
    await audit(eventOf(`${collection}/${record.id}`));
    const [entry, ...more] = records.all('audit');
    t.deepEqual(more, []);
    t.like(entry, {...key, collection, recordId: record.id});
    t.true((entry?.what ?? '').length > 5);
    t.is(entry?.who ?? null, 'student' in record ? record.student : 'who' in record ? record.who : null);
    t.false(JSON.stringify(records.all('audit')).includes('my answer'));
  });
}

test('an event delivered twice, and ten at once, makes no second entry', async t => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const {records, put, audit} = setUp(makePause(makeRandom(seed)));
    await put('submissions', samples.submissions);
    const event = eventOf('submissions/submission-1');
    await Promise.all(Array.from({length: 10}, () => audit(event)));
    await audit(event);
    t.is(records.all('audit').length, 1);
  }
});

test('a passback has an entry when it is due and one for each final state, whenever audit hears of it', async t => {
  const states = [
    {state: 'pending' as const},
    {state: 'failed' as const, message: 'Refused.', nextAttemptAt: null, attempts: 1},
    {state: 'pending' as const, message: 'Sent again.', attempts: 1},
    {state: 'sent' as const, settledAt: at(60), nextAttemptAt: null, attempts: 2, message: 'Sent again.'},
  ];
  const {records, put, audit} = setUp();
  for (const state of states) {
    await put('passbacks', samplePassback(state));
    await audit(eventOf('passbacks/grade-1-1'));
    await audit(eventOf('passbacks/grade-1-1'));
  }

  const whatOf = (entries: RecordOf<'audit'>[]) => entries.map(({what}) => what).sort();
  t.deepEqual(whatOf(records.all('audit')), ['passback due', 'passback failed', 'passback sent']);
  t.is(records.all('audit').find(({what}) => what === 'passback sent')?.at, at(60));

  // The first event comes only when all is over.
  const late = setUp();
  await late.put('passbacks', samplePassback(states[3]));
  await late.audit(eventOf('passbacks/grade-1-1'));
  t.deepEqual(whatOf(late.records.all('audit')), ['passback due', 'passback sent']);
  const dueOf = (entries: RecordOf<'audit'>[]) => entries.find(({what}) => what === 'passback due');
  t.deepEqual(dueOf(late.records.all('audit')), dueOf(records.all('audit')));
});

test('events of other collections, other environments, no document or a missing record are dropped', async t => {
  const {records, logs, put, audit, make} = setUp();
  await put('submissions', samples.submissions);
  for (const path of ['audit/x', 'grades/x', 'submissions', 'submissions/a/b/c', 'submissions/gone', '']) {
    await audit(eventOf(path));
  }

  await audit({id: 'event', type: eventTypes.documentWritten});
  const staging = make('staging-');
  await staging(eventOf('submissions/submission-1'));
  t.deepEqual(records.all('audit'), []);
  t.is(logs.filter(message => message.startsWith('dropped')).length, 8);
  await staging(eventOf('staging-submissions/submission-1'));
  t.is(records.all('audit').length, 1);
});

test('a replayed event names the record in its attributes', async t => {
  const {records, put, make} = setUp();
  await put('failures', samples.failures);
  await make('staging-')({
    id: 'event',
    type: eventTypes.messagePublished,
    data: {message: {attributes: {document: 'staging-failures/submission-1'}}},
  });
  t.like(records.all('audit')[0], {what: 'submission given up', recordId: 'submission-1'});
});

test('where entries are exported from the log, each is told whole and before it is written', async t => {
  const records = makeMemoryRecords({});
  const lines: {severity: string; message: string; entry: unknown; written: number}[] = [];
  const audit = makeAudit({
    ...records,
    now: () => at(100),
    log: (severity, message, {entry} = {}) =>
      void lines.push({severity, message, entry, written: records.all('audit').length}),
    prefix: '',
    isExported: true,
  });
  await records.transact(async transaction => transaction.put('submissions', samples.submissions));
  await audit(eventOf('submissions/submission-1'));
  t.deepEqual(lines, [{severity: 'NOTICE', message: 'audited', entry: records.all('audit')[0], written: 0}]);
});

test('what the LMS said about a success is in the record, and not in the log', async t => {
  const records = makeMemoryRecords({});
  const lines: string[] = [];
  const audit = makeAudit({
    ...records,
    now: () => at(100),
    log: (...line) => void lines.push(JSON.stringify(line)),
    prefix: '',
    isExported: true,
  });
  const sent = samplePassback({
    state: 'sent',
    settledAt: at(9),
    nextAttemptAt: null,
    message: 'Alice Doe has 0.8 now.',
  });
  await records.transact(async transaction => transaction.put('passbacks', sent));
  await audit(eventOf(`passbacks/${sent.id}`));
  t.is(lines.length, 2);
  t.true(JSON.stringify(records.all('audit')).includes('Alice Doe'));
  t.false(lines.join().includes('Alice Doe'));
});
