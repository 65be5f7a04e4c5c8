import {createHash} from 'node:crypto';
import type {Instant} from '../../domain/values.ts';

type Due = {at: number; order: number; run: () => void};

export type VirtualClock = {
  /** Milliseconds since the beginning. */
  elapsed: () => number;
  now: () => Instant;
  sleep: (milliseconds: number) => Promise<void>;
  after: (milliseconds: number, run: () => void) => void;
  /** Lets time pass from one thing that is due to the next, until it is said to be over. */
  runUntil: (isOver: () => boolean) => Promise<void>;
};

/** The instant of the beginning; any will do. */
const BEGINNING = Date.parse('2026-11-20T20:00:00.000Z');

/**
 * Makes a clock that stands still while anything can go on, and then jumps to what is due next. What waits on it is the
 * program as it is, so an hour of a deadline takes seconds and comes out the same each time.
 */
export function makeVirtualClock(): VirtualClock {
  hashAtOnce();
  const heap: Due[] = [];
  let elapsed = 0;
  let order = 0;

  const after = (milliseconds: number, run: () => void): void => {
    order += 1;
    push(heap, {at: elapsed + Math.max(Math.round(milliseconds), 0), order, run});
  };

  return {
    elapsed: () => elapsed,
    now: () => new Date(BEGINNING + elapsed).toISOString(),
    sleep: milliseconds => new Promise(resolve => after(milliseconds, resolve)),
    after,
    async runUntil(isOver) {
      while (!isOver()) {
        const next = pop(heap);
        if (!next) {
          throw new Error('Nothing is due any more, and the end is not reached.');
        }

        elapsed = next.at;
        next.run();
        // Every continuation that this woke has run before the event loop comes round again.
        await new Promise(setImmediate);
      }
    },
  };
}

/** A hash that another thread computes would come whenever it likes, and no two runs would be the same. */
function hashAtOnce(): void {
  crypto.subtle.digest = async (_algorithm, data) => {
    const view = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
    const digest = createHash('sha256').update(new Uint8Array(view)).digest();
    return new Uint8Array(digest).buffer;
  };
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Due[], due: Due): void {
  let index = heap.length;
  heap.push(due);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Due;
    if (isBefore(above, due)) {
      break;
    }

    heap[index] = above;
    index = parent;
  }

  heap[index] = due;
}

function pop(heap: Due[]): Due | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (heap.length > 0 && last) {
    sink(heap, last);
  }

  return first;
}

function sink(heap: Due[], due: Due): void {
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const right = heap[left + 1];
    const child = right && isBefore(right, heap[left] as Due) ? left + 1 : left;
    const below = heap[child];
    if (!below || isBefore(due, below)) {
      break;
    }

    heap[index] = below;
    index = child;
  }

  heap[index] = due;
}
