import http from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'ava';
import {makeSendScore} from '../../adapters/lti/replace-result.ts';
import type {LineItem, SendOutcome} from '../../domain/passback.ts';
import type {SendScore} from '../../domain/ports.ts';
import {makeDemoLms} from '../../emulator/demo-lms.ts';
import {createdEvent, lms, makePassbackWorld, replayEvent} from '../../testing/passback-world.ts';
import {makePassback, type PassbackSettings} from './handler.ts';
import {SETTLE_SECONDS} from './in-flight.ts';
import {LEASE_SECONDS} from './turn.ts';

type Sent = LineItem & {fraction: number};
type Given = {
  settings?: Partial<PassbackSettings>;
  answer?: (sent: Sent, count: number) => SendOutcome | Promise<SendOutcome>;
};

const sent: SendOutcome = {outcome: 'sent', message: 'taken'};

/** The stage over a store of Maps and an LMS that answers what a test wants. */
async function setUp({settings = {}, answer = () => sent}: Given = {}) {
  const world = await makePassbackWorld();
  await world.putCourse();
  const sends: Sent[] = [];
  const logs: unknown[][] = [];
  let ids = 0;
  const sendScore: SendScore = async (lineItem, fraction) =>
    answer({...lineItem, fraction}, sends.push({...lineItem, fraction}));
  const passback = makePassback(
    {
      find: world.find,
      transact: world.transact,
      sendScore,
      now: () => world.clock.now,
      newId: () => `holder-${++ids}`,
      log: (...entry) => void logs.push(entry),
    },
    {post: true, lms, prefix: '', ...settings},
  );
  const fractions = () => sends.map(({fraction}) => fraction);
  return {...world, sends, fractions, logs, passback, run: (id: string) => passback(createdEvent(id))};
}

test('a score is sent once, to the line item of the course', async t => {
  const {decide, run, sends, stateOf, all, clock} = await setUp();
  const {id} = await decide({earned: 12, possible: 15});
  await run(id);
  await run(id);
  t.deepEqual(sends, [
    {
      outcomesUrl:
        'http://127.0.0.1:1/courses/course-v1:Org+Course+Run/xblock/block-v1:Org+Course+Run+type@lti_consumer+block@b10c/handler_noauth/outcome_service_handler',
      sourcedId: 'course-v1%3AOrg+Course+Run:lms.example-b10c:alice',
      fraction: 0.8,
    },
  ]);
  t.like(stateOf(id), {state: 'sent', attempts: 1, nextAttemptAt: null, message: 'taken', settledAt: clock.now});
  t.deepEqual(all('leases'), []);
});

test('a replayed event and an environment prefix name the same passback', async t => {
  const {decide, passback, stateOf} = await setUp({settings: {prefix: 'test-'}});
  const {id} = await decide({earned: 1, possible: 1});
  await passback(createdEvent(id));
  t.is(stateOf(id)?.state, 'pending');
  await passback(replayEvent(id, 'test-'));
  t.is(stateOf(id)?.state, 'sent');
});

test('an event that names nothing known is dropped with a word', async t => {
  const {passback, logs, sends} = await setUp();
  await passback({id: '1', type: 'x'});
  await passback({id: '1', type: 'x', subject: 'documents/grades/a'});
  await passback({id: '1', type: 'x', subject: 'documents/passbacks/a/b/c'});
  await passback(createdEvent('nobody-1'));
  t.deepEqual(
    logs.map(([severity]) => severity),
    ['ERROR', 'ERROR', 'ERROR', 'ERROR'],
  );
  t.deepEqual(sends, []);
});

const off = test.macro({
  async exec(t, given: Partial<PassbackSettings>, assignment: string, message: RegExp) {
    const {decide, run, sends, stateOf, all} = await setUp({settings: given});
    const {id} = await decide({earned: 1, possible: 1}, {assignment});
    await run(id);
    t.like(stateOf(id), {state: 'off', attempts: 0, nextAttemptAt: null});
    t.regex(stateOf(id)?.message ?? '', message);
    t.deepEqual(sends, []);
    t.deepEqual(all('leases'), []);
  },
  title: title => `off, and said so: ${title}`,
});
test('POST_GRADE is off', off, {post: false}, 'lab', /POST_GRADE/);
test(
  'POST_GRADE is off, in the words of the settings',
  off,
  {post: false, why: 'POST_GRADE is f.'},
  'lab',
  /^POST_GRADE is f\.$/,
);
test('settings are missing', off, {lms: undefined}, 'lab', /LTI_CONSUMER_KEY/);
test(
  'settings are missing, by name',
  off,
  {lms: undefined, why: 'EDX_URL is not set.'},
  'lab',
  /^EDX_URL is not set\.$/,
);
test('no line item', off, {}, 'unlinked', /"unlinked" has no line item/);

