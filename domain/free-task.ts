import {z} from 'zod';
import type {Transaction} from './ports.ts';
import type {QueueEntry} from './queue.ts';
import {addSeconds, Instant} from './values.ts';

/** A task that has graded its list, and looks for another one until `expireAt`. */
export const FreeTask = z.object({
  /** The batch and the task's number in it. */
  id: z.string(),
  batch: z.string(),
  task: z.number().int().nonnegative(),
  /** The platform's name of the execution; null where nobody could say it. */
  execution: z.string().nullable(),
  /** The list that it looks for; the first one, which it was started with, is 0. */
  list: z.number().int().positive(),
  /** How many lists it may yet take, this one included. */
  left: z.number().int().positive(),
  /** The platform ends the task no earlier. */
  endsAt: Instant,
  expireAt: Instant,
  createdAt: Instant,
});
export type FreeTask = z.infer<typeof FreeTask>;

/**
 * A task looks for its next list so long, and somebody may count on it a second less: so long takes a result until it is
 * recorded.
 */
export const LOOKS_SECONDS = 5;
const COUNTED_SECONDS = 4;

/** How often a task looks. */
export const LOOK_EVERY_SECONDS = 0.25;

/**
 * Notes, together with the end of an entry, that its task is free for another list. Only for the run that the entry is
 * claimed for: a task that has been given up on is not counted on.
 */
export function offerTask(
  {put}: Pick<Transaction, 'put'>,
  entry: QueueEntry | undefined,
  run: number,
  now: Instant,
): void {
  const claim = entry?.claim;
  if (claim?.run === run && claim.next) {
    const {batch, task, execution, next} = claim;
    const expireAt = addSeconds(now, COUNTED_SECONDS);
    put('freeTasks', {id: `${batch}-${task}`, batch, task, execution, ...next, expireAt, createdAt: now});
  }
}
