import {setTimeout as sleep} from 'node:timers/promises';
import {measureMemory} from '../grader-job/processes.ts';

const EVERY_MS = 50;

/** Does some work, and tells how much more memory a process and its descendants held meanwhile, at most, in bytes. */
export async function watchMemory<T>(pid: number, work: () => Promise<T>): Promise<{done: T; bytes: number}> {
  // Pages that forked processes share are counted once, whatever it costs.
  const before = await measureMemory(pid, 0);
  let most = before;
  let isDone = false;
  const watch = async () => {
    while (!isDone) {
      most = Math.max(most, await measureMemory(pid, 0));
      await sleep(EVERY_MS);
    }
  };
  const watching = watch();
  try {
    const done = await work();
    return {done, bytes: most - before};
  } finally {
    isDone = true;
    await watching;
  }
}
