import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {z} from 'zod';
import type {Log} from '../../domain/ports.ts';
import {signalGroup, signalProcess} from './processes.ts';
import {type Spawning, spawnNoted, type Task} from './task.ts';

export type WarmTask = {manifestIndexUrl: string; index: number; timeoutSeconds: number; log: Log};

type Settings = Spawning & {
  graceSeconds: number;
  /** A process that has had nothing to do for so long is ended. */
  idleSeconds?: number;
  onEnded: (pid: number) => void;
};

/** What the process says when a task is done; after `isLast` it should get no other. */
const Answer = z.object({id: z.number(), code: z.number(), isLast: z.boolean()});

type Process = {
  run: (task: WarmTask) => Promise<void>;
  /** Asks it to end, and after so many seconds ends it. */
  stop: (graceSeconds: number) => void;
  /** Gives it no more tasks. It ends with those that it has, and after so many seconds in any case. */
  leave: (graceSeconds: number) => void;
  ended: Promise<void>;
};

const IDLE_SECONDS = 600;
/** One that leaves has tasks to finish, each with a limit of its own. */
const LEAVE_SECONDS = 7200;

/**
 * Runs tasks in one process that stays for the next ones: what takes seconds to make warm is made once for all. It is
 * replaced when a task failed in it; one that reaches its time limit ends it, with all that it has started.
 */
export function makeWarmTasks({idleSeconds = IDLE_SECONDS, graceSeconds, onEnded, ...spawning}: Settings) {
  const all = new Set<Process>();
  let current: Process | undefined;

  const startProcess = (): Process | undefined => {
    const {child, ended, answers} = spawnNoted(spawning);
    const {pid} = child;
    if (pid === undefined) {
      return undefined;
    }

    const over = new AbortController();
    const waiting = new Map<number, (code: number | undefined) => void>();
    let asked = 0;
    let isStopping = false;
    let idle: NodeJS.Timeout | undefined;
    const end = async (seconds: number) => {
      await sleep(seconds * 1000, undefined, {signal: over.signal, ref: false}).catch(() => {});
      signalGroup(pid, 'SIGKILL');
    };
    const leave = (seconds: number) => {
      current = current === process ? undefined : current;
      clearTimeout(idle);
      child.stdin.end();
      void end(seconds);
    };
    const stop = (seconds: number) => {
      // Asked twice, it would end at once.
      if (!isStopping) {
        isStopping = true;
        signalProcess(pid, 'SIGTERM');
      }

      leave(seconds);
    };
    const answer = (line: string) => {
      const said = Answer.safeParse(parse(line)).data;
      waiting.get(said?.id ?? 0)?.(said?.code);
      if (said?.isLast) {
        leave(LEAVE_SECONDS);
      }
    };
    const run = async ({manifestIndexUrl, index, timeoutSeconds, log}: WarmTask): Promise<void> => {
      asked += 1;
      const id = asked;
      clearTimeout(idle);
      const {promise, resolve} = Promise.withResolvers<number | undefined>();
      waiting.set(id, resolve);
      const limit = setTimeout(() => {
        log('WARNING', 'a task reached its time limit and is ended', {pid, timeoutSeconds});
        stop(graceSeconds);
      }, timeoutSeconds * 1000);
      child.stdin.write(`${JSON.stringify({id, manifestIndexUrl, index})}\n`);
      const code = await promise;
      clearTimeout(limit);
      waiting.delete(id);
      if (code !== 0) {
        log('WARNING', 'a task failed', {pid, code});
      }

      if (waiting.size === 0 && current === process) {
        idle = setTimeout(() => leave(graceSeconds), idleSeconds * 1000);
        idle.unref();
      }
    };

    createInterface({input: answers}).on('line', answer);
    const process: Process = {
      run,
      stop,
      leave,
      ended: ended.then(() => {
        over.abort();
        leave(0);
        for (const resolve of waiting.values()) {
          resolve(undefined);
        }

        all.delete(process);
        onEnded(pid);
      }),
    };
    all.add(process);
    return process;
  };

  return {
    start(task: WarmTask): Task {
      current ??= startProcess();
      return current ? {ended: current.run(task), stop: current.stop} : {ended: Promise.resolve(), stop() {}};
    },

    async close(seconds: number): Promise<void> {
      const left = [...all];
      for (const process of left) {
        process.leave(seconds);
      }

      await Promise.all(left.map(({ended}) => ended));
    },
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
