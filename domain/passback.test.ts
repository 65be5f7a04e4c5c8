import test from 'ava';
import {
  isPassbackDue,
  makeLineItem,
  PASSBACK_GIVE_UP_SECONDS,
  type Passback,
  passbackBackoffSeconds,
  settlePassback,
} from './passback.ts';
import {addSeconds} from './values.ts';

const createdAt = '2025-01-01T10:00:00.000Z';
const passback: Passback = {
  id: 'g-1',
  gradeId: 'g',
  revision: 1,
  submissionId: 's',
  run: 1,
  course: 'demo',
  section: '1',
  assignment: 'lab',
  student: 'alice',
  score: {earned: 1, possible: 2},
  state: 'pending',
  attempts: 0,
  nextAttemptAt: addSeconds(createdAt, 60),
  message: '',
  settledAt: null,
  createdAt,
};

test('the wait doubles from half a minute to an hour', t => {
  t.deepEqual([0, 1, 2, 3, 8, 9, 1000].map(passbackBackoffSeconds), [30, 30, 60, 120, 3600, 3600, 3600]);
});

test('a score that was taken is sent', t => {
  const now = addSeconds(createdAt, 1);
  t.deepEqual(settlePassback(passback, {outcome: 'sent', message: 'taken'}, {now}), {
    ...passback,
    state: 'sent',
    attempts: 1,
    nextAttemptAt: null,
    settledAt: now,
    message: 'taken',
  });
});

test('a score that was taken while an older one may still arrive is sent once more', t => {
  const confirmAt = addSeconds(createdAt, 100);
  const settled = settlePassback(passback, {outcome: 'sent', message: ''}, {now: createdAt, confirmAt});
  t.like(settled, {state: 'pending', attempts: 1, nextAttemptAt: confirmAt, settledAt: null});
});

test('a score that was refused has failed, in the words of the LMS', t => {
  const settled = settlePassback(passback, {outcome: 'refused', message: 'User not found.'}, {now: createdAt});
  t.like(settled, {state: 'failed', attempts: 1, nextAttemptAt: null, message: 'User not found.'});
});

for (const outcome of ['unavailable', 'unknown'] as const) {
  test(`a score that is ${outcome} is tried again, until it is too old`, t => {
    const tried = {...passback, attempts: 2};
    const now = addSeconds(createdAt, PASSBACK_GIVE_UP_SECONDS - 1);
    const settled = settlePassback(tried, {outcome, message: 'down'}, {now});
    t.like(settled, {state: 'pending', attempts: 3, nextAttemptAt: addSeconds(now, 120), message: 'down'});
    const late = settlePassback(tried, {outcome, message: 'down'}, {now: addSeconds(now, 1)});
    t.like(late, {state: 'failed', attempts: 3, nextAttemptAt: null, message: 'down'});
  });
}

test('an LMS down for an hour is asked often enough, and for two days not too often', t => {
  let now = createdAt;
  let tried = passback;
  const waits: number[] = [];
  while (tried.state === 'pending') {
    tried = settlePassback(tried, {outcome: 'unavailable', message: ''}, {now});
    waits.push((Date.parse(tried.nextAttemptAt ?? now) - Date.parse(now)) / 1000);
    now = tried.nextAttemptAt ?? now;
  }

  t.true(tried.attempts > 40 && tried.attempts < 80, `${tried.attempts} attempts`);
  t.is(Math.max(...waits), 3600);
});

test('a passback is due at once the first time, then at its time, and never when it has ended', t => {
  t.true(isPassbackDue(passback, createdAt));
  const tried = {...passback, attempts: 1};
  t.false(isPassbackDue(tried, createdAt));
  t.true(isPassbackDue(tried, addSeconds(createdAt, 60)));
  for (const state of ['sent', 'failed', 'superseded', 'off'] as const) {
    t.false(isPassbackDue({...passback, state, nextAttemptAt: null}, addSeconds(createdAt, 1e6)));
  }
});

const course = {courseId: 'UCB+Data8+2024_T1', blockId: 'b10c'};

test('the line item has the form of edX, with its plus, colon and at sign as they are', t => {
  t.deepEqual(makeLineItem(course, {host: 'edge.edx.org'}, 'alice'), {
    outcomesUrl:
      'https://edge.edx.org/courses/course-v1:UCB+Data8+2024_T1/xblock/block-v1:UCB+Data8+2024_T1+type@lti_consumer+block@b10c/handler_noauth/outcome_service_handler',
    sourcedId: 'course-v1%3AUCB+Data8+2024_T1:edge.edx.org-b10c:alice',
  });
});

test('a base URL replaces scheme and host, and not the host in the sourcedid', t => {
  const item = makeLineItem(course, {host: 'edge.edx.org', baseUrl: 'http://127.0.0.1:8000/'}, 'alice');
  t.true(item.outcomesUrl.startsWith('http://127.0.0.1:8000/courses/course-v1:UCB+'));
  t.is(item.sourcedId, makeLineItem(course, {host: 'edge.edx.org'}, 'alice').sourcedId);
});

for (const student of ['alice', 'a:b', '100%', '%3A', 'a&b<c>', '  spaced  out  ', 'ünï 💥', '\uffff', "'()*!"]) {
  test(`the last part of the sourcedid, unquoted, is ${JSON.stringify(student)}`, t => {
    const {sourcedId} = makeLineItem(course, {host: 'h'}, student);
    const last = sourcedId.split(':').at(-1) ?? '';
    t.is(decodeURIComponent(last), student);
    t.is(last, last.trim());
  });
}
