import test from 'ava';
import type {HoltError} from '../../../domain/errors.ts';
import {addSeconds} from '../../../domain/values.ts';
import {type samplePassback, sampleSubmission} from '../../../testing/make.ts';
import {makeStaffWorld, origin, prof, type StaffWorld} from '../../../testing/staff-world.ts';

const resend = ({ask}: StaffWorld, body: object = {}) => ask('courses/demo/resend', {body});
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: HoltError) => error.code,
  );
const stateOf = ({records}: StaffWorld, student: string) =>
  records
    .all('passbacks')
    .filter(one => one.student === student)
    .map(({state}) => state);

/** Three students with a score each, whose passbacks have ended as it is said. */
const setUp = async (ends: Record<string, Partial<ReturnType<typeof samplePassback>>>) => {
  const world = await makeStaffWorld();
  await world.prepare();
  for (const [index, student] of Object.keys(ends).entries()) {
    await world.submit(`s-${student}`, {student, assignment: index === 2 ? 'hw' : 'lab'});
  }

  await world.settle({minutes: 2});
  world.lms.clear();
  await world.transact(async transaction => {
    const found = await Promise.all(world.records.all('passbacks').map(({id}) => transaction.find('passbacks', id)));
    for (const passback of found) {
      if (passback) {
        transaction.put('passbacks', {...passback, ...ends[passback.student]});
      }
    }
  });
  await world.deliver();
  return world;
};
const failed = {state: 'failed', attempts: 9, nextAttemptAt: null, message: 'No such user.'} as const;

test('all scores of a course that the LMS refused are sent again, each once, and audited', async t => {
  const world = await setUp({alice: failed, bob: failed, carol: {}});
  const first = await resend(world);
  t.deepEqual(first.scores.map(({student, outcome}: {student: string; outcome: string}) => [student, outcome]).sort(), [
    ['alice', 'sent again'],
    ['bob', 'sent again'],
  ]);
  t.deepEqual((await resend(world)).scores, []);
  t.is(world.records.all('staffActions').length, 2);
  await world.settle({minutes: 2});
  t.deepEqual(stateOf(world, 'alice'), ['sent']);
  t.is(world.lms.size, 2);
  const told = world.records.all('audit').filter(({what, who}) => what === 'passback sent again' && who === 'alice');
  t.like(told[0]?.details, {by: 'prof', state: 'failed'});
  t.false(JSON.stringify(told).includes('No such user'), 'the LMS’s words can name a student');
  t.is(told.length, 1);
});

test('an order that goes on does not send once more what the LMS has refused meanwhile', async t => {
  const world = await setUp({alice: failed, bob: failed, carol: failed});
  const {begun, scores} = await resend(world, {section: '1', assignment: 'lab'});
  t.is(scores.length, 2);
  world.pass(30);
  await world.transact(async transaction => {
    const found = await Promise.all(world.records.all('passbacks').map(({id}) => transaction.find('passbacks', id)));
    for (const passback of found) {
      if (passback) {
        transaction.put('passbacks', {...passback, ...failed});
      }
    }
  });
  t.deepEqual(
    (await resend(world, {begun})).scores.map(({student}: {student: string}) => student),
    ['carol'],
  );
  t.is((await resend(world)).scores.length, 2, 'a new order sends all that are refused');
});

test('a score that is refused again has an entry of its own in the log', async t => {
  const world = await setUp({alice: {}});
  const refuse = {...world.ports, sendScore: async () => ({outcome: 'refused', message: 'No such user.'}) as const};
  const {passback} = world.makeStages(refuse);
  const [{id} = {id: ''}] = world.records.all('passbacks');
  for (let time = 0; time < 2; time += 1) {
    await world.transact(async transaction => {
      const found = await transaction.find('passbacks', id);
      if (found && time === 0) {
        transaction.put('passbacks', {...found, state: 'failed', settledAt: world.clock.now});
      }
    });
    await world.deliver(({stage}) => stage === 'audit');
    world.pass(60);
    await resend(world, {submission: 's-alice'});
    await passback({id: 'event', type: '', subject: `documents/passbacks/${id}`});
    await world.deliver(({stage}) => stage === 'audit');
  }

  t.deepEqual(stateOf(world, 'alice'), ['failed']);
  t.is(world.records.all('audit').filter(({what}) => what === 'passback failed').length, 3);
});

