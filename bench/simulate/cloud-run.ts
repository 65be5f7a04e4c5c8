import {LOOK_EVERY_SECONDS} from '../../domain/free-task.ts';
import type {Manifest, ManifestIndex} from '../../domain/manifest.ts';
import type {Jobs} from '../../domain/ports.ts';
import type {VirtualClock} from './clock.ts';

/** How Cloud Run behaves here. Assumed, not measured: Google publishes no number for the start. */
export const platform = {
  /** A task's start takes the nominal latency times something between these. */
  startSpread: [0.7, 1.6],
  /** From the container's first instruction to the first notebook: the image's programs, the judge warm, the archive. */
  bootSeconds: 4,
  /** A notebook down and its result up, of each entry. */
  transferSeconds: 0.3,
  /** Until `jobs.run` has answered. */
  runMilliseconds: 800,
} as const;

type Task = {batchAt: number; billedSeconds: number; entries: number};

type Needs = {
  clock: VirtualClock;
  random: () => number;
  readObject: (url: string) => unknown;
  startSeconds: number;
  /** Until a task's first connection, beyond its boot; it is billed. */
  networkSeconds: number;
  /** Tasks that the platform runs at once, whatever was asked for. */
  parallelTasks: number;
  serviceSeconds: (submissionId: string) => number;
  upload: (submissionId: string, run: number) => void;
  /** Closes the place where a task looked for another list. */
  close: (url: string) => void;
};

/** Makes Cloud Run: it starts what it is asked to start, late, and bills each task for its life. */
export function makeCloudRun(needs: Needs) {
  const {clock, random, readObject, startSeconds, networkSeconds, parallelTasks, serviceSeconds, upload, close} = needs;
  const runCalls: number[] = [];
  const tasks: Task[] = [];
  const underway = new Map<string, number>();
  const waiting: (() => void)[] = [];
  let running = 0;
  let mostRunning = 0;

  const take = (): Promise<void> =>
    new Promise(resolve => {
      const begin = () => {
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        resolve();
      };
      running < parallelTasks ? begin() : waiting.push(begin);
    });
  const give = (): void => {
    running -= 1;
    waiting.shift()?.();
  };

  /** Looks for another list as the grader does. */
  const takeMore = async (next: Manifest['next']): Promise<Manifest | undefined> => {
    if (!next) {
      return undefined;
    }

    for (let looked = 0; looked < next.seconds; looked += LOOK_EVERY_SECONDS) {
      const found = readObject(next.url);
      if (found) {
        return found as Manifest;
      }

      await clock.sleep(LOOK_EVERY_SECONDS * 1000);
    }

    close(next.close.url);
    return readObject(next.url) as Manifest | undefined;
  };

  const runTask = async (execution: string, url: string, batchAt: number): Promise<void> => {
    await take();
    const [least, most] = platform.startSpread;
    await clock.sleep(startSeconds * (least + (most - least) * random()) * 1000);
    const startedAt = clock.elapsed();
    const first = readObject(url) as Manifest;
    await clock.sleep((platform.bootSeconds + networkSeconds) * 1000);
    let entries = 0;
    for (let list: Manifest | undefined = first; list; list = await takeMore(list.next)) {
      for (const entry of list.entries) {
        const id = entry.kind === 'grade' ? entry.submissionId : '';
        await clock.sleep((serviceSeconds(id) + platform.transferSeconds) * 1000);
        upload(id, entry.run);
        entries += 1;
      }
    }

    tasks.push({batchAt, billedSeconds: billedSeconds((clock.elapsed() - startedAt) / 1000), entries});
    const left = (underway.get(execution) ?? 1) - 1;
    left > 0 ? underway.set(execution, left) : underway.delete(execution);
    give();
  };

  const jobs: Jobs = {
    async start({manifestIndexUrl}) {
      const batchAt = clock.elapsed();
      runCalls.push(batchAt);
      const execution = `execution-${runCalls.length}`;
      const index = readObject(manifestIndexUrl) as ManifestIndex;
      underway.set(execution, index.tasks.length);
      for (const url of index.tasks) {
        void runTask(execution, url, batchAt);
      }

      await clock.sleep(platform.runMilliseconds);
      return execution;
    },
    async findState(execution) {
      await clock.sleep(platform.runMilliseconds / 4);
      return underway.has(execution) ? 'running' : 'ended';
    },
  };
  return {jobs, runCalls, tasks, mostRunning: () => mostRunning};
}

/** What a task is billed for: at least a minute, in steps of a tenth of a second. */
export const billedSeconds = (lifeSeconds: number): number => Math.max(60, Math.ceil(lifeSeconds * 10) / 10);
