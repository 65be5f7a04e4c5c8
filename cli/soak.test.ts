import {type ChildProcess, execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer, type ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {decodeJwt} from 'jose';
import {HoltError} from '../domain/errors.ts';
import type {Status} from '../domain/status.ts';
import {forward} from '../emulator/companions.ts';
import {startLocal} from '../emulator/local.ts';
import {listen} from '../emulator/local-server.ts';
import {makeStandInToken} from '../emulator/stand-in-hub.ts';
import {problem} from '../functions/exchange/http.ts';
import {waitUntil} from '../testing/end-to-end.ts';
import {labArchive, needSandbox, readNotebook, setUpPython} from '../testing/grader.ts';
import {signToken} from '../testing/moodle/client.ts';
import {makeMaster} from '../testing/moodle/demo.ts';
import {percentile, type SoakReport} from './soak/report.ts';

const program = fileURLToPath(new URL('holt.ts', import.meta.url));
const jwtSecret = 'a secret that has enough characters';

type Ended = {code: number; report: SoakReport; stdout: string; stderr: string};

/** Starts the command as a person does. */
function start(args: readonly string[]): {child: ChildProcess; ended: Promise<Ended>} {
  const {promise: ended, resolve} = Promise.withResolvers<Ended>();
  const child = execFile(process.execPath, [program, 'soak', ...args], (error, stdout, stderr) => {
    const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
    resolve({code, report: stdout.startsWith('{') ? JSON.parse(stdout) : undefined, stdout, stderr});
  });
  return {child, ended};
}

const soak = (...args: string[]) => start(args).ended;

/** A folder with the secret, and the lab's notebook as one of this course. */
async function makeFiles(t: ExecutionContext, course = 'soak') {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-soak-'));
  t.teardown(() => rm(folder, {recursive: true, force: true, maxRetries: 5}));
  const notebook = JSON.parse(Buffer.from(readNotebook('submissions/partial')).toString('utf8'));
  notebook.metadata.otter_service.course = course;
  await writeFile(path.join(folder, 'lab.ipynb'), JSON.stringify(notebook));
  await writeFile(path.join(folder, 'secret'), jwtSecret);
  const given = ['--notebook', path.join(folder, 'lab.ipynb'), '--secret-file', path.join(folder, 'secret'), '--json'];
  return {folder, given};
}

type Seen = {student: string; at: number};
type Answer = {
  submit?: (response: ServerResponse, index: number) => boolean;
  state?: (student: string) => Partial<Status>;
};

/** A server that takes notebooks as Holt does, and tells the states that a test wants. */
async function serve(t: ExecutionContext, {submit = () => false, state = () => ({})}: Answer = {}) {
  const seen: Seen[] = [];
  let open = 0;
  let mostOpen = 0;
  const {url, close} = await listen(
    createServer(async (request, response) => {
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      response.once('close', () => {
        open -= 1;
      });
      await text(request);
      const student = String(decodeJwt(request.headers.authorization?.split(' ')[1] ?? '').sub);
      if (request.method !== 'POST') {
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify(statusOf(student, state(student))));
        return;
      }

      seen.push({student, at: performance.now()});
      if (!submit(response, seen.length - 1)) {
        response.setHeader('Holt-Submission', student).end('taken');
      }
    }),
  );
  t.teardown(close);
  return {url, seen, mostOpen: () => mostOpen};
}

const statusOf = (student: string, given: Partial<Status>): Status => ({
  ...{id: student, course: 'soak', section: '1', assignment: 'lab-demo', student, state: 'graded'},
  ...{score: {earned: 1, possible: 2}, questions: [], cause: 'student', message: 'Graded.'},
  ...{passback: {state: 'off', attempts: 0, message: 'off'}, counts: true, receivedAt: '2026-01-15T00:00:00.000Z'},
  ...{sha256: 'a'.repeat(64), bytes: 1000, flags: [], staff: null},
  timeline: [
    {stage: 'submitted', at: '2026-01-15T00:00:00.000Z'},
    {stage: 'recorded', at: '2026-01-15T00:00:07.500Z'},
  ],
  ...given,
});

const refuse = (response: ServerResponse, error: HoltError, trace: string): true => {
  const {status, headers, body} = problem(error, trace);
  response.writeHead(status, headers).end(body);
  return true;
};

