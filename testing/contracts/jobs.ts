import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text} from 'node:stream/consumers';
import type {ExecutionContext, TestFn} from 'ava';
import type {Jobs} from '../../domain/ports.ts';
import {pollUntil} from './poll.ts';

/** The task that the suite lets run; it needs only node. Start it as `[process.execPath, taskProgram]`. */
export const taskProgram = `${import.meta.dirname}/task.ts`;

/** Makes jobs whose tasks run `taskProgram`, at least two at once, and ends them with the test. */
export type MakeJobs = (t: ExecutionContext) => Promise<Jobs>;

/** What a task told of itself, and how to tell it to end. */
export type ReportedTask = {
  index: string;
  count: string;
  execution: string;
  environment: string[];
  pid: number;
  child?: number;
  answer: (exitCode: string) => void;
};

/** A server that each task reports to, and that tells each task when to end and how. */
export async function listenForTasks(t: ExecutionContext) {
  const tasks: ReportedTask[] = [];
  const server = createServer(async (request, response) => {
    tasks.push({...JSON.parse(await text(request)), answer: end => response.end(end)});
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.json?signature=a%2Fb%3D`;
  const hears = (count: number) => pollUntil(`${count} tasks`, () => tasks.length >= count && tasks);
  return {url, tasks, hears};
}

/** Registers what every engine's jobs must do. */
export function jobsContract(test: TestFn, makeJobs: MakeJobs): void {
  test('jobs: an execution is started, runs, and ends with its tasks', async t => {
    const {start, findState} = await makeJobs(t);
    const {url, hears} = await listenForTasks(t);
    const execution = await start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 60});
    const [task] = await hears(1);
    t.is(await findState(execution), 'running');
    task?.answer('0');
    await pollUntil('the end', async () => (await findState(execution)) === 'ended');
    t.is(task?.index, '0');
    t.is(task?.count, '1');
  });

  test('jobs: every task of an execution runs once, knows its index and the execution', async t => {
    const {start, findState} = await makeJobs(t);
    const {url, tasks, hears} = await listenForTasks(t);
    const execution = await start({tasks: 4, manifestIndexUrl: url, timeoutSeconds: 60});
    for (let count = 1; count <= 4; count += 1) {
      (await hears(count))[count - 1]?.answer('0');
    }

    await pollUntil('the end', async () => (await findState(execution)) === 'ended');
    t.deepEqual(tasks.map(({index}) => index).toSorted(), ['0', '1', '2', '3']);
    t.true(tasks.every(({count}) => count === '4'));
    t.is(new Set(tasks.map(task => task.execution)).size, 1);
    t.true(execution.endsWith(tasks[0]?.execution ?? 'none'));
  });

  test('jobs: an execution runs until its last task has ended', async t => {
    const {start, findState} = await makeJobs(t);
    const {url, hears} = await listenForTasks(t);
    const execution = await start({tasks: 2, manifestIndexUrl: url, timeoutSeconds: 60});
    const [one, two] = await hears(2);
    one?.answer('0');
    t.is(await findState(execution), 'running');
    two?.answer('0');
    await pollUntil('the end', async () => (await findState(execution)) === 'ended');
  });

  test('jobs: a task that fails ends its execution too', async t => {
    const {start, findState} = await makeJobs(t);
    const {url, hears} = await listenForTasks(t);
    const execution = await start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 60});
    (await hears(1))[0]?.answer('3');
    await pollUntil('the end', async () => (await findState(execution)) === 'ended');
    t.pass();
  });

  test('jobs: a task that takes too long is ended', async t => {
    const {start, findState} = await makeJobs(t);
    const {url, tasks, hears} = await listenForTasks(t);
    const execution = await start({tasks: 1, manifestIndexUrl: url, timeoutSeconds: 1});
    await hears(1);
    await pollUntil('the end', async () => (await findState(execution)) === 'ended');
    t.is(tasks.length, 1, 'and is not tried again');
  });

  test('jobs: two executions have two names', async t => {
    const {start} = await makeJobs(t);
    const {url, hears} = await listenForTasks(t);
    const request = {tasks: 1, manifestIndexUrl: url, timeoutSeconds: 60};
    const [one, two] = await Promise.all([start(request), start(request)]);
    for (const task of await hears(2)) {
      task.answer('0');
    }

    t.not(one, two);
  });

  test('jobs: an execution that nobody started is unknown', async t => {
    const {findState} = await makeJobs(t);
    t.is(await findState('projects/p/locations/l/jobs/j/executions/never-started'), 'unknown');
    t.is(await findState('never-started'), 'unknown');
  });
}
