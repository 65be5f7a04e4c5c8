import type {FreeTask} from '../../domain/free-task.ts';
import type {List, Now} from '../../domain/ports.ts';
import {LATE_SECONDS, type QueueEntry} from '../../domain/queue.ts';
import {addSeconds} from '../../domain/values.ts';
import type {DispatchSettings} from './settings.ts';

export type Look = {
  /** Entries that are due, the oldest first. */
  listDue: (limit: number, after?: readonly [string, string]) => Promise<QueueEntry[]>;
  /** Tasks that look for another list, first the one that will look longest. */
  listFree: () => Promise<FreeTask[]>;
  /** How many entries may be started now: places for tasks times entries of a task. */
  findRoom: () => Promise<number>;
  /** Whether something is due that could be started. */
  hasWork: () => Promise<boolean>;
};

/** Makes dispatch's looks at what waits and at what runs. */
export function makeLook({list, now, settings}: {list: List; now: Now; settings: DispatchSettings}): Look {
  const listDue: Look['listDue'] = (limit, after) =>
    list({
      collection: 'queue',
      where: [
        ['claimed', '==', false],
        ['visibleAt', '<=', now()],
      ],
      orderBy: ['visibleAt', 'asc'],
      after,
      limit,
    });

  const listFree: Look['listFree'] = async () =>
    settings.maxListsPerTask === 1
      ? []
      : list({
          collection: 'freeTasks',
          where: [['expireAt', '>', now()]],
          orderBy: ['expireAt', 'desc'],
          limit: settings.maxParallelTasks,
        });

  const findRoom: Look['findRoom'] = async () => {
    const {maxParallelTasks, maxSubmissionsPerTask} = settings;
    const [claimed, free] = await Promise.all([
      list({
        collection: 'queue',
        where: [
          ['claimed', '==', true],
          // A run that is late still has its place.
          ['visibleAt', '>', addSeconds(now(), -LATE_SECONDS)],
        ],
        orderBy: ['visibleAt', 'asc'],
        limit: maxParallelTasks * maxSubmissionsPerTask,
      }),
      listFree(),
    ]);
    const tasks = new Set([...claimed.map(({claim}) => `${claim?.batch}-${claim?.task}`), ...free.map(({id}) => id)]);
    return Math.max(maxParallelTasks - tasks.size, 0) * maxSubmissionsPerTask;
  };

  // One read where nothing waits; how many tasks run takes as many reads as there are claims.
  const hasWork = async () => (await listDue(1)).length > 0 && (await findRoom()) > 0;
  return {listDue, listFree, findRoom, hasWork};
}