test.serial(
  'a class submits at its rate, each student once, and what went wrong is counted by its sentence',
  async t => {
    const {given} = await makeFiles(t);
    const busy = new HoltError('busy', 'Too many at once: try again in a minute.');
    const {url, seen} = await serve(t, {
      submit: (response, index) => index % 3 === 2 && refuse(response, busy, `trace-${index}`),
      state: student =>
        student.endsWith('0002') ? {state: 'failed', cause: 'autograder', message: 'Not your doing.'} : {},
    });
    const {code, report, stderr} = await soak(url, '-s', '13', '--rate', '10', ...given);
    t.is(code, 1, 'some have no grade');
    t.like(report, {students: 13, accepted: 9, refused: 4, graded: 8, failed: 1, waiting: 0, unsent: 0});
    t.deepEqual(report.errors, {
      'Too many at once: try again in a minute.': 4,
      'failed (autograder): Not your doing.': 1,
    });
    t.deepEqual(report.gradeSeconds, {p50: 7.5, p95: 7.5});
    t.true((report.acceptMilliseconds?.p95 ?? 0) >= (report.acceptMilliseconds?.p50 ?? 1));
    t.is(new Set(seen.map(({student}) => student)).size, 13);
    t.true(seen.every(({student}) => student.startsWith(`${report.run}-`)));
    // Twelve after the first, a tenth of a second apart.
    const seconds = ((seen.at(-1)?.at ?? 0) - (seen[1]?.at ?? 0)) / 1000;
    t.true(seconds >= 1.05 && seconds < 4, `${seconds}`);
    t.regex(stderr, /records of the students soak-\w+-… in the course soak; no gradebook was told/);
  },
);

test.serial('two runs share no student', async t => {
  const {given} = await makeFiles(t);
  const {url, seen} = await serve(t);
  const runs = [await soak(url, '-s', '2', ...given), await soak(url, '-s', '2', ...given)];
  t.deepEqual(
    runs.map(({code}) => code),
    [0, 0],
  );
  t.is(new Set(seen.map(({student}) => student)).size, 4);
});

test.serial('the run ends with its time, and tells what still waits', async t => {
  const {given} = await makeFiles(t);
  const {url} = await serve(t, {state: student => (student.endsWith('0001') ? {} : {state: 'queued', timeline: []})});
  const startedAt = performance.now();
  const {code, report} = await soak(url, '-s', '3', '--rate', '50', '--minutes', '0.06', ...given);
  t.is(code, 1);
  t.like(report, {accepted: 3, graded: 1, waiting: 2});
  t.true(performance.now() - startedAt < 20_000);
});

test.serial('ended by Ctrl-C it sends nothing more and still reports', async t => {
  const {given} = await makeFiles(t);
  const {url, seen} = await serve(t);
  const {child, ended} = start([url, '-s', '500', '--rate', '2', ...given]);
  while (seen.length < 3) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }

  child.kill('SIGINT');
  const {code, report} = await ended;
  t.is(code, 1);
  t.true(report.unsent > 490);
  t.is(report.unsent + report.accepted, 500);
});

test.serial('a slow exchange is not met by ever more requests', async t => {
  const {given} = await makeFiles(t);
  const {url, mostOpen} = await serve(t, {
    submit(response, index) {
      setTimeout(() => response.setHeader('Holt-Submission', `s${index}`).end('taken'), index === 0 ? 0 : 1500);
      return true;
    },
  });
  const {report} = await soak(url, '-s', '101', '--rate', '50', ...given);
  t.is(report.graded, 101);
  t.true(mostOpen() <= 40, `${mostOpen()}`);
});

test.serial('after one score that goes to a gradebook nothing more is sent', async t => {
  const {given} = await makeFiles(t);
  const {url, seen} = await serve(t, {state: () => ({passback: {state: 'sent', attempts: 1, message: 'taken'}})});
  const {code, stderr} = await soak(url, '-s', '5', ...given);
  t.is(code, 1);
  t.regex(stderr, /go to a gradebook \(sent\), so no more are sent: take an assignment without a line item/);
  t.is(seen.length, 1);
  t.is((await soak(url, '-s', '2', '--gradebook', ...given)).code, 0);
});

test.serial('what cannot be a soak is refused before anything is sent', async t => {
  const {given, folder} = await makeFiles(t, '8x');
  const {url, seen} = await serve(t);
  const plain = path.join(folder, 'plain.ipynb');
  await writeFile(plain, '{"nbformat": 4, "metadata": {}, "cells": []}');
  for (const [args, words] of [
    [[url, '-s', '2', ...given], /of the course "8x".*say --course 8x/],
    [[url, '-s', '2', ...given, '--course', '9x'], /of the course "8x"/],
    [[url, '-s', '0', ...given], /whole number from 1 to 5000/],
    [[url, '-s', '5001', ...given], /whole number from 1 to 5000/],
    [[url, '-s', '2.5', ...given], /whole number from 1 to 5000/],
    [[url, '-s', '2', '--rate', '51', ...given], /number from 0\.01 to 50/],
    [[url, '-s', '2', '--minutes', '500', ...given], /number from 0\.01 to 240/],
    [[url, '-s', '2', '--notebook', plain, '--stand-in'], /does not say which assignment/],
    [[url, '-s', '2', '--notebook', given[1] ?? '', '--course', '8x'], /Give --secret-file/],
    [[url, '--notebook', given[1] ?? ''], /required option/],
    [['hub', '-s', '2', ...given], /Give an address/],
  ] as const) {
    const {code, stderr} = await soak(...args);
    t.is(code, 1);
    t.regex(stderr, words);
    t.notRegex(stderr, /\n {4}at /);
  }

  t.is(seen.length, 0);
  t.is((await soak(url, '-s', '1', ...given, '--course', '8x')).code, 0);
});

