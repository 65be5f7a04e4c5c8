import {HoltError} from '../../domain/errors.ts';
import type {StageEvent} from '../../domain/events.ts';
import type {Log} from '../../domain/ports.ts';
import type {OutboxRow, Target} from './outbox.ts';

/** Hands an event to its stage. Rejecting with anything but a `HoltError` that is not retryable asks for it again. */
export type Deliver = (target: Target, event: StageEvent) => Promise<void>;

export type Pump = {
  /** Takes events that are durable. */
  add: (rows: readonly OutboxRow[]) => void;
  /** Whether a like event waits for its first or its next delivery, so that one more would tell nothing new. */
  isWaiting: (target: Target, event: Omit<StageEvent, 'id'>) => boolean;
  start: (deliver: Deliver) => void;
  /** Hands over nothing more; resolves when every delivery under way has ended, or the time is up. */
  stop: (seconds: number) => Promise<void>;
};

export type PumpSettings = {
  /** Deliveries at once for each target, of like events one. */
  deliveries: number;
  /** Called once an event needs no further delivery. */
  forget: (seq: number) => void;
  log: Log;
};

const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 60_000;

type Waiting = {row: OutboxRow; attempt: number; about: string};

/** Events of one target that say the same have the same text. */
const aboutOf = ({subject, data}: Omit<StageEvent, 'id'>) => JSON.stringify([subject, data]);

/**
 * Delivers events at least once, in order as far as deliveries at once allow. A failed one comes again after 0.1 s,
 * doubled up to a minute, and holds up no other.
 */
export function makePump({deliveries, forget, log}: PumpSettings): Pump {
  const queues = new Map<Target, Waiting[]>();
  /** By what they are about. */
  const running = new Map<Target, Map<string, Promise<void>>>();
  const pauses = new Map<Waiting, NodeJS.Timeout>();
  let deliver: Deliver | undefined;

  function enqueue(target: Target, waiting: Waiting): void {
    const queue = queues.get(target) ?? [];
    queue.push(waiting);
    queues.set(target, queue);
    run(target);
  }

  function run(target: Target): void {
    const queue = queues.get(target) ?? [];
    const current = running.get(target) ?? new Map();
    running.set(target, current);
    while (deliver && current.size < deliveries) {
      // Like events one after the other: the second of many wake-ups serves all that come while the first is at work.
      const at = queue.findIndex(({about}) => !current.has(about));
      const [next] = at < 0 ? [] : queue.splice(at, 1);
      if (!next) {
        return;
      }

      const delivery = handOver(deliver, next).finally(() => {
        current.delete(next.about);
        run(target);
      });
      current.set(next.about, delivery);
    }
  }

  async function handOver(hand: Deliver, waiting: Waiting): Promise<void> {
    const {row, attempt} = waiting;
    try {
      await hand(row.target, row.event);
      forget(row.seq);
    } catch (error) {
      const fields = {target: row.target, subject: row.event.subject, attempt, error: String(error)};
      if (error instanceof HoltError && !error.retryable) {
        log('ERROR', 'an event was refused and is dropped', fields);
        forget(row.seq);
      } else {
        log('WARNING', 'an event was not taken and comes again', fields);
        retryLater({...waiting, attempt: attempt + 1});
      }
    }
  }

  function retryLater(waiting: Waiting): void {
    const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (waiting.attempt - 2), LONGEST_PAUSE_MILLISECONDS);
    const timer = setTimeout(
      () => {
        pauses.delete(waiting);
        enqueue(waiting.row.target, waiting);
      },
      pause * (0.5 + Math.random() / 2),
    ).unref();
    pauses.set(waiting, timer);
  }

  return {
    add(rows) {
      for (const row of rows) {
        enqueue(row.target, {row, attempt: 1, about: aboutOf(row.event)});
      }
    },

    isWaiting(target, event) {
      const about = aboutOf(event);
      const isLike = (waiting: Waiting) => waiting.row.target === target && waiting.about === about;
      return (queues.get(target) ?? []).some(isLike) || [...pauses.keys()].some(isLike);
    },

    start(hand) {
      deliver = hand;
      for (const target of queues.keys()) {
        run(target);
      }
    },

    async stop(seconds) {
      deliver = undefined;
      const ends = Promise.all([...running.values()].flatMap(current => [...current.values()]));
      const {promise: timeUp, resolve} = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, seconds * 1000);
      await Promise.race([ends, timeUp]);
      clearTimeout(timer);
      // A delivery that failed meanwhile has asked for a pause.
      for (const pause of pauses.values()) {
        clearTimeout(pause);
      }
    },
  };
}
