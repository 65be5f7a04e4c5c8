import test from 'ava';
import {killAndRestart, logIn, readStatus, startForTest, submit, waitForGrade, waitUntil} from '../testing/end-to-end.ts';
import {needEmulators} from '../testing/need-emulators.ts';

test.serial('on the emulators, the solution gets 15 of 15, the partial one 12, the blank one 0, and the LMS holds 1, 0.8 and 0', async t => {
  if (needEmulators(t)) {
    return;
  }

  const local = await startForTest(t, 'google');
  for (const [student, notebook, earned, fraction] of [
    ['sol', 'solution', 15, 1],
    ['par', 'partial', 12, 0.8],
    ['bla', 'blank', 0, 0],
  ] as const) {
    const id = await submit(t, local, student, await logIn(local, student), notebook);
    const status = await waitForGrade(local, student, id);
    t.is(status.state, 'graded');
    t.deepEqual(status.score, {earned, possible: 15});
    t.is(local.companions.findScore(student), fraction);
  }

  t.timeout(600_000);
  for (const stage of ['exchange', 'dispatch', 'record', 'passback', 'audit', 'sweep']) {
    const student = `killed-${stage}`;
    const id = await submit(t, local, student, await logIn(local, student), 'partial');
    if (stage === 'dispatch') {
      await waitUntil('grading', async () => (await readStatus(local, student, id))?.state === 'grading');
    }

    await killAndRestart(local, stage);
    const status = await waitForGrade(local, student, id);
    t.deepEqual(status.score, {earned: 12, possible: 15}, stage);
    t.is(local.companions.findScore(student), 0.8, stage);
    t.is(await submit(t, local, student, await logIn(local, student), 'partial'), id, 'the same notebook is still the same submission');
  }
});
