import test from 'ava';
import {
  killAndRestart,
  logIn,
  readStatus,
  startForTest,
  submit,
  waitForGrade,
  waitUntil,
} from '../testing/end-to-end.ts';
import {openBrowser, pressSubmit} from './as-otter-submit.ts';
import {prefix} from './stack.ts';

test.serial(
  'the solution gets 15 of 15, the partial one 12, the blank one 0, and the LMS holds 1, 0.8 and 0',
  async t => {
    const local = await startForTest(t, 'embedded');
    for (const [student, notebook, earned, fraction] of [
      ['sol', 'solution', 15, 1],
      ['par', 'partial', 12, 0.8],
      ['bla', 'blank', 0, 0],
    ] as const) {
      const browser = await logIn(local, student);
      const id = await submit(t, local, student, browser, notebook);
      const status = await waitForGrade(local, student, id);
      t.is(status.state, 'graded');
      t.deepEqual(status.score, {earned, possible: 15});
      t.is(local.companions.findScore(student), fraction);
    }
  },
);

test.serial(
  'killed at any stage and started again, nothing that was answered is lost and nothing counts twice',
  async t => {
    const local = await startForTest(t, 'embedded');
    const stages: Record<string, (student: string, id: string) => Promise<void>> = {
      'right after the answer': async () => {},
      'while it is graded': async (student, id) => {
        await waitUntil('grading', async () => (await readStatus(local, student, id))?.state === 'grading');
      },
      'as soon as the result is recorded': async (student, id) => {
        await waitUntil('graded', async () => (await readStatus(local, student, id))?.state === 'graded');
      },
      'while the gradebook does not answer': async (student, id) => {
        local.companions.setFault('lost');
        await waitUntil('a send', async () => local.companions.findScore(student) !== undefined);
        t.is((await readStatus(local, student, id))?.state, 'graded');
        local.companions.setFault('none');
      },
    };
    for (const [stage, reach] of Object.entries(stages)) {
      const student = stage.replaceAll(' ', '-');
      const browser = await logIn(local, student);
      const id = await submit(t, local, student, browser, 'partial');
      await reach(student, id);
      await killAndRestart(local, 'Holt');
      const status = await waitForGrade(local, student, id);
      t.deepEqual(status.score, {earned: 12, possible: 15}, stage);
      t.is(local.companions.findScore(student), 0.8, stage);
      const again = await submit(t, local, student, await logIn(local, student), 'partial');
      t.is(again, id, 'the same notebook is still the same submission');
    }
  },
);

test.serial('a parked notebook outlives a kill, and the callback that comes later claims it', async t => {
  const local = await startForTest(t, 'embedded');
  const {url} = local.stack;
  const stranger = openBrowser();
  const notebook =
    '{"nbformat":4,"nbformat_minor":5,"metadata":{"otter_service":{"course":"demo","section":"1","assignment":"lab-demo"}},"cells":[]}';
  // The hub's login had expired: the browser ends at the login page.
  const page = await pressSubmit(stranger, {origin: url, prefix, student: 'late', notebook, path: 'lab.ipynb'});
  t.regex(page.url, /\/hub\/login/);
  await killAndRestart(local, 'Holt');
  const action = new URL(page.url);
  const claimed = await stranger.send(`${url}${action.pathname}${action.search}`, {
    method: 'POST',
    headers: {'Content-Type': 'application/x-www-form-urlencoded', Origin: url},
    body: 'username=late',
  });
  t.is(claimed.status, 200);
  t.truthy(claimed.headers.get('holt-submission'));
});
