import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {findFingerprint} from '../../adapters/embedded/processes.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {type JobProgram, startJobsServer} from './jobs-server.ts';

/** The parts of answers that tests look at. */
type Body = {
  name: string;
  done: boolean;
  metadata: {name: string};
  response: {'@type': string; name: string};
  error: {code: number};
  completionTime?: string;
  conditions: {state: string; executionReason?: string}[];
};

const log = () => {};
const root = mkdtempSync(path.join(tmpdir(), 'holt-jobs-server-'));
const newFolder = () => mkdtempSync(path.join(root, 'test-'));
test.after.always(() => rmSync(root, {recursive: true, force: true}));
const job = 'projects/p/locations/r/jobs/grader';

/** A server whose job runs a line of JavaScript. */
async function setUp(t: ExecutionContext, script: string, {folder = newFolder(), parallelism = 2} = {}) {
  const grader: JobProgram = {command: process.execPath, args: ['-e', script], env: {FOLDER: folder}};
  const server = await startJobsServer({folder, jobs: {grader}, log, parallelism});
  t.teardown(server.close);
  const call = async (method: string, name: string, body?: object) => {
    const answer = await fetch(`${server.url}/v2/${name}`, {method, ...(body && {body: JSON.stringify(body)})});
    return {status: answer.status, body: (await answer.json()) as Body};
  };
  const run = async (overrides: object) => (await call('POST', `${job}:run`, {overrides})).body;
  const ends = (name: string) =>
    pollUntil('the end', async () => {
      const {body} = await call('GET', name);
      return body.completionTime !== undefined && body;
    });
  return {server, folder, call, run, ends};
}

const read = (folder: string, name: string) => {
  try {
    return readFileSync(path.join(folder, name), 'utf8');
  } catch {
    return '';
  }
};
const append = "require('fs').appendFileSync(process.env.FOLDER + '/out',";

test('a task has its environment: the job’s, the override’s, and the platform’s', async t => {
  const script = `${append} JSON.stringify(process.env) + '\\n')`;
  const {run, ends, folder} = await setUp(t, script);
  const env = [{name: 'MANIFEST_INDEX_URL', value: 'http://x.test/?a=b'}];
  const {metadata} = await run({taskCount: 1, timeout: '60s', containerOverrides: [{env}]});
  t.like(await ends(metadata.name), {succeededCount: 1, failedCount: 0});
  const seen = JSON.parse(read(folder, 'out'));
  t.like(seen, {MANIFEST_INDEX_URL: 'http://x.test/?a=b', CLOUD_RUN_TASK_INDEX: '0', CLOUD_RUN_TASK_COUNT: '1'});
  t.is(seen.CLOUD_RUN_TASK_ATTEMPT, '0');
  t.true(metadata.name.endsWith(`/executions/${seen.CLOUD_RUN_EXECUTION}`));
  t.false('HOME' in seen, 'and nothing of this process');
});

test('the operation of an execution is done when it is, and has it for its answer', async t => {
  const {call, run, ends} = await setUp(t, '');
  const {name, metadata} = await run({taskCount: 1});
  await ends(metadata.name);
  const {body} = await call('GET', name);
  t.true(body.done);
  t.is(body.response['@type'], 'type.googleapis.com/google.cloud.run.v2.Execution');
  t.is(body.response.name, metadata.name);
});

test('no more tasks run at a time than allowed', async t => {
  const script = `${append} '+'); setTimeout(() => ${append} '-'), 60)`;
  const {run, ends, folder} = await setUp(t, script, {parallelism: 2});
  const {metadata} = await run({taskCount: 5});
  await ends(metadata.name);
  let running = 0;
  const counts = [...read(folder, 'out')].map(sign => (running += sign === '+' ? 1 : -1));
  t.is(counts.length, 10);
  t.true(Math.max(...counts) <= 2);
});

