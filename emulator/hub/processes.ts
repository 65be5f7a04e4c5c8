import {execFile} from 'node:child_process';
import {setTimeout as wait} from 'node:timers/promises';
import {promisify} from 'node:util';

/** Lists the processes that a process started, and those that they started. */
export async function findDescendants(pid: number): Promise<number[]> {
  const {stdout} = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number));
  const childrenOf = (parent: number): number[] =>
    pairs.flatMap(([child = 0, of]) => (of === parent ? [child, ...childrenOf(child)] : []));
  return childrenOf(pid);
}

/** Waits until processes are gone, and ends by force those that stay longer than `seconds`. */
export async function endProcesses(pids: readonly number[], seconds = 5): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (pids.some(isRunning) && performance.now() < deadline) {
    await wait(25);
  }

  for (const pid of pids.filter(isRunning)) {
    signal(pid, 'SIGKILL');
  }
}

/** Tells whether a process is there. */
export const isRunning = (pid: number) => signal(pid, 0);

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
