import {type ChildProcess, type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Log} from '../../domain/ports.ts';
import {findFingerprint, type KnownProcess, signalGroup, signalProcess} from './processes.ts';

export type TaskSettings = {
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  timeoutSeconds: number;
  /** Time between the polite signal and the other one at the time limit. */
  graceSeconds: number;
  /** Notes the process durably. Nothing of the command has run before it returns. */
  onSpawned: (child: KnownProcess) => void;
  log: Log;
};

export type Task = {
  /** Resolves when no process of the task is left. Never rejects. */
  ended: Promise<void>;
  /** Asks the task to end, and after so many seconds ends it. */
  stop: (graceSeconds: number) => void;
};

export type Spawning = Pick<TaskSettings, 'command' | 'environment' | 'onSpawned' | 'log'>;

/**
 * Starts a process as a group of its own, with a fourth pipe that it may answer on.
 *
 * The shell waits for a line before it becomes the command: a Holt that dies before it has noted the process closes
 * the pipe, and the shell ends without having started anything.
 */
export function spawnNoted({command, environment, onSpawned, log}: Spawning) {
  const child = spawn('/bin/sh', ['-c', 'read -r go && exec "$@"', 'holt-task', ...command], {
    env: environment,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  const {pid} = child;
  const ended = waitForEnd(child, log);
  // What a child that has ended already does not read is not missed.
  child.stdin.on('error', () => {});
  const answers = child.stdio[3] as Readable;
  answers.on('error', () => {});
  try {
    if (pid !== undefined) {
      onSpawned({pid, fingerprint: findFingerprint(pid) ?? ''});
      child.stdin.write('go\n');
    }
  } catch (error) {
    log('ERROR', 'a task could not be noted and is not run', {error: String(error)});
    child.stdin.destroy();
  }

  return {child, ended, answers};
}

/** Starts a task as a process group of its own, ended as a whole at its time limit. */
export function startTask({timeoutSeconds, graceSeconds, log, ...settings}: TaskSettings): Task {
  const {child, ended} = spawnNoted({...settings, log});
  const {pid} = child;
  child.stdin.end();
  if (pid === undefined) {
    return {ended, stop() {}};
  }

  const over = new AbortController();
  const stop = async (seconds: number) => {
    // It alone, as on Cloud Run: what it has started works on, so that it can finish.
    signalProcess(pid, 'SIGTERM');
    await sleep(seconds * 1000, undefined, {signal: over.signal}).catch(() => {});
    signalGroup(pid, 'SIGKILL');
  };

  const limit = setTimeout(() => {
    log('WARNING', 'a task reached its time limit and is ended', {pid, timeoutSeconds});
    stop(graceSeconds);
  }, timeoutSeconds * 1000);

  return {
    ended: ended.finally(() => {
      clearTimeout(limit);
      over.abort();
      // Whatever the command has left behind ends with it.
      signalGroup(pid, 'SIGKILL');
    }),
    stop,
  };
}

async function waitForEnd(child: ChildProcess, log: Log): Promise<void> {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) {
      createInterface({input: stream}).on('line', line => log('INFO', 'task', {pid: child.pid, line}));
    }
  }

  await new Promise<void>(resolve => {
    child.on('error', error => {
      log('ERROR', 'a task could not be started', {error: String(error)});
      resolve();
    });
    child.on('exit', (code, signal) => {
      if (code !== 0) {
        log('WARNING', 'a task failed', {pid: child.pid, code, signal});
      }

      resolve();
    });
  });
}
