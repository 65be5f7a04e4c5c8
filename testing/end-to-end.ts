import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {type Browser, openBrowser, pressSubmit} from '../emulator/as-otter-submit.ts';
import {type Local, startLocal} from '../emulator/local.ts';
import {sampleLab} from '../emulator/options.ts';
import {prefix} from '../emulator/stack.ts';
import {makeStandInToken} from '../emulator/stand-in-hub.ts';
import {setUpPython} from './grader.ts';
import {isAlive} from './processes.ts';

/** What a test reads of a submission's status. */
export type SeenStatus = {
  state: string;
  score: {earned: number; possible: number} | null;
  passback: {state: string; attempts: number} | null;
  timeline: {stage: string; at: string}[];
  message: string | null;
};

/** Where a stack answers: all that somebody who submits knows of it. */
export type Reachable = {stack: {url: string}};

/** Starts a local stack in a folder of its own, ended and removed with the test. */
export async function startForTest(
  t: ExecutionContext,
  engine: 'embedded' | 'google',
  environment: Record<string, string> = {},
): Promise<Local> {
  await setUpPython();
  const dataFolder = await mkdtemp(path.join(tmpdir(), `holt-${engine}-`));
  const local = await startLocal({
    engine,
    port: 0,
    dataFolder,
    course: path.join(sampleLab, 'autograders'),
    environment,
    onUnexpectedExit() {},
  });
  t.teardown(async () => {
    await local.close();
    await rm(dataFolder, {recursive: true, force: true, maxRetries: 5});
  });
  return local;
}

/** A student at a browser, logged in at the stand-in hub. */
export async function logIn({stack}: Reachable, student: string, browser = openBrowser()): Promise<Browser> {
  await browser.send(`${stack.url}/hub/login`, {
    method: 'POST',
    headers: {'Content-Type': 'application/x-www-form-urlencoded', Origin: stack.url},
    body: new URLSearchParams({username: student}).toString(),
  });
  return browser;
}

/** Presses Submit on one of the lab's notebooks; answers the submission's id. */
export async function submit(
  t: ExecutionContext,
  {stack}: Reachable,
  student: string,
  browser: Browser,
  notebook: string,
): Promise<string> {
  const response = await pressSubmit(browser, {
    origin: stack.url,
    prefix,
    student,
    notebook: await readFile(path.join(sampleLab, `submissions/${notebook}.ipynb`), 'utf8'),
    path: 'lab-demo.ipynb',
  });
  const answer = await response.text();
  t.is(response.status, 200, answer);
  const id = response.headers.get('holt-submission');
  t.truthy(id);
  return id ?? '';
}

/** Reads a status with the student's token; undefined while Holt is not there. */
export async function readStatus({stack}: Reachable, student: string, id: string): Promise<SeenStatus | undefined> {
  try {
    const response = await fetch(`${stack.url}${prefix}submissions/${id}`, {
      headers: {Authorization: `token ${makeStandInToken(student)}`},
    });
    return response.ok ? ((await response.json()) as SeenStatus) : undefined;
  } catch {
    return undefined;
  }
}

/** Waits until something is true; fails with what it waited for. */
export async function waitUntil(what: string, isTrue: () => Promise<unknown> | unknown, seconds = 240): Promise<void> {
  const until = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (Date.now() > until) {
      throw new Error(`waited ${seconds} s in vain: ${what}`);
    }

    await sleep(15);
  }
}

/** Waits until a submission is graded and its score stands in the LMS, and answers its status. */
export async function waitForGrade(local: Local, student: string, id: string): Promise<SeenStatus> {
  let status: SeenStatus | undefined;
  await waitUntil(`${student}'s grade at the LMS`, async () => {
    status = await readStatus(local, student, id);
    if (status?.state === 'failed') {
      throw new Error(`failed: ${status.message}`);
    }

    return status?.passback?.state === 'sent' && local.companions.findScore(student) !== undefined;
  }).catch(async error => {
    const log = await readFile(local.logFile, 'utf8');
    throw new Error(`${error.message}; ${JSON.stringify(status)}\n${log.split('\n').slice(-8).join('\n')}`);
  });
  return status as SeenStatus;
}

/** Submits the lab's solution, partial and blank notebooks as three students, and checks scores and gradebook. */
export async function gradeTheLab(t: ExecutionContext, local: Local): Promise<void> {
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
}

/** Reads with a user's token what Holt says at an address below its prefix. */
async function read({stack}: Reachable, user: string, address: string): Promise<string> {
  const headers = {Authorization: `token ${makeStandInToken(user)}`};
  return (await fetch(`${stack.url}${prefix}${address}`, {headers})).text();
}

/** Submits a notebook that forges registrations: staff see the evidence and what is forgeable at all, the student does not. */
export async function showStaffTheForger(t: ExecutionContext, local: Local): Promise<void> {
  const forging = '../../grader/attacks/forged_registrations_at_checks';
  const id = await submit(t, local, 'forger', await logIn(local, 'forger'), forging);
  t.deepEqual((await waitForGrade(local, 'forger', id)).score, {earned: 0, possible: 15});

  const {attention, autograders} = JSON.parse(await read(local, 'staff', 'courses/demo/submissions'));
  t.like(attention, {0: {kind: 'for-review', student: 'forger', submissionId: id}, length: 1});
  t.regex(attention[0].message, /^\d+ registrations of snapshots were refused\.$/);
  t.deepEqual(
    autograders[0].questions.flatMap(({forgeable}: {forgeable: string[]}) => forgeable),
    ['q4 - 3', 'q5 - 2', 'q5 - 3', 'q6 - 2'],
  );
  const {staff} = JSON.parse(await read(local, 'staff', `submissions/${id}`));
  t.deepEqual(staff.review, [attention[0].message]);
  for (const address of ['submissions', `submissions/${id}`]) {
    const own = await read(local, 'forger', address);
    t.true(own.includes(id));
    t.notRegex(own, /registrations|review/);
  }
}

/** Checks that a killed part cost nothing: the grade arrives, and the same notebook is still the same submission. */
export async function expectGraded(
  t: ExecutionContext,
  local: Local,
  {student, id}: {student: string; id: string},
): Promise<void> {
  const status = await waitForGrade(local, student, id);
  t.deepEqual(status.score, {earned: 12, possible: 15}, student);
  t.is(local.companions.findScore(student), 0.8, student);
  t.is(await submit(t, local, student, await logIn(local, student), 'partial'), id, student);
}

/** Kills a part as a power cut would, waits until it is gone, and starts it again. */
export async function killAndRestart(
  {stack}: Local,
  name: string,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const part = stack.parts.get(name);
  const pid = part?.pid();
  if (!part || !pid) {
    throw new Error(`there is no part ${name}`);
  }

  process.kill(pid, 'SIGKILL');
  await waitUntil(`${name} to be gone`, () => !isAlive(pid));
  await meanwhile();
  await part.restart();
}