test('a refusal is kept in the words of the LMS and not tried again', async t => {
  const {decide, run, advance, sends, stateOf} = await setUp({
    answer: () => ({outcome: 'refused', message: 'Grade is past due'}),
  });
  const {id} = await decide({earned: 1, possible: 1});
  await run(id);
  advance(1e6);
  await run(id);
  t.like(stateOf(id), {state: 'failed', attempts: 1, nextAttemptAt: null, message: 'Grade is past due'});
  t.is(sends.length, 1);
});

test('a score without points to earn fails with the sentence, and nothing is sent', async t => {
  const {decide, run, sends, stateOf, all} = await setUp();
  const {id} = await decide({earned: 0, possible: 0});
  await run(id);
  t.like(stateOf(id), {state: 'failed', nextAttemptAt: null});
  t.regex(stateOf(id)?.message ?? '', /no points to earn/);
  t.deepEqual(sends, []);
  t.deepEqual(all('leases'), []);
});

for (const outcome of ['unavailable', 'unknown'] as const) {
  test(`an LMS that is ${outcome} for an hour has the score afterwards`, async t => {
    const {decide, run, advance, clock, due, sends, stateOf} = await setUp({
      answer: () => (clock.now < '2025-01-01T11:00:00.000Z' ? {outcome, message: 'down'} : sent),
    });
    const {id} = await decide({earned: 1, possible: 1});
    await run(id);
    t.like(stateOf(id), {state: 'pending', attempts: 1, message: 'down', nextAttemptAt: '2025-01-01T10:00:30.000Z'});
    for (let minute = 0; minute < 180; minute += 1) {
      advance(60);
      await Promise.all(due().map(run));
    }

    t.is(stateOf(id)?.state, 'sent');
    t.true(sends.length > 5 && sends.length < 12, `${sends.length} sends`);
  });

  test(`an LMS that is ${outcome} for good is given up after 48 hours, in its own words`, async t => {
    const {decide, run, advance, due, stateOf} = await setUp({answer: () => ({outcome, message: 'HTTP 503'})});
    const {id} = await decide({earned: 1, possible: 1});
    await run(id);
    for (let hour = 0; hour < 47; hour += 1) {
      advance(3600);
      await Promise.all(due().map(run));
    }
    t.is(stateOf(id)?.state, 'pending');
    for (let hour = 0; hour < 3; hour += 1) {
      advance(3600);
      await Promise.all(due().map(run));
    }
    t.like(stateOf(id), {state: 'failed', message: 'HTTP 503', nextAttemptAt: null});
  });
}

test('an event that comes again before its time asks nothing of a weak LMS', async t => {
  const {decide, run, advance, sends} = await setUp({answer: () => ({outcome: 'unavailable', message: 'down'})});
  const {id} = await decide({earned: 1, possible: 1});
  await run(id);
  await run(id);
  t.is(sends.length, 1);
  advance(30);
  await run(id);
  t.is(sends.length, 2);
});

test('a course that is gone for a while delays its scores only', async t => {
  const {decide, run, advance, course, putCourse, stateOf} = await setUp();
  await putCourse({...course, config: {...course.config, sections: {}}});
  const {id} = await decide({earned: 1, possible: 1});
  await run(id);
  t.like(stateOf(id), {state: 'pending', attempts: 1});
  t.regex(stateOf(id)?.message ?? '', /no longer names this assignment/);
  await putCourse();
  advance(60);
  await run(id);
  t.is(stateOf(id)?.state, 'sent');
});

test('only the newest score is sent, and the older ones say so, in whatever order their events come', async t => {
  for (const order of [
    [1, 2, 3],
    [3, 2, 1],
    [2, 3, 1],
  ]) {
    const {decide, run, fractions, stateOf} = await setUp();
    for (const earned of [5, 9, 7]) {
      await decide({earned, possible: 10});
    }

    for (const revision of order) {
      await run(`grade-alice-${revision}`);
    }

    t.deepEqual(fractions(), [0.7]);
    t.deepEqual(
      [1, 2, 3].map(revision => stateOf(`grade-alice-${revision}`)?.state),
      ['superseded', 'superseded', 'sent'],
    );
  }
});

test('a score that comes while an older one is on its way is sent after it, by the same holder', async t => {
  const {decide, run, fractions, stateOf, all} = await setUp({
    async answer(_, count) {
      if (count === 1) {
        const second = await decide({earned: 3, possible: 10});
        await run(second.id);
        t.is(stateOf(second.id)?.state, 'pending', 'its own event finds the lease held');
      }

      return sent;
    },
  });
  const {id} = await decide({earned: 9, possible: 10});
  await run(id);
  t.deepEqual(fractions(), [0.9, 0.3]);
  t.deepEqual([stateOf('grade-alice-1')?.state, stateOf('grade-alice-2')?.state], ['sent', 'sent']);
  t.deepEqual(all('leases'), []);
});

