import {readFile} from 'node:fs/promises';
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
import {needEmulators} from '../testing/need-emulators.ts';

test.serial(
  'on the emulators the lab is graded and reaches the LMS, and each function may be killed at its work',
  async t => {
    t.timeout(600_000);
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

    /** A function, and what is waited for before it is killed. */
    const kills: [string, (student: string, id: string) => Promise<void>][] = [
      ['exchange', async () => {}],
      // Killed before the execution is noted, its claim would end by itself after two minutes.
      [
        'dispatch',
        async (_, id) => waitUntil('the start', async () => hasStarted(await readFile(local.logFile, 'utf8'), id)),
      ],
      [
        'record',
        async (student, id) =>
          waitUntil('grading', async () => (await readStatus(local, student, id))?.state === 'grading'),
      ],
      [
        'passback',
        async (student, id) =>
          waitUntil('the grade', async () => (await readStatus(local, student, id))?.state === 'graded'),
      ],
      ['audit', async () => {}],
      ['sweep', async () => {}],
    ];
    for (const [name, reach] of kills) {
      const student = `killed-${name}`;
      const id = await submit(t, local, student, await logIn(local, student), 'partial');
      await reach(student, id);
      await killAndRestart(local, name);
      const status = await waitForGrade(local, student, id);
      t.deepEqual(status.score, {earned: 12, possible: 15}, name);
      t.is(local.companions.findScore(student), 0.8, name);
      t.is(
        await submit(t, local, student, await logIn(local, student), 'partial'),
        id,
        'the same notebook is the same submission',
      );
    }
  },
);

const hasStarted = (log: string, id: string): boolean =>
  log.split('\n').some(line => line.includes('"grading started"') && line.includes(id));
