import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import type {Transact} from '../../domain/ports.ts';
import {addSeconds} from '../../domain/values.ts';
import {at} from '../../testing/contracts/samples.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {makeRefuse} from './refusals.ts';

const error = new HoltError('not-a-notebook', 'This is not a notebook: save it and submit it again.');
const attempt = {client: 'otter-submit', trace: 'trace', namedStudent: 'alice'} as const;

const setUp = (transact?: Transact) => {
  const records = makeMemoryRecords();
  const clock = {now: at(0)};
  const logs: string[] = [];
  let ids = 0;
  const refuse = makeRefuse({
    transact: transact ?? records.transact,
    now: () => clock.now,
    newId() {
      ids += 1;
      return `refusal-${ids}`;
    },
    log: (severity, message) => void logs.push(`${severity} ${message}`),
  });
  return {refuse, records, clock, logs};
};

test('a refusal says who, what, when and why, and ends after 90 days', async t => {
  const {refuse, records, clock} = setUp();
  const key = {course: 'demo', section: '1', assignment: 'lab'};
  await refuse(error, {...attempt, key, student: 'bob'});
  t.deepEqual(records.all('refusals'), [
    {
      ...{id: 'refusal-1', code: 'not-a-notebook', status: 400, message: error.message, ...key, trace: 'trace'},
      ...{student: 'bob', namedStudent: 'alice', client: 'otter-submit', createdAt: clock.now},
      expireAt: addSeconds(clock.now, 90 * 24 * 3600),
    },
  ]);
});

test('a flood of refusals is written down up to 600 a minute, and logged beyond', async t => {
  const {refuse, records, clock, logs} = setUp();
  for (let count = 0; count < 1000; count += 1) {
    await refuse(error, attempt);
  }

  t.is(records.all('refusals').length, 600);
  t.is(logs.length, 1000);
  clock.now = at(60);
  await refuse(error, attempt);
  t.is(records.all('refusals').length, 601);
});

test('a refusal that cannot be written costs nobody their answer', async t => {
  const {refuse, logs} = setUp(async () => Promise.reject(new Error('the store is away')));
  await t.notThrowsAsync(refuse(error, attempt));
  t.true(logs.includes('ERROR a refusal could not be recorded'));
});