test('an older score that was refused while a newer one came is no failure', async t => {
  const {decide, run, stateOf} = await setUp({
    async answer(_, count) {
      if (count > 1) {
        return sent;
      }

      await decide({earned: 3, possible: 10});
      return {outcome: 'refused', message: 'no'};
    },
  });
  await run((await decide({earned: 9, possible: 10})).id);
  t.deepEqual([stateOf('grade-alice-1')?.state, stateOf('grade-alice-2')?.state], ['superseded', 'sent']);
});

test('two students are sent side by side', async t => {
  let open = () => {};
  const bothThere = new Promise<void>(resolve => {
    open = resolve;
  });
  const {decide, run, stateOf} = await setUp({
    async answer(_, count) {
      if (count === 2) {
        open();
      }

      await bothThere;
      return sent;
    },
  });
  const alice = await decide({earned: 1, possible: 1});
  const bob = await decide({earned: 1, possible: 1}, {student: 'bob'});
  await Promise.all([run(alice.id), run(bob.id)]);
  t.deepEqual([stateOf(alice.id)?.state, stateOf(bob.id)?.state], ['sent', 'sent']);
});

test('a score sent while an older one may still arrive is sent once more when that is over', async t => {
  const {decide, run, advance, due, fractions, stateOf, all} = await setUp({
    answer: (_, count) => (count === 1 ? {outcome: 'unknown', message: 'no answer'} : sent),
  });
  await run((await decide({earned: 9, possible: 10})).id);
  const newer = await decide({earned: 3, possible: 10});
  await run(newer.id);
  t.deepEqual(fractions(), [0.9, 0.3]);
  t.is(stateOf(newer.id)?.state, 'pending');
  advance(SETTLE_SECONDS);
  await Promise.all(due().map(run));
  t.deepEqual(fractions(), [0.9, 0.3, 0.3]);
  t.like(stateOf(newer.id), {state: 'sent', attempts: 2});
  t.is(stateOf('grade-alice-1')?.state, 'superseded');
  t.deepEqual(all('leases'), []);
});

test('the same score sent again after an unknown outcome needs no third time', async t => {
  const {decide, run, advance, fractions, stateOf} = await setUp({
    answer: (_, count) => (count === 1 ? {outcome: 'unknown', message: 'no answer'} : sent),
  });
  const {id} = await decide({earned: 9, possible: 10});
  await run(id);
  advance(30);
  await run(id);
  t.deepEqual(fractions(), [0.9, 0.9]);
  t.like(stateOf(id), {state: 'sent', attempts: 2});
});

test('an attempt that may still arrive is remembered though the next one was taken', async t => {
  const {decide, run, advance, fractions, stateOf} = await setUp({
    answer: (_, count) => (count === 1 ? {outcome: 'unknown', message: 'no answer'} : sent),
  });
  const {id} = await decide({earned: 9, possible: 10});
  await run(id);
  advance(30);
  await run(id);
  t.is(stateOf(id)?.state, 'sent');
  const newer = await decide({earned: 3, possible: 10});
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'pending', 'the first 0.9 may still arrive');
  advance(SETTLE_SECONDS);
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'sent');
  t.deepEqual(fractions(), [0.9, 0.9, 0.3, 0.3]);
});

test('what a dead holder sent may still arrive after its lease, so a newer score is sent once more', async t => {
  const {decide, run, advance, fractions, stateOf} = await setUp({
    answer: (_, count) => (count === 1 ? new Promise(() => {}) : sent),
  });
  void run((await decide({earned: 9, possible: 10})).id);
  while (fractions().length === 0) {
    await new Promise(setImmediate);
  }

  advance(LEASE_SECONDS);
  const newer = await decide({earned: 3, possible: 10});
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'pending');
  advance(SETTLE_SECONDS - LEASE_SECONDS);
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'sent');
  t.deepEqual(fractions(), [0.9, 0.3, 0.3]);
});

test('a holder that died leaves its score to the sweep, after its lease', async t => {
  const {decide, run, advance, due, fractions, stateOf} = await setUp({
    answer: (_, count) => (count === 1 ? new Promise(() => {}) : sent),
  });
  const {id} = await decide({earned: 9, possible: 10});
  void run(id);
  while (fractions().length === 0) {
    await new Promise(setImmediate);
  }

  advance(LEASE_SECONDS - 1);
  await run(id);
  t.deepEqual(fractions(), [0.9], 'the lease still holds');
  advance(1);
  t.deepEqual(due(), [id]);
  await run(id);
  t.like(stateOf(id), {state: 'sent'});
  t.deepEqual(fractions(), [0.9, 0.9]);
});

