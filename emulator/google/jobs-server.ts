import {randomBytes} from 'node:crypto';
import {createServer, type IncomingMessage} from 'node:http';
import path from 'node:path';
import {z} from 'zod';
import type {Log} from '../../domain/ports.ts';
import {listen, readAll} from '../local-server.ts';
import {makeExecutionStore} from './execution-store.ts';
import {makeProcesses} from './processes.ts';
import {runExecution} from './run-execution.ts';

/** The container's program: what runs once for each task. */
export type JobProgram = {command: string; args: readonly string[]; env: Record<string, string>};

type Settings = {
  /** Folder for the record of what runs, and for the tasks' output. */
  folder: string;
  /** Jobs by short name. */
  jobs: Record<string, JobProgram>;
  log: Log;
  parallelism?: number;
};

/** As much of `RunJobRequest` as is honoured. */
const RunJob = z.object({
  overrides: z
    .object({
      taskCount: z.number().int().min(0).max(10_000).default(1),
      timeout: z
        .string()
        .regex(/^\d+(\.\d+)?s$/)
        .default('600s'),
      containerOverrides: z
        .array(z.object({env: z.array(z.object({name: z.string(), value: z.string()})).default([])}))
        .default([]),
    })
    .prefault({}),
});

type Reply = {status: number; body: object};

// https://google.aip.dev/193
const problem = (status: number, name: string, message: string): Reply => ({
  status,
  body: {error: {code: status, status: name, message}},
});

/**
 * Serves the part of the Cloud Run Admin API (v2, REST) that runs a job, and really runs it: one process for each task.
 *
 * An execution that a former life left running is reported as cancelled, and its processes are ended.
 */
export async function startJobsServer({folder, jobs, log, parallelism = 2}: Settings) {
  const processes = await makeProcesses(path.join(folder, 'tasks.json'));
  const executions = makeExecutionStore(path.join(folder, 'executions.json'));
  executions.cancelRunning();
  const closing = new AbortController();
  const running = new Set<Promise<void>>();

  const run = (jobName: string, job: JobProgram, content: Buffer): Reply => {
    const parsed = RunJob.safeParse(parseJson(content));
    if (!parsed.success) {
      return problem(400, 'INVALID_ARGUMENT', z.prettifyError(parsed.error));
    }

    const {taskCount, timeout, containerOverrides} = parsed.data.overrides;
    const id = `${path.basename(jobName)}-${randomBytes(4).toString('hex')}`;
    const name = `${jobName}/executions/${id}`;
    const tasks = Math.max(taskCount, 1);
    executions.start(name, jobName, tasks);
    const overrides = containerOverrides.flatMap(({env}) => env.map(({name: key, value}) => [key, value] as const));
    const work = runExecution({
      id,
      tasks,
      parallelism,
      timeoutSeconds: Number.parseFloat(timeout),
      program: {...job, env: {...job.env, ...Object.fromEntries(overrides)}},
      start: processes.start,
      logFile: path.join(folder, 'logs', `${id}.log`),
      signal: closing.signal,
      log,
    }).then(failed => executions.end(name, failed, closing.signal.aborted));
    running.add(work);
    void work.finally(() => running.delete(work));
    return {status: 200, body: operation(name)};
  };

  const operation = (name: string) => {
    const execution = executions.find(name);
    const any = {'@type': 'type.googleapis.com/google.cloud.run.v2.Execution', ...execution};
    const done = execution?.completionTime !== undefined;
    const operationName = name.replace(/\/jobs\/[^/]+\/executions\//, '/operations/');
    return {name: operationName, metadata: any, done, ...(done && {response: any})};
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const {pathname} = new URL(request.url ?? '/', 'http://127.0.0.1');
    const job = /^\/v2\/(projects\/[^/]+\/locations\/[^/]+\/jobs\/([^/:]+)):run$/.exec(pathname);
    if (request.method === 'POST' && job?.[1] && job[2]) {
      const program = Object.hasOwn(jobs, job[2]) ? jobs[job[2]] : undefined;
      const content = await readAll(request, 2 ** 20);
      return program && content
        ? run(job[1], program, content)
        : problem(404, 'NOT_FOUND', `There is no job ${job[2]} here.`);
    }

    const execution = executions.find(pathname.replace(/^\/v2\//, ''));
    if (request.method === 'GET' && execution) {
      return {status: 200, body: execution};
    }

    const id = /^\/v2\/projects\/[^/]+\/locations\/[^/]+\/operations\/([^/]+)$/.exec(pathname)?.[1];
    const named = id && executions.findById(id);
    return request.method === 'GET' && named
      ? {status: 200, body: operation(named.name)}
      : problem(404, 'NOT_FOUND', `There is no ${pathname} here.`);
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch(error => problem(500, 'INTERNAL', String(error)))
      .then(({status, body}) =>
        response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body)),
      );
  });
  const local = await listen(server);

  return {
    url: local.url,
    /** Stops what runs, and answers no more. */
    async close() {
      closing.abort();
      await Promise.all(running);
      await local.close();
    },
  };
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8') || '{}');
  } catch {
    return undefined;
  }
}
