import type {Log} from '../../domain/ports.ts';
import type {JobProgram} from './jobs-server.ts';
import type {Program, Running} from './processes.ts';

type Settings = {
  id: string;
  tasks: number;
  parallelism: number;
  timeoutSeconds: number;
  program: JobProgram;
  start: (program: Program) => Promise<Running>;
  logFile: string;
  signal: AbortSignal;
  log: Log;
};

/** Runs every task of an execution, so many at a time, each within the time limit; answers how many failed. */
export async function runExecution(settings: Settings): Promise<number> {
  const {tasks, parallelism, signal} = settings;
  const waiting = Array.from({length: tasks}, (_, index) => index);
  let failed = 0;
  const work = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      const isGood = !signal.aborted && (await runTask(settings, index));
      failed += isGood ? 0 : 1;
    }
  };
  await Promise.all(Array.from({length: Math.min(parallelism, tasks)}, work));
  return failed;
}

async function runTask(settings: Settings, index: number): Promise<boolean> {
  const {id, tasks, timeoutSeconds, program, start, logFile, signal, log} = settings;
  const env = {
    ...program.env,
    CLOUD_RUN_EXECUTION: id,
    CLOUD_RUN_TASK_INDEX: String(index),
    CLOUD_RUN_TASK_COUNT: String(tasks),
    CLOUD_RUN_TASK_ATTEMPT: '0',
  };
  try {
    const task = await start({...program, env, logFile});
    const stop = () => void task.end(0);
    signal.addEventListener('abort', stop);
    if (signal.aborted) {
      stop();
    }

    const timer = setTimeout(() => {
      log('WARNING', 'A task was stopped at its time limit.', {execution: id, task: index, timeoutSeconds});
      stop();
    }, timeoutSeconds * 1000);
    const {code, signal: cause} = await task.ended;
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    if (code !== 0) {
      log('WARNING', 'A task failed.', {execution: id, task: index, code, signal: cause, logFile});
    }

    return code === 0;
  } catch (error) {
    log('ERROR', 'A task could not be started.', {execution: id, task: index, error: String(error)});
    return false;
  }
}