test('a holder that slept through its lease and sent an old score late has the newest sent again', async t => {
  let wake = (_: SendOutcome) => {};
  const {decide, run, advance, due, fractions, stateOf, all} = await setUp({
    answer: (_, count) =>
      count === 1
        ? new Promise(resolve => {
            wake = resolve;
          })
        : sent,
  });
  const sleeper = run((await decide({earned: 9, possible: 10})).id);
  while (fractions().length === 0) {
    await new Promise(setImmediate);
  }

  advance(3600);
  const newer = await decide({earned: 3, possible: 10});
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'sent');
  wake(sent);
  await sleeper;
  t.like(stateOf(newer.id), {state: 'pending', settledAt: null});
  for (let minute = 0; minute < 5; minute += 1) {
    advance(60);
    await Promise.all(due().map(run));
  }

  t.deepEqual(fractions(), [0.9, 0.3, 0.3]);
  t.deepEqual([stateOf('grade-alice-1')?.state, stateOf(newer.id)?.state], ['superseded', 'sent']);
  t.deepEqual(all('leases'), []);
});

test('a holder that slept and sent an old score while a newer one was on its way has that one sent again', async t => {
  let wake = (_: SendOutcome) => {};
  let sleeper = Promise.resolve();
  const {decide, run, advance, fractions, stateOf} = await setUp({
    async answer(_, count) {
      if (count === 1) {
        return new Promise(resolve => {
          wake = resolve;
        });
      }

      if (count === 2) {
        wake(sent);
        await sleeper;
      }

      return sent;
    },
  });
  sleeper = run((await decide({earned: 9, possible: 10})).id);
  while (fractions().length === 0) {
    await new Promise(setImmediate);
  }

  advance(3600);
  const newer = await decide({earned: 3, possible: 10});
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'pending');
  advance(SETTLE_SECONDS);
  await run(newer.id);
  t.is(stateOf(newer.id)?.state, 'sent');
  t.deepEqual(fractions(), [0.9, 0.3, 0.3]);
});

test('a holder that took longer to begin than its lease allows sends nothing', async t => {
  const {decide, run, find, advance, transact, clock, due, fractions, stateOf} = await setUp();
  const {id} = await decide({earned: 9, possible: 10});
  const slow = makePassback(
    {
      find,
      now: () => clock.now,
      newId: () => 'slow',
      log() {},
      async transact(work) {
        const result = await transact(work);
        advance(LEASE_SECONDS);
        return result;
      },
      sendScore: async () => t.fail('too late to send') as never,
    },
    {post: true, lms, prefix: ''},
  );
  await slow(createdEvent(id));
  t.is(stateOf(id)?.state, 'pending');
  t.deepEqual(due(), [id]);
  await run(id);
  t.deepEqual(fractions(), [0.9]);
});

test('the log has ids and the outcome, and neither the name nor the words of success', async t => {
  const {decide, run, logs} = await setUp({answer: () => ({outcome: 'sent', message: 'Score for zoë is now 1'})});
  await run((await decide({earned: 1, possible: 1}, {student: 'zoë'})).id);
  t.is(logs.length, 1);
  t.like(logs[0]?.[2], {submissionId: 'submission-1', outcome: 'sent', attempt: 1});
  t.notRegex(JSON.stringify(logs), /zoë|Score for/);
});

for (const student of ['a&b', '<i>x', 'a:b', '100%25', 'Zoë 🦦', ' x ']) {
  test(`over the wire, ${JSON.stringify(student)} has the score and nobody else`, async t => {
    const consumer = {consumerKey: 'k', consumerSecret: 's'};
    const demo = makeDemoLms({...consumer, strict: true});
    const server = http.createServer(demo.handle).listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    t.teardown(() => {
      server.close();
      server.closeAllConnections();
    });
    const send = makeSendScore({...consumer, newId: () => crypto.randomUUID(), now: () => new Date().toISOString()});
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const {decide, run, stateOf} = await setUp({
      settings: {lms: {host: 'lms.example', baseUrl}},
      answer: ({fraction, ...lineItem}) => send(lineItem, fraction),
    });
    const {id} = await decide({earned: 2, possible: 3}, {student});
    await run(id);
    t.is(stateOf(id)?.state, 'sent', stateOf(id)?.message);
    t.like(demo.scores(), [{student, courseId: 'Org+Course+Run', blockId: 'b10c', score: 0.667, count: 1}]);
  });
}
