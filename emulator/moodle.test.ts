import test from 'ava';
import {startForTest} from '../testing/end-to-end.ts';
import {goThroughActivity, killWhileWaiting, secret} from '../testing/moodle/cycle.ts';

test.serial('Moodle’s plugin makes an activity, submits to it and deletes it, with real otter', async t => {
  t.timeout(300_000);
  await goThroughActivity(t, await startForTest(t, 'embedded', {JWT_SECRET: secret}));
});

test.serial('killed while Moodle waits, Holt has the answer when it is asked again', async t => {
  t.timeout(300_000);
  await killWhileWaiting(t, await startForTest(t, 'embedded', {JWT_SECRET: secret}), 'Holt');
});
