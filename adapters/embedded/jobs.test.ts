import {spawn} from 'node:child_process';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {resultName} from '../../domain/object-names.ts';
import {makeFolder, openTestEngine, testSettings} from '../../testing/contracts/embedded-engine.ts';
import {listenForTasks, type ReportedTask} from '../../testing/contracts/jobs.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {openDatabase} from './open-database.ts';
import {findFingerprint} from './processes.ts';

const program = path.join(import.meta.dirname, '../../testing/contracts/embedded-child.ts');
const isGone = (pid: number | undefined) => pid !== undefined && findFingerprint(pid) === undefined;
const pidsOf = (tasks: readonly ReportedTask[]) => tasks.flatMap(({pid, child}) => [pid, child]);

test('a task finds in its environment what Cloud Run sets and what it was given, and nothing else', async t => {
  const {jobs} = await openTestEngine(t);
  const {url, hears} = await listenForTasks(t);
  await jobs.start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 60});
  const [task] = await hears(1);
  task?.answer('0');
  // The shell that starts a task adds what it was started with itself.
  const ofTheShell = ['OLDPWD', 'PWD', 'SHLVL', '_'];
  t.deepEqual(
    task?.environment.filter(name => !ofTheShell.includes(name)),
    ['CLOUD_RUN_EXECUTION', 'CLOUD_RUN_TASK_COUNT', 'CLOUD_RUN_TASK_INDEX', 'MANIFEST_INDEX_URL', 'PATH'],
  );
});

test('no more tasks run at once than allowed, of all executions together', async t => {
  const settings = testSettings('');
  const {jobs} = await openTestEngine(t, {jobs: {...settings.jobs, parallelism: 2}});
  const {url, tasks, hears} = await listenForTasks(t);
  const request = {tasks: 2, manifestIndexUrl: url, timeoutSeconds: 60};
  const executions = [await jobs.start(request), await jobs.start(request)];
  await hears(2);
  t.is(await jobs.findState(executions[1] ?? ''), 'running', 'waiting inside is running');
  tasks[0]?.answer('0');
  await hears(3);
  t.is(tasks.length, 3);
  t.is(tasks[2]?.execution, executions[1]);
  tasks[1]?.answer('0');
  tasks[2]?.answer('0');
  (await hears(4))[3]?.answer('0');
  await pollUntil('both ends', async () =>
    (await Promise.all(executions.map(jobs.findState))).every(state => state === 'ended'),
  );
});

test('what a task prints is logged line by line, with its execution', async t => {
  const lines: (Record<string, unknown> | undefined)[] = [];
  const {jobs} = await openTestEngine(t, {log: (_, __, fields) => lines.push(fields)});
  const {url, hears} = await listenForTasks(t);
  const execution = await jobs.start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 60});
  (await hears(1))[0]?.answer('5');
  await pollUntil('the lines', () => lines.some(fields => fields?.code === 5));
  const said = (line: string) => lines.some(fields => fields?.line === line && fields.execution === execution);
  t.true(said('task 0 is here'));
  t.true(said('and says so'));
});

test('a task that ignores its time limit is ended with everything it has started', async t => {
  const settings = testSettings('');
  const command = [...settings.jobs.command, 'stubborn'];
  const {jobs} = await openTestEngine(t, {jobs: {...settings.jobs, command}});
  const {url, hears} = await listenForTasks(t);
  const execution = await jobs.start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 1});
  const tasks = await hears(1);
  t.false(isGone(tasks[0]?.child));
  await pollUntil('the end', async () => (await jobs.findState(execution)) === 'ended');
  await pollUntil('no process', () => pidsOf(tasks).every(isGone));
});

test('a program that is not there is an end, said in the log', async t => {
  const messages: string[] = [];
  const {jobs} = await openTestEngine(t, {
    jobs: {command: ['no-such-program'], environment: {PATH: '/usr/bin:/bin'}},
    log: (_, message, fields) => messages.push(`${message} ${fields?.line ?? ''}`),
  });
  const execution = await jobs.start({tasks: 1, manifestIndexUrl: 'http://127.0.0.1:1/', timeoutSeconds: 5});
  await pollUntil('the end', async () => (await jobs.findState(execution)) === 'ended');
  await pollUntil('the log', () => messages.some(message => /no-such-program.*not found/.test(message)));
  t.true(messages.some(message => message.startsWith('a task failed')));
});

