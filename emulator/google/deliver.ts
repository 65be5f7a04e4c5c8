import {setTimeout as wait} from 'node:timers/promises';
import type {Log} from '../../domain/ports.ts';
import type {EventStage, FunctionUrls, RoutedEvent} from './event-router.ts';

/** Events in flight to one function at a time. */
const MAX_IN_FLIGHT = 20;
const MAX_RETRY_MS = 30_000;
const HANDLER_TIMEOUT_MS = 10 * 60_000;

type Settings = {log: Log; retrySeconds?: number; firstRetryMs?: number};

/** Makes the last step of an event's way: the POST to the function, as a CloudEvent in binary mode. */
export function makeDelivery({log, retrySeconds = 1800, firstRetryMs = 250}: Settings) {
  const functions: FunctionUrls = {};
  const inFlight = new Map<EventStage, number>();
  const queues = new Map<EventStage, (() => void)[]>();
  const closing = new AbortController();
  let waiting = 0;

  const enter = async (stage: EventStage) => {
    const busy = inFlight.get(stage) ?? 0;
    if (busy < MAX_IN_FLIGHT) {
      inFlight.set(stage, busy + 1);
      return;
    }

    const queue = queues.get(stage) ?? [];
    queues.set(stage, queue);
    await new Promise<void>(resolve => queue.push(resolve));
  };
  const leave = (stage: EventStage) => {
    const next = queues.get(stage)?.shift();
    if (next) {
      next();
    } else {
      inFlight.set(stage, (inFlight.get(stage) ?? 1) - 1);
    }
  };

  /** Answers the status for the sender: 204 when the function took the event, 500 when it is to come again. */
  const deliver = async (stage: EventStage, event: RoutedEvent): Promise<204 | 500> => {
    await enter(stage);
    try {
      const url = functions[stage];
      return url && !closing.signal.aborted && (await post(url, event, closing.signal)) ? 204 : 500;
    } catch {
      return 500;
    } finally {
      leave(stage);
    }
  };

  return {
    deliver,
    registerFunctions: (urls: FunctionUrls) => void Object.assign(functions, urls),
    countWaiting: () => waiting,
    close: () => closing.abort(),

    /** Delivers, and again with growing pauses while the function refuses, for so long. */
    async deliverUntilTaken(stage: EventStage, event: RoutedEvent): Promise<void> {
      const deadline = performance.now() + retrySeconds * 1000;
      waiting += 1;
      try {
        for (
          let pause = firstRetryMs;
          (await deliver(stage, event)) !== 204;
          pause = Math.min(pause * 2, MAX_RETRY_MS)
        ) {
          if (performance.now() + pause > deadline) {
            log('ERROR', 'An event was given up: its function took it not once.', {stage, subject: event.subject});
            return;
          }

          await wait(pause, undefined, {signal: closing.signal, ref: false});
        }
      } catch {
        // The router is closing; what is not delivered is found by the sweep.
      } finally {
        waiting -= 1;
      }
    },
  };
}

async function post(url: string, event: RoutedEvent, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': event.contentType,
      'ce-specversion': '1.0',
      'ce-id': event.id,
      'ce-type': event.type,
      'ce-source': event.source,
      'ce-time': new Date().toISOString(),
      ...(event.subject && {'ce-subject': event.subject}),
    },
    body: new Uint8Array(event.body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(HANDLER_TIMEOUT_MS)]),
  });
  await response.arrayBuffer();
  return response.ok;
}
