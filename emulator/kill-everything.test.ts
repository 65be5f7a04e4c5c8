import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {homedir, tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {logIn, type Reachable, readStatus, submit, waitUntil} from '../testing/end-to-end.ts';
import {setUpPython} from '../testing/grader.ts';
import {need} from '../testing/need.ts';
import {needEmulators} from '../testing/need-emulators.ts';
import {isAlive, listDescendants} from '../testing/processes.ts';
import {openBrowser, pressSubmit} from './as-otter-submit.ts';
import {findPrograms, getPrograms} from './google/find-programs.ts';
import {startEmulators} from './google/start-emulators.ts';
import {findFreePort} from './local-server.ts';
import {forLines} from './node-child.ts';
import {root} from './options.ts';
import {prefix} from './stack.ts';

/*
 * A power cut: everything that `./emulator.sh` runs is killed at once, and started again on what is on the disk. On the
 * google engine Firestore and Pub/Sub go on, as a cloud does.
 */

/** Starts everything, and waits until it serves. */
async function startEverything(args: readonly string[], environment: Record<string, string>): Promise<ChildProcess> {
  const main = spawn(process.execPath, ['emulator/main.ts', '--no-sample', ...args], {
    cwd: root,
    env: {...process.env, ...environment},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  forLines(main.stdout, line => lines.push(line));
  forLines(main.stderr, line => lines.push(line));
  await waitUntil('everything to serve', () => {
    if (main.exitCode !== null) {
      throw new Error(`it ended:\n${lines.join('\n')}`);
    }

    return lines.some(line => line.startsWith('ready '));
  });
  return main;
}

/** Kills a process and all below it, at once. */
async function cutPower({pid = 0}: ChildProcess): Promise<void> {
  const all = [pid, ...listDescendants(pid)];
  for (const one of all) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It ended with its parent.
    }
  }

  await waitUntil('everything to be dead', () => !all.some(isAlive));
}

/** A student whose hub login had expired presses Submit; the notebook is parked. */
async function park({stack}: Reachable, browser: ReturnType<typeof openBrowser>): Promise<Response> {
  const metadata = {otter_service: {course: 'demo', section: '1', assignment: 'lab-demo'}};
  const notebook = JSON.stringify({nbformat: 4, nbformat_minor: 5, metadata, cells: []});
  return pressSubmit(browser, {origin: stack.url, prefix, student: 'late', notebook, path: 'lab.ipynb'});
}

async function surviveCuts(t: ExecutionContext, engine: string, environment: Record<string, string>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), `holt-cut-${engine}-`));
  const port = await findFreePort();
  const args = ['--engine', engine, '--data', folder, '--port', `${port}`];
  const holt: Reachable = {stack: {url: `http://127.0.0.1:${port}`}};
  const isState = (state: string) => async (student: string, id: string) =>
    waitUntil(state, async () => (await readStatus(holt, student, id))?.state === state);
  const stages: Record<string, (student: string, id: string) => Promise<void>> = {
    answered: async () => {},
    grading: isState('grading'),
    graded: isState('graded'),
  };

  let main = await startEverything(args, environment);
  t.teardown(async () => {
    main.kill('SIGTERM');
    await (main.exitCode === null && main.signalCode === null ? once(main, 'exit') : undefined);
    await rm(folder, {recursive: true, force: true, maxRetries: 5});
  });
  const browser = openBrowser();
  t.is((await park(holt, browser)).headers.get('holt-submission'), null);
  const submitted: {student: string; id: string}[] = [];
  for (const [stage, reach] of Object.entries(stages)) {
    const id = await submit(t, holt, stage, await logIn(holt, stage), 'partial');
    submitted.push({student: stage, id});
    await reach(stage, id);
    await cutPower(main);
    main = await startEverything(args, environment);
  }

  for (const {student, id} of submitted) {
    await waitUntil(`${student} to be passed back`, async () => {
      const status = await readStatus(holt, student, id);
      t.not(status?.state, 'failed', status?.message ?? '');
      return status?.passback?.state === 'sent';
    });
    const status = await readStatus(holt, student, id);
    t.deepEqual(status?.score, {earned: 12, possible: 15}, student);
    t.is(await submit(t, holt, student, await logIn(holt, student), 'partial'), id, 'it is still the same submission');
  }

  const gradebook: {student: string; score: number}[] = JSON.parse(
    await readFile(path.join(folder, 'demo-lms.json'), 'utf8'),
  );
  t.deepEqual(gradebook.map(({student, score}) => [student, score]).toSorted(), [
    ['answered', 0.8],
    ['graded', 0.8],
    ['grading', 0.8],
  ]);

  await logIn(holt, 'late', browser);
  const page = `${holt.stack.url}${prefix}submissions`;
  await browser.send(page, {headers: {Accept: 'text/html'}});
  const own = (await (await browser.send(page, {headers: {Accept: 'application/json'}})).json()) as {
    submissions: unknown[];
  };
  t.is(own.submissions.length, 1, 'the parked notebook is claimed');
}

test.serial('embedded: a power cut at any stage loses nothing that was answered or parked', async t => {
  t.timeout(600_000);
  if (need(t, {what: '/proc', get: 'run it on Linux', isMissing: process.platform !== 'linux'})) {
    return;
  }

  await setUpPython();
  await surviveCuts(t, 'embedded', {});
});

test.serial('google: a power cut of everything but the cloud loses nothing that was answered or parked', async t => {
  t.timeout(600_000);
  const isMissing = process.platform !== 'linux';
  if (needEmulators(t) || need(t, {what: '/proc', get: 'run it on Linux', isMissing})) {
    return;
  }

  await setUpPython();
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-cloud-'));
  const places = {environment: process.env, home: homedir(), tools: path.join(root, '.holt/tools')};
  t.deepEqual(findPrograms(places).missing, []);
  const cloud = await startEmulators({
    programs: getPrograms(places),
    folder,
    projectId: 'holt-local',
    eventsHost: 'nowhere',
    resultsBucket: 'none',
    notificationTopic: 'none',
    log() {},
  });
  t.teardown(async () => {
    await cloud.close();
    await rm(folder, {recursive: true, force: true, maxRetries: 5});
  });
  await surviveCuts(t, 'google', {
    FIRESTORE_EMULATOR_HOST: cloud.firestoreHost,
    PUBSUB_EMULATOR_HOST: cloud.pubsubHost,
  });
});