test('an assignment’s scores, or one submission’s, are sent again alone', async t => {
  const world = await setUp({alice: failed, bob: failed, carol: failed});
  const {scores} = await resend(world, {section: '1', assignment: 'hw'});
  t.like(scores, [{student: 'carol', assignment: 'hw', outcome: 'sent again'}]);
  t.deepEqual(stateOf(world, 'alice'), ['failed']);
  t.like((await resend(world, {submission: 's-bob'})).scores, [{student: 'bob', outcome: 'sent again'}]);
  t.like((await resend(world, {submission: 's-bob'})).scores, [{outcome: 'on its way'}]);
  await world.settle({minutes: 2});
  t.like((await resend(world, {submission: 's-bob'})).scores, [{outcome: 'in the gradebook'}]);
  t.deepEqual(stateOf(world, 'alice'), ['failed']);
});

test('a score that waits long for its next try is sent at once; with 48 hours of its own, however old it is', async t => {
  const world = await setUp({alice: {state: 'pending', attempts: 8, settledAt: null, message: 'It is down.'}});
  await world.transact(async transaction => {
    const [{id} = {id: ''}] = world.records.all('passbacks');
    const found = await transaction.find('passbacks', id);
    if (found) {
      const nextAttemptAt = addSeconds(world.clock.now, 3000);
      transaction.put('passbacks', {...found, nextAttemptAt, createdAt: addSeconds(world.clock.now, -50 * 3600)});
    }
  });
  t.like((await resend(world)).scores, [{student: 'alice', outcome: 'sent again'}]);
  const down = {...world.ports, sendScore: async () => ({outcome: 'unavailable', message: 'It is down.'}) as const};
  const {passback} = world.makeStages(down);
  await passback({id: 'event', type: '', subject: `documents/passbacks/${world.records.all('passbacks')[0]?.id}`});
  t.deepEqual(stateOf(world, 'alice'), ['pending']);
  await world.settle({minutes: 5});
  t.deepEqual(stateOf(world, 'alice'), ['sent']);
});

test('a score that no longer counts is not sent, and nothing is sent that has none', async t => {
  const world = await setUp({alice: failed});
  await world.submit('newer', {student: 'alice', receivedAt: addSeconds(world.clock.now, 5)});
  await world.settle({minutes: 2});
  t.deepEqual((await resend(world)).scores, []);
  t.like((await resend(world, {submission: 's-alice'})).scores, [{outcome: 'another counts'}]);
  await world.transact(async transaction =>
    transaction.create('submissions', sampleSubmission({id: 'ungraded', workId: 'work-9'})),
  );
  t.like((await resend(world, {submission: 'ungraded'})).scores, [{outcome: 'no score'}]);
  t.is(await codeOf(world.order('courses/demo/resend', {body: {submission: 'unknown'}})), 'not-found');
});

test('ten orders at once send each score again once', async t => {
  const world = await setUp({alice: failed, bob: failed});
  const answers = await Promise.all(Array.from({length: 10}, () => resend(world)));
  t.is(answers.flatMap(({scores}) => scores).length, 2);
  t.is(world.records.all('staffActions').length, 2);
});

test('an order that is no order is refused with what is wrong of it', async t => {
  const world = await setUp({alice: failed});
  const send = (given: object) => codeOf(world.order('courses/demo/resend', {user: prof, ...given}));
  t.is(await send({body: '{'}), 'malformed-request');
  t.is(await send({body: '[]'}), 'malformed-request');
  t.is(await send({body: {submission: '../x'}}), 'malformed-request');
  t.is(await send({body: {submission: 's', assignment: 'lab', section: '1'}}), 'malformed-request');
  t.is(await send({body: {assignment: 'lab'}}), 'malformed-request');
  t.is(await send({body: {section: '1', assignment: 'x'.repeat(70_000)}}), 'too-large');
  t.is(await send({body: {}, headers: {'content-type': 'text/plain'}}), 'malformed-request');
  t.is(await send({body: {}, headers: {'sec-fetch-site': 'cross-site'}}), 'cross-site');
  t.is(await send({body: {}, headers: {origin: 'https://evil.example'}}), 'cross-site');
  t.is(await send({method: 'GET'}), 'method-not-allowed');
  for (const via of ['session', 'header', 'oauth'] as const) {
    const user = {...prof, proof: {...prof.proof, via}};
    t.is(await send({body: {}, user}), 'not-authenticated', 'a page on the hub’s origin has a session, and no token');
  }

  t.is(
    await codeOf(world.order('courses/typo/pause', {body: {}, user: {...prof, groups: ['typo-staff']}})),
    'not-found',
  );
  t.deepEqual(stateOf(world, 'alice'), ['failed']);
  t.is(await send({body: {}, headers: {origin}}), undefined);
});
