import test from 'ava';
import {startForTest} from '../testing/end-to-end.ts';
import {goThroughActivity, goThroughRefusals, killWhileWaiting, secret} from '../testing/moodle/cycle.ts';
import {needEmulators} from '../testing/need-emulators.ts';

test.serial('on the emulators Moodle’s plugin makes an activity, submits to it and deletes it', async t => {
  t.timeout(600_000);
  if (needEmulators(t)) {
    return;
  }

  const local = await startForTest(t, 'google', {JWT_SECRET: secret});
  await goThroughActivity(t, local);
  await goThroughRefusals(t, local);
  await killWhileWaiting(t, local, 'exchange');
});
