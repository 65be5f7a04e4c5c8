import {execFile} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import test from 'ava';
import {readStatus, waitUntil} from '../testing/end-to-end.ts';
import {readGoferLab, refuseByGofer, startGoferCourse, submitByGofer} from '../testing/gofer-world.ts';
import {findRunning, isAlive} from '../testing/processes.ts';
import {goferPrefix} from './companions.ts';
import {makeStandInToken} from './stand-in-hub.ts';

const run = promisify(execFile);
const dumpGrades = (url: string, ...given: string[]) =>
  run(process.execPath, ['cli/dump-grades.ts', '8x', '--url', url, '--prefix', goferPrefix, ...given]);

test.serial('gofer’s button, config, archives and LMS: the grade arrives, and the export has it', async t => {
  t.timeout(300_000);
  const {local, lms, folder} = await startGoferCourse(t);
  const {url} = local.stack;
  const scoreOf = (student: string) => lms.scores().find(entry => entry.student === student)?.score;
  for (const [student, notebook, fraction] of [
    ['sol', 'solution', 1],
    ['par', 'partial', 0.8],
    ['bla', 'blank', 0],
  ] as const) {
    await submitByGofer(t, local, student, await readGoferLab(notebook));
    await waitUntil(`${student}'s grade at the LMS`, () => scoreOf(student) !== undefined, 90);
    t.is(scoreOf(student), fraction);
  }

  // A cell that never ends is stopped and the others count: no timeout becomes a 0.0.
  const endless = await submitByGofer(t, local, 'endless', await readGoferLab('infinite_loop'));
  await waitUntil('what a notebook reached that does not end', () => scoreOf('endless') !== undefined, 120);
  t.true((scoreOf('endless') ?? 0) > 0);
  t.is((await readStatus(local, 'endless', endless))?.state, 'graded');

  const file = path.join(folder, 'grades.csv');
  await dumpGrades(url, '--as', 'prof', '--format', 'gofer', '-o', file);
  const rows = (await readFile(file, 'utf8')).split('\r\n');
  t.is(rows[0], 'userid,grade,section,lab,timestamp');
  t.deepEqual(
    rows.slice(1, 4).map(row => row.replace(/,\d{10}(\.\d+)?$/, '')),
    ['sol,1,1,lab-demo', 'par,0.8,1,lab-demo', 'bla,0,1,lab-demo'],
  );
  t.is(rows.length, 6);
  const {stdout} = await dumpGrades(url, '--as', 'prof');
  t.regex(stdout, /\r\npar,1,lab-demo,12,15,0\.8,1,20[^,]+Z,20[^,]+Z,sent\r\n/);

  await t.throwsAsync(dumpGrades(url, '--as', 'sol', '-o', `${file}.student`), {message: /Only the course’s staff/});
  t.deepEqual(
    (await readdir(folder)).filter(name => name.startsWith('grades')),
    ['grades.csv'],
  );
});

test.serial('what gofer_service answered with HTML is one plain sentence, on the whole system', async t => {
  t.timeout(300_000);
  const {local} = await startGoferCourse(t);
  await refuseByGofer(t, local);
});

test.serial(
  'a grading that is killed is no 0.0: its student waits, and neither LMS nor export has a score',
  async t => {
    t.timeout(300_000);
    const {local, lms} = await startGoferCourse(t);
    const first = await submitByGofer(t, local, 'first', await readGoferLab('solution'));
    await waitUntil(
      'the archive’s first use',
      async () => (await readStatus(local, 'first', first))?.state === 'graded',
    );
    const id = await submitByGofer(t, local, 'unlucky', await readGoferLab('partial'));
    await waitUntil('the grading task', () => findRunning('grader-job/main.ts').length > 0);
    const tasks = findRunning('grader-job/main.ts');
    for (const pid of tasks) {
      process.kill(pid, 'SIGKILL');
    }

    await waitUntil('the task’s end', () => !tasks.some(isAlive));
    await sleep(3000);
    t.like(await readStatus(local, 'unlucky', id), {score: null, passback: null});
    t.deepEqual(
      lms.scores().map(({student}) => student),
      ['first'],
    );
    const {stdout} = await dumpGrades(local.stack.url, '--as', 'prof', '--format', 'gofer');
    t.notRegex(stdout, /unlucky/);
  },
);

test.serial('a grader that cannot start is no 0.0 either, and the student reads whose fault it is', async t => {
  t.timeout(300_000);
  const {local, lms} = await startGoferCourse(t, {HOLT_PYTHON: '/nowhere/python'});
  const id = await submitByGofer(t, local, 'alice', await readGoferLab('solution'));
  const read = async () => {
    const headers = {Authorization: `token ${makeStandInToken('alice')}`};
    return (await (await fetch(`${local.stack.url}${goferPrefix}submissions/${id}`, {headers})).json()) as {
      state: string;
      score: unknown;
      message: string;
    };
  };
  await waitUntil(
    'a first run',
    async () => /"(exit|ended|failed|recorded|batch|grading)/.test(await readFile(local.logFile, 'utf8')),
    60,
  );
  await sleep(5000);
  const {state, score, message} = await read();
  t.not(state, 'graded');
  t.is(score, null);
  t.regex(message, /costs you nothing|no zero/);
  t.deepEqual(lms.scores(), []);
  const {stdout} = await dumpGrades(local.stack.url, '--as', 'prof', '--format', 'gofer');
  t.is(stdout, 'userid,grade,section,lab,timestamp\r\n');
});