test('at the time limit a task and its children are ended, even when they will not', async t => {
  const child = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  const script = `process.on('SIGTERM', () => {}); const c = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], {stdio: 'ignore'}); ${append} process.pid + ' ' + c.pid); setInterval(() => {}, 1000)`;
  const {run, ends, folder} = await setUp(t, script);
  const {metadata} = await run({taskCount: 1, timeout: '1s'});
  t.like(await ends(metadata.name), {failedCount: 1});
  const pids = read(folder, 'out').split(' ').map(Number);
  t.is(pids.length, 2);
  await pollUntil('their end', () => pids.every(pid => findFingerprint(pid) === undefined));
});

test('a task that fails makes a failed execution, with its output in the log', async t => {
  const {run, ends, folder} = await setUp(t, "console.error('oh no'); process.exit(3)");
  const {metadata} = await run({taskCount: 1});
  const ended = await ends(metadata.name);
  t.like(ended.conditions[0], {state: 'CONDITION_FAILED', executionReason: 'NON_ZERO_EXIT_CODE'});
  t.regex(read(folder, `logs/${path.basename(metadata.name)}.log`), /oh no/);
});

test('a program that is not there fails its tasks', async t => {
  const server = await startJobsServer({
    folder: newFolder(),
    jobs: {grader: {command: '/no/such', args: [], env: {}}},
    log,
  });
  t.teardown(server.close);
  const answer = await fetch(`${server.url}/v2/${job}:run`, {method: 'POST', body: '{}'});
  const {metadata} = (await answer.json()) as {metadata: {name: string}};
  await pollUntil('the end', async () => {
    const found = await fetch(`${server.url}/v2/${metadata.name}`);
    return ((await found.json()) as {failedCount?: number}).failedCount === 1;
  });
  t.pass();
});

const refuses = test.macro({
  async exec(t, name: string, body: object, status: number) {
    const {call} = await setUp(t, '');
    const answer = await call('POST', name, body);
    t.is(answer.status, status);
    t.is(answer.body.error.code, status);
  },
  title: (given, ..._) => `refused: ${given}`,
});
test('a job that is not there', refuses, 'projects/p/locations/r/jobs/other:run', {}, 404);
test('too many tasks', refuses, `${job}:run`, {overrides: {taskCount: 10_001}}, 400);
test('a timeout that is none', refuses, `${job}:run`, {overrides: {timeout: 'long'}}, 400);

test('an execution that a killed server left is cancelled, and its processes are ended', async t => {
  const folder = newFolder();
  const dead = `${job}/executions/grader-dead`;
  // A process of this test stands for the killed server's task.
  const {spawn} = await import('node:child_process');
  const orphan = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {detached: true, stdio: 'ignore'});
  const pid = orphan.pid ?? 0;
  const fingerprint = await pollUntil('the orphan', () => findFingerprint(pid));
  writeFileSync(path.join(folder, 'tasks.json'), JSON.stringify([{pid, fingerprint}]));
  const execution = {name: dead, job, taskCount: 1, startTime: '2026-01-15T00:00:00Z', conditions: []};
  writeFileSync(path.join(folder, 'executions.json'), JSON.stringify([execution]));

  const {call} = await setUp(t, '', {folder});
  t.is(findFingerprint(pid), undefined);
  const {body} = await call('GET', dead);
  t.is(body.conditions[0]?.executionReason, 'CANCELLED');
  t.truthy(body.completionTime);
});

test('a process that merely has a recorded number is left alone', async t => {
  const folder = newFolder();
  writeFileSync(path.join(folder, 'tasks.json'), JSON.stringify([{pid: process.pid, fingerprint: 'another life'}]));
  await setUp(t, '', {folder});
  t.pass('this process is still here');
});

test('closing ends what runs', async t => {
  const {server, run, folder} = await setUp(t, `${append} String(process.pid)); setInterval(() => {}, 1000)`);
  await run({taskCount: 1});
  const pid = Number(await pollUntil('the task', () => read(folder, 'out')));
  await server.close();
  t.is(findFingerprint(pid), undefined);
});