test('closing ends the tasks and what they have started, and their execution is lost', async t => {
  const folder = makeFolder(t);
  const settings = testSettings(folder);
  const command = [...settings.jobs.command, 'stubborn'];
  const engine = await openTestEngine(t, {folder, jobs: {...settings.jobs, command}});
  const {url, hears} = await listenForTasks(t);
  const execution = await engine.jobs.start({tasks: 3, manifestIndexUrl: url, timeoutSeconds: 60});
  const tasks = await hears(2);
  await engine.close();
  await pollUntil('no process', () => pidsOf(tasks).every(isGone));
  t.is(tasks.length, 2, 'the one that waited was not started');
  const next = await openTestEngine(t, {folder});
  t.is(await next.jobs.findState(execution), 'lost');
});

test('a task that is asked to end is asked alone, and what it uploads then is told of in the next life', async t => {
  const folder = makeFolder(t);
  const lines: unknown[] = [];
  const program = `
    const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {stdio: 'ignore'});
    setInterval(() => {}, 1000);
    process.on('SIGTERM', async () => {
      const isAlive = child.exitCode === null && child.signalCode === null;
      const headers = {'content-type': 'application/json', 'x-goog-if-generation-match': '0'};
      const {status} = await fetch(process.env.MANIFEST_INDEX_URL, {method: 'PUT', headers, body: '{}'});
      console.log(isAlive ? 'with its child' : 'alone', status);
      process.exit(143);
    });
    console.log('ready');`;
  const jobs = {...testSettings('').jobs, command: [process.execPath, '-e', program], graceSeconds: 10};
  const engine = await openTestEngine(t, {folder, jobs, log: (_, __, fields) => lines.push(fields?.line)});
  const result = resultName('s1', 1);
  const {url} = await engine.objects.signPut(result, 60, 1000);
  const execution = await engine.jobs.start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 60});
  await pollUntil('the task', () => lines.includes('ready'));
  await engine.close();
  t.true(lines.includes('with its child 200'), lines.join());

  const next = await openTestEngine(t, {folder});
  t.is(await next.jobs.findState(execution), 'lost', 'what it did not upload is freed without a strike');
  const told: unknown[] = [];
  next.startDelivery(async (target, {subject}) => void told.push([target, subject]));
  await pollUntil('the event', () => told.length > 0);
  t.deepEqual(told, [['record', `objects/${result.name}`]]);
});

test('tasks of a killed Holt are ended by the next one, and their execution is lost', async t => {
  const folder = makeFolder(t);
  const {url, hears} = await listenForTasks(t);
  const holt = spawn(process.execPath, [program, 'job', folder, url], {stdio: ['ignore', 'pipe', 'inherit']});
  t.teardown(() => holt.kill('SIGKILL'));
  const tasks = await hears(2);
  holt.kill('SIGKILL');
  const execution = (await text(holt.stdout)).trim();
  t.true(
    pidsOf(tasks).every(pid => !isGone(pid)),
    'they outlive it',
  );
  const next = await openTestEngine(t, {folder});
  t.true(
    tasks.every(({pid}) => isGone(pid)),
    'and are gone once the next one is open',
  );
  await pollUntil('no process', () => pidsOf(tasks).every(isGone));
  t.is(await next.jobs.findState(execution), 'lost');
});

test('a stranger that got the number of an old task is left alone', async t => {
  const folder = makeFolder(t);
  const stranger = spawn('/bin/sleep', ['60'], {detached: true, stdio: 'ignore'});
  t.teardown(() => stranger.kill('SIGKILL'));
  const store = openDatabase({folder, log() {}});
  const [boot] = (findFingerprint(process.pid) ?? '').split(' ');
  const insert = store.prepare('INSERT INTO children (pid, execution, fingerprint) VALUES (?, ?, ?)');
  insert.run(stranger.pid ?? 0, 'old', `${boot} 1`);
  store.database.close();
  await openTestEngine(t, {folder});
  t.false(isGone(stranger.pid));
});

test('after closing, nothing keeps the process: it ends by itself', async t => {
  const holt = spawn(process.execPath, [program, 'pass', makeFolder(t), 'http://127.0.0.1:1/'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => holt.kill('SIGKILL'));
  const exit = new Promise(resolve => holt.once('exit', resolve));
  t.is(await text(holt.stdout), 'closed\n');
  t.is(await exit, 0);
});
