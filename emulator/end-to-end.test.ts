import test from 'ava';
import {
  expectGraded,
  gradeTheLab,
  killAndRestart,
  logIn,
  readStatus,
  showStaffTheForger,
  startForTest,
  submit,
  waitUntil,
} from '../testing/end-to-end.ts';
import {gradeByGofer} from '../testing/gofer-world.ts';
import {openBrowser, pressSubmit} from './as-otter-submit.ts';
import {prefix} from './stack.ts';

test.serial('the lab’s notebooks reach the gradebook: 15 of 15 as 1, 12 as 0.8, 0 as 0', async t => {
  const local = await startForTest(t, 'embedded');
  await gradeTheLab(t, local);
  await showStaffTheForger(t, local);
  await gradeByGofer(t, local);
});

test.serial('killed at any stage and started again, nothing answered is lost and nothing counts twice', async t => {
  t.timeout(600_000);
  const local = await startForTest(t, 'embedded');
  const isState = (state: string) => async (student: string, id: string) =>
    waitUntil(state, async () => (await readStatus(local, student, id))?.state === state);
  const stages: Record<string, (student: string, id: string) => Promise<void>> = {
    'right after the answer': async () => {},
    'while it is graded': isState('grading'),
    'as soon as the result is recorded': isState('graded'),
    'while the gradebook does not answer': async (student, id) => {
      local.companions.setFault('lost');
      await waitUntil('a send', () => local.companions.findScore(student) !== undefined);
      t.is((await readStatus(local, student, id))?.state, 'graded');
      local.companions.setFault('none');
    },
  };
  for (const [stage, reach] of Object.entries(stages)) {
    const student = stage.replaceAll(' ', '-');
    const id = await submit(t, local, student, await logIn(local, student), 'partial');
    await reach(student, id);
    await killAndRestart(local, 'Holt');
    await expectGraded(t, local, {student, id});
  }
});

test.serial('a parked notebook outlives a kill, and the login that comes later claims it', async t => {
  const local = await startForTest(t, 'embedded');
  const {url} = local.stack;
  const browser = openBrowser();
  const metadata = {otter_service: {course: 'demo', section: '1', assignment: 'lab-demo'}};
  const notebook = JSON.stringify({nbformat: 4, nbformat_minor: 5, metadata, cells: []});
  // The hub's login had expired: the browser's request ends at the login page.
  const page = await pressSubmit(browser, {origin: url, prefix, student: 'late', notebook, path: 'lab.ipynb'});
  t.is(page.status, 200);
  t.is(page.headers.get('holt-submission'), null);
  await killAndRestart(local, 'Holt');
  await logIn(local, 'late', browser);
  const {offers, submissions} = await listOwn(`${url}${prefix}submissions`, browser);
  t.deepEqual(offers, []);
  t.is(submissions.length, 1);
});

/** Opens one's own submissions, which logs in through the hub and claims what waits for this browser. */
async function listOwn(address: string, browser: ReturnType<typeof openBrowser>) {
  await browser.send(address, {headers: {Accept: 'text/html'}});
  const answer = await browser.send(address, {headers: {Accept: 'application/json'}});
  return (await answer.json()) as {offers: unknown[]; submissions: unknown[]};
}
