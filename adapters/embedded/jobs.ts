import {randomUUID} from 'node:crypto';
import {HoltError} from '../../domain/errors.ts';
import type {JobRequest, Jobs, Log} from '../../domain/ports.ts';
import {endOldGroup, type KnownProcess} from './processes.ts';
import type {Store} from './store.ts';
import {startTask, type Task} from './task.ts';
import {makeWarmTasks} from './warm-tasks.ts';

export type JobSettings = {
  /** The program of a task and its arguments. */
  command: readonly string[];
  /** All that a task finds in its environment, beside what Cloud Run would set; `PATH` belongs here. */
  environment: Readonly<Record<string, string>>;
  /** Tasks at once, of all executions together; the others wait. */
  parallelism?: number;
  /** Seconds between asking a task to end and ending it; 10, as on Cloud Run, unless given. */
  graceSeconds?: number;
  /** The program stays for the next task, and takes tasks from its input, so many of their entries at a time. */
  keepsWarm?: {workers: number};
};

/** Executions that ended so long ago are forgotten; by then nothing asks for them. */
const REMEMBERED_DAYS = 14;
/** Someone waits at a terminal, and the work is done again anyway. */
const LONGEST_CLOSE_SECONDS = 2;

/**
 * Runs jobs as child processes. Tasks of the last life are ended first, and their executions are `lost`.
 */
export async function openJobs(
  store: Store,
  {command, environment, parallelism = 2, graceSeconds = 10, keepsWarm}: JobSettings,
  log: Log,
): Promise<Jobs & {close: () => Promise<void>}> {
  await endLastLife(store, log);
  const waiting: (() => Task)[] = [];
  const running = new Map<Task, Promise<void>>();
  const live = new Map<string, number>();
  let closed = false;

  function runNext(): void {
    while (!closed && running.size < parallelism && waiting.length > 0) {
      const task = (waiting.shift() as () => Task)();
      running.set(
        task,
        task.ended.then(() => {
          running.delete(task);
          runNext();
        }),
      );
    }
  }

  const note = (execution: string) => (child: KnownProcess) => {
    const insert = store.prepare('INSERT OR REPLACE INTO children (pid, execution, fingerprint) VALUES (?, ?, ?)');
    store.writeAll(() => insert.run(child.pid, execution, child.fingerprint));
  };
  const warm =
    keepsWarm &&
    makeWarmTasks({
      command,
      environment: {...environment, HOLT_WORKERS: String(keepsWarm.workers)},
      graceSeconds,
      onSpawned: note(''),
      onEnded: pid => noteEnd(undefined, pid),
      log,
    });

  function startOne(execution: string, index: number, {tasks, manifestIndexUrl, timeoutSeconds}: JobRequest): Task {
    const taskLog: Log = (severity, message, fields) => log(severity, message, {execution, task: index, ...fields});
    if (warm) {
      const task = warm.start({manifestIndexUrl, index, timeoutSeconds, log: taskLog});
      return {...task, ended: task.ended.then(() => noteEnd(execution))};
    }

    let pid = 0;
    const task = startTask({
      command,
      environment: {
        ...environment,
        MANIFEST_INDEX_URL: manifestIndexUrl,
        CLOUD_RUN_TASK_INDEX: String(index),
        CLOUD_RUN_TASK_COUNT: String(tasks),
        CLOUD_RUN_EXECUTION: execution,
      },
      timeoutSeconds,
      graceSeconds,
      log: taskLog,
      onSpawned(child) {
        pid = child.pid;
        note(execution)(child);
      },
    });
    const ended = task.ended.then(() => noteEnd(execution, pid));
    return {...task, ended};
  }

  /** Notes the end of a task, or of a process, or of both. */
  function noteEnd(execution: string | undefined, pid?: number): void {
    const left = execution === undefined ? 1 : (live.get(execution) ?? 1) - 1;
    if (execution !== undefined) {
      live.set(execution, left);
    }

    try {
      store.writeAll(() => {
        if (pid !== undefined) {
          store.prepare('DELETE FROM children WHERE pid = ?').run(pid);
        }

        if (execution !== undefined && left === 0 && !closed) {
          store.prepare("UPDATE executions SET state = 'ended' WHERE name = ?").run(execution);
        }
      });
    } catch (error) {
      log('ERROR', 'the end of a task could not be noted', {execution, error: String(error)});
    }

    if (execution !== undefined && left === 0) {
      live.delete(execution);
    }
  }

  return {
    async start(request) {
      if (closed) {
        throw new HoltError('jobs-refused', 'Holt is stopping and starts no more jobs.');
      }

      const execution = `embedded-${randomUUID()}`;
      try {
        const insert = store.prepare("INSERT INTO executions (name, state, startedAt) VALUES (?, 'running', ?)");
        store.writeAll(() => insert.run(execution, new Date().toISOString()));
      } catch (cause) {
        throw new HoltError('jobs-refused', 'The job could not be noted, so it was not started.', {cause});
      }

      live.set(execution, request.tasks);
      waiting.push(...Array.from({length: request.tasks}, (_, index) => () => startOne(execution, index, request)));
      runNext();
      return execution;
    },

    async findState(execution) {
      if (live.has(execution)) {
        return 'running';
      }

      const row = store.prepare('SELECT state FROM executions WHERE name = ?').get(execution);
      // An end that could not be noted is an end all the same.
      return row ? (row.state === 'lost' ? 'lost' : 'ended') : 'unknown';
    },

    async close() {
      closed = true;
      waiting.length = 0;
      const ends = [...running.values()];
      const seconds = Math.min(graceSeconds, LONGEST_CLOSE_SECONDS);
      for (const task of running.keys()) {
        task.stop(seconds);
      }

      await Promise.all([...ends, warm?.close(seconds)]);
    },
  };
}

/** Ends what the last life left running; its executions are lost, through no fault of the work. */
async function endLastLife(store: Store, log: Log): Promise<void> {
  const children = store.prepare('SELECT pid, execution, fingerprint FROM children').all();
  await Promise.all(
    children.map(async ({pid, execution, fingerprint}) => {
      log('NOTICE', 'a task of the last life is ended', {pid, execution});
      await endOldGroup({pid: Number(pid), fingerprint: String(fingerprint)});
    }),
  );
  const oldest = new Date(Date.now() - REMEMBERED_DAYS * 86_400_000).toISOString();
  store.writeAll(() => {
    store.prepare('DELETE FROM children').run();
    store.prepare("UPDATE executions SET state = 'lost' WHERE state = 'running'").run();
    store.prepare('DELETE FROM executions WHERE startedAt < ?').run(oldest);
  });
}
