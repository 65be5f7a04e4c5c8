import {readdirSync, readFileSync} from 'node:fs';

/* What runs on this machine, as Linux tells it. */

/** The children of a process, theirs, and so on. */
export function listDescendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => [Number(name), findParent(name)] as const);
  const below = (one: number): number[] =>
    parents.filter(([, parent]) => parent === one).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function findParent(pid: string): number | undefined {
  try {
    // The name before it is in parentheses and may hold anything.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** Whether a process runs; one that is dead and only not yet buried does not. */
export const isAlive = (pid: number): boolean => {
  const state = /^State:\s+(\w)/m.exec(readIfThere(`/proc/${pid}/status`))?.[1];
  return state !== undefined && state !== 'Z';
};

/** The processes below this one that run a program, as its command line has it. */
export const findRunning = (program: string): number[] =>
  listDescendants(process.pid).filter(pid => readIfThere(`/proc/${pid}/cmdline`).includes(program));

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