test.serial('percentiles are by nearest rank', t => {
  const values = Array.from({length: 100}, (_, index) => index + 1);
  t.is(percentile(values, 0.5), 50);
  t.is(percentile(values, 0.95), 95);
  t.is(percentile([3], 0.95), 3);
});

test.serial('a class on the whole of Holt is graded, and no gradebook hears of it', async t => {
  t.timeout(300_000);
  await setUpPython();
  if (!(await needSandbox(t))) {
    return;
  }

  const {given, folder} = await makeFiles(t);
  const course = path.join(folder, 'course');
  await mkdir(path.join(course, 'zips'), {recursive: true});
  await writeFile(path.join(course, 'zips/lab-demo-autograder.zip'), labArchive);
  const section = {course_id: 'X+Y+Z', subpath_to_zips: 'zips', assignments: {'lab-demo': ''}};
  await writeFile(path.join(course, 'course-config.json'), JSON.stringify({soak: {1: section}}));
  const local = await startLocal({
    ...{engine: 'embedded', port: 0, dataFolder: path.join(folder, 'data'), course, onUnexpectedExit() {}},
    environment: {HOLT_JWT_SECRET: jwtSecret, JWT_SECRET: jwtSecret},
  });
  t.teardown(local.close);
  const {url} = local.stack;
  const {code, report, stdout, stderr} = await soak(url, '-s', '6', '--rate', '5', ...given);
  t.is(code, 0, stdout + stderr);
  t.like(report, {students: 6, accepted: 6, graded: 6, errors: {}});
  t.true((report.gradeSeconds?.p95 ?? 0) > 0);

  const headers = {Authorization: `token ${makeStandInToken('staff')}`, Accept: 'text/csv'};
  const csv = await (await fetch(`${url}/services/otter_grade/courses/soak/grades.csv`, {headers})).text();
  t.is(csv.match(new RegExp(report.run, 'g'))?.length, 6);
  t.deepEqual(await (await fetch(`${local.companions.url}/scores`)).json(), []);

  const wrong = path.join(folder, 'wrong');
  await writeFile(wrong, 'another secret of enough characters');
  const refused = await soak(url, '-s', '3', ...given, '--secret-file', wrong);
  t.is(refused.code, 1);
  t.regex(refused.stderr, /first notebook was refused, so no more are sent: The token .* is not known here/);
  const standIn = given.filter((_, index) => index !== 2 && index !== 3);
  t.is((await soak(url, '-s', '1', '--stand-in', ...standIn)).code, 0);

  await soakAsMoodle(t, url, folder, given.slice(2));
  // The stack is a local one in order.
  const doctored = await new Promise<string>(resolve => {
    execFile(process.execPath, [program, 'doctor', url, '--as', 'alice'], (_, out, err) => resolve(out + err));
  });
  t.notRegex(doctored, /^wrong/m);
  t.regex(doctored, /^ok +login +Browsers are sent to http:\/\/127/m);
  t.regex(doctored, /^ok +token/m);
  t.regex(doctored, /^ok +grader +Student code is kept apart/m);
});

/** Through Moodle's routes: the activity is the run's own, and nothing of it is found afterwards. */
async function soakAsMoodle(t: ExecutionContext, url: string, folder: string, given: readonly string[]): Promise<void> {
  const master = path.join(folder, 'master.ipynb');
  await writeFile(master, makeMaster());
  const gate = await watch(t, url);
  const {code, report, stdout, stderr} = await soak(gate.url, '-s', '4', '--notebook', master, '--moodle', ...given);
  t.is(code, 0, stdout + stderr);
  t.like(report, {students: 4, accepted: 4, graded: 4, acceptMilliseconds: null});
  t.true((report.gradeSeconds?.p50 ?? 0) > 0);
  t.regex(stderr, /of an activity that is deleted/);
  t.deepEqual(
    gate.seen.map(({method, status}) => `${method} ${status}`),
    ['POST 201', 'POST 200', 'POST 200', 'POST 200', 'POST 200', 'DELETE 204'],
  );
  const again = await fetch(url + gate.seen[0]?.path, {
    method: 'DELETE',
    headers: {Authorization: await signToken(jwtSecret)},
  });
  t.is(again.status, 400, 'nothing is left to delete');

  // Ended in its middle it deletes too.
  gate.seen.length = 0;
  const {child, ended} = start([gate.url, '-s', '400', '--rate', '1', '--notebook', master, '--moodle', ...given]);
  await waitUntil('a student’s grade', () => gate.seen.length > 1);
  child.kill('SIGINT');
  t.is((await ended).code, 1);
  t.like(gate.seen.at(-1), {method: 'DELETE', status: 204});
  t.true(gate.seen.length < 20);
}

/** A proxy that remembers what was asked and answered. */
async function watch(t: ExecutionContext, target: string) {
  const seen: {method: string; path: string; status: number}[] = [];
  const {url, close} = await listen(
    createServer((request, response) => {
      const {method = '', url: path = ''} = request;
      response.once('finish', () => seen.push({method, path, status: response.statusCode}));
      forward(request, response, target);
    }),
  );
  t.teardown(close);
  return {url, seen};
}
