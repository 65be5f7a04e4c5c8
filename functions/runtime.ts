import {randomBytes} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {HoltError} from '../domain/errors.ts';
import type {StageEvent} from '../domain/events.ts';
import type {Log, NewId, Now, Wait} from '../domain/ports.ts';

/** Clock and chance of a real process; tests bring their own. */

export const now: Now = () => new Date().toISOString();

export const newId: NewId = () => randomBytes(16).toString('base64url');

export const wait: Wait = async seconds => {
  // A pending wait of a stage must not keep a process from ending.
  await sleep(seconds * 1000, undefined, {ref: false});
};

/**
 * Lets the platform deliver again only what may succeed later. An error that is not retryable is logged and ends there:
 * delivered for days, it would fail for days.
 */
export const acknowledgeFinal =
  (stage: (event: StageEvent) => Promise<void>, log: Log) =>
  async (event: StageEvent): Promise<void> => {
    try {
      await stage(event);
    } catch (error) {
      if (!(error instanceof HoltError) || error.retryable) {
        throw error;
      }

      log('ERROR', 'an event was refused and is dropped', {event: event.id, code: error.code, error: error.message});
    }
  };
