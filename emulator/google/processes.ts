import {type ChildProcess, type SpawnOptions, spawn} from 'node:child_process';
import {closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {z} from 'zod';
import {endOldGroup, findFingerprint, type KnownProcess, signalGroup} from '../../adapters/embedded/processes.ts';

const Known = z.object({pid: z.number().int(), fingerprint: z.string()});

export type Program = {
  command: string;
  args: readonly string[];
  env?: Record<string, string> | undefined;
  cwd?: string | undefined;
  /** File that the output is added to. */
  logFile: string;
};

export type Running = {
  pid: number;
  /** Resolves when the process has ended, with its code or signal. */
  ended: Promise<{code: number | null; signal: NodeJS.Signals | null}>;
  hasEnded: () => boolean;
  /** Asks the whole process group to end, and ends it by force when it stays. */
  end: (graceSeconds?: number) => Promise<void>;
};

const everything: Map<number, KnownProcess>[] = [];

// However this process ends, short of SIGKILL, nothing is left behind; after SIGKILL the record tells.
process.once('exit', () => {
  for (const pid of everything.flatMap(running => [...running.keys()])) {
    signalGroup(pid, 'SIGKILL');
  }
});

/**
 * Makes a starter of programs, each in a process group of its own, that a later life can end.
 *
 * `recordFile` lists what runs. What the last life left running there is ended first.
 */
export async function makeProcesses(recordFile: string): Promise<{start: (program: Program) => Promise<Running>}> {
  mkdirSync(path.dirname(recordFile), {recursive: true});
  await Promise.all(readRecord(recordFile).map(endOldGroup));
  rmSync(recordFile, {force: true});
  const running = new Map<number, KnownProcess>();
  everything.push(running);
  const save = () => {
    writeFileSync(`${recordFile}.new`, JSON.stringify([...running.values()]));
    renameSync(`${recordFile}.new`, recordFile);
  };

  return {
    async start({command, args, env, cwd, logFile}) {
      mkdirSync(path.dirname(logFile), {recursive: true});
      const output = openSync(logFile, 'a');
      const options: SpawnOptions = {cwd, detached: true, stdio: ['ignore', output, output], ...(env && {env})};
      const child = spawn(command, args, options);
      closeSync(output);
      await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
      const pid = child.pid ?? Number.NaN;
      running.set(pid, {pid, fingerprint: findFingerprint(pid) ?? ''});
      save();
      return watch(child, pid, () => {
        running.delete(pid);
        save();
      });
    },
  };
}

function watch(child: ChildProcess, pid: number, forget: () => void): Running {
  let hasEnded = false;
  const ended = new Promise<{code: number | null; signal: NodeJS.Signals | null}>(resolve => {
    child.once('exit', (code, signal) => {
      hasEnded = true;
      // Its children belong to it: a group does not outlive its leader here.
      signalGroup(pid, 'SIGKILL');
      forget();
      resolve({code, signal});
    });
  });

  return {
    pid,
    ended,
    hasEnded: () => hasEnded,
    async end(graceSeconds = 5) {
      if (hasEnded) {
        return;
      }

      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceSeconds * 1000);
      await ended;
      clearTimeout(timer);
    },
  };
}

function readRecord(recordFile: string): KnownProcess[] {
  try {
    return z.array(Known).parse(JSON.parse(readFileSync(recordFile, 'utf8')));
  } catch {
    return [];
  }
}
