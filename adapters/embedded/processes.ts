import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {hasCode} from './storage-errors.ts';

/**
 * Tells one life of a process number from any other: the start time, and on Linux the boot it belongs to. Undefined
 * when no such process runs.
 */
export function findFingerprint(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    return findStartByPs(pid);
  }

  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; the fields after it are numbers (proc(5), field 22).
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : `${bootId()} ${fields[18]}`;
  } catch {
    return undefined;
  }
}

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

function findStartByPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {encoding: 'utf8'}).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Signals a whole process group; false when it has no process left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    // A group in which every process has ended and none is reaped answers EPERM on macOS.
    if (hasCode(error, 'ESRCH') || hasCode(error, 'EPERM')) {
      return false;
    }

    throw error;
  }
}

/** Signals one process; false when it has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) {
      return false;
    }

    throw error;
  }
}

/** What was noted of a process when it was started; it leads a group of its own. */
export type KnownProcess = {pid: number; fingerprint: string};

/**
 * Ends a process group of an earlier life, if it is still that group, and waits until it is gone.
 *
 * Rule: a process of that number with another start is a stranger. Where the leader has ended, its number cannot be
 *       given away as long as the group has members, so within one boot they are its own.
 */
export async function endOldGroup({pid, fingerprint}: KnownProcess): Promise<void> {
  const now = findFingerprint(pid);
  const [boot] = fingerprint.split(' ');
  const isOurs = now === undefined ? process.platform === 'linux' && boot === bootId() : now === fingerprint;
  if (!isOurs || !signalGroup(pid, 'SIGKILL')) {
    return;
  }

  const deadline = Date.now() + 5000;
  while (Date.now() < deadline && findFingerprint(pid) === fingerprint) {
    await sleep(5);
  }
}
