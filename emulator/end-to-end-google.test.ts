import {readFile} from 'node:fs/promises';
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
import {gradeByGofer, refuseByGofer} from '../testing/gofer-world.ts';
import {needEmulators} from '../testing/need-emulators.ts';
import {findRunning} from '../testing/processes.ts';

test.serial('on the emulators the lab reaches the gradebook, and each function may be killed at its work', async t => {
  t.timeout(600_000);
  if (needEmulators(t)) {
    return;
  }

  const local = await startForTest(t, 'google');
  await gradeTheLab(t, local);
  await showStaffTheForger(t, local);
  await gradeByGofer(t, local);
  await refuseByGofer(t, local);

  const isState = (state: string) => async (student: string, id: string) =>
    waitUntil(state, async () => (await readStatus(local, student, id))?.state === state);
  /** A function, and what is waited for before it is killed. What takes longest to come back begins first. */
  const kills: [string, (student: string, id: string) => Promise<void>][] = [
    // Its lease on the line to the gradebook ends by itself, and the sweep sends again.
    ['passback', isState('graded')],
    ['exchange', async () => {}],
    // Between the claim and the start of the execution: its claim ends by itself, after two minutes.
    ['dispatch', isState('grading')],
    // After the start.
    [
      'dispatch',
      async (_, id) => waitUntil('the start', async () => hasStarted(await readFile(local.logFile, 'utf8'), id)),
    ],
    ['record', isState('grading')],
    ['audit', async () => {}],
    ['sweep', async () => {}],
  ];
  const submitted: {student: string; id: string}[] = [];

  // A grading task alone: its execution ends without a result, which is one started run, and it is graded again.
  const unlucky = await submit(t, local, 'killed-task', await logIn(local, 'killed-task'), 'partial');
  submitted.push({student: 'killed-task', id: unlucky});
  await waitUntil('the grading task', () => findRunning('grader-job/main.ts').length > 0);
  for (const pid of findRunning('grader-job/main.ts')) {
    process.kill(pid, 'SIGKILL');
  }

  for (const [name, reach] of kills) {
    const student = `killed-${name}-${submitted.length}`;
    const id = await submit(t, local, student, await logIn(local, student), 'partial');
    submitted.push({student, id});
    await reach(student, id);
    await killAndRestart(local, name);
  }

  for (const one of submitted) {
    await expectGraded(t, local, one);
  }
});

const hasStarted = (log: string, id: string): boolean =>
  log.split('\n').some(line => line.includes('"grading started"') && line.includes(id));
