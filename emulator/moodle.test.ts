import test from 'ava';
import {startForTest} from '../testing/end-to-end.ts';
import {goThroughActivity, goThroughRefusals, killWhileWaiting, secret} from '../testing/moodle/cycle.ts';
import {goThroughPackages, makeLayersFolder} from '../testing/moodle/packages.ts';

test.serial('Moodle’s plugin makes an activity, submits to it and deletes it, with real otter', async t => {
  t.timeout(300_000);
  const layers = await makeLayersFolder(t);
  const local = await startForTest(t, 'embedded', {JWT_SECRET: secret, HOLT_LAYERS: layers});
  await goThroughActivity(t, local);
  await goThroughRefusals(t, local);
  await goThroughPackages(t, local, layers);
});

test.serial('killed while Moodle waits, Holt has the answer when it is asked again', async t => {
  t.timeout(300_000);
  await killWhileWaiting(t, await startForTest(t, 'embedded', {JWT_SECRET: secret}), 'Holt');
});
