import {execFile} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Lists a process's descendants; those of a finished parent belong to whoever adopted them. Linux only, else empty. */
async function listBelow(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map(thread => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  const children = lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
  const below = await Promise.all(children.map(listBelow));
  return [...children, ...below.flat()];
}

/**
 * Measures what a process and its descendants hold in memory that is theirs alone (files shared by mapping left out).
 *
 * Rule:  forked processes share pages, which a plain sum counts for each; only a sum above `enough` is worth the slow
 *        look at the shares.
 * Units: bytes. 0 where it cannot be told.
 */
export async function measureMemory(pid: number, enough: number): Promise<number> {
  const pids = [pid, ...(await listBelow(pid))];
  const sum = async (file: string, field: RegExp) => {
    const texts = await Promise.all(pids.map(each => readFile(`/proc/${each}/${file}`, 'utf8').catch(() => '')));
    const sizes = texts.flatMap(text => [...text.matchAll(field)].map(([, kB]) => Number(kB) * 1024));
    return sizes.reduce((total, bytes) => total + bytes, 0);
  };
  const most = await sum('status', /^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm);
  return most > enough ? (await sum('smaps_rollup', /^Pss_(?:Anon|Shmem):\s+(\d+) kB$/gm)) || most : most;
}

/** Ends a process and its descendants where no namespace does it. A kernel has a session of its own, so no group has all. */
export async function endTree(pid: number): Promise<void> {
  const {stdout} = await run('ps', ['-A', '-o', 'pid=,ppid=']).catch(() => ({stdout: ''}));
  const parents = new Map(stdout.split('\n').map(line => line.trim().split(/\s+/).map(Number) as [number, number]));
  const isBelow = (each: number | undefined): boolean =>
    each !== undefined && each > 1 && (each === pid || isBelow(parents.get(each)));
  for (const each of [pid, ...[...parents.keys()].filter(isBelow)]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
