import type {Lease} from '../../domain/queue.ts';
import type {Instant} from '../../domain/values.ts';

/**
 * How long a score whose answer never came may still arrive at the LMS: a request that waits in a proxy or a worker outlives
 * the caller's patience. Longer than a lease, so that what a dead holder sent is remembered by the next one.
 */
export const SETTLE_SECONDS = 120;

/** Fractions that may still arrive at the LMS -> until when. Kept in the lease's `cursor`. */
export type InFlight = Record<string, Instant>;

export const keyOf = (fraction: number): string => String(fraction);

/** What may still arrive now. */
export const stillInFlight = (lease: Lease | undefined, now: Instant): InFlight =>
  Object.fromEntries(Object.entries(lease?.cursor ?? {}).filter(([, until]) => until > now));

/** When nothing but this fraction can arrive any more; undefined when that is so already. */
export const confirmationOf = (inFlight: InFlight, key: string): Instant | undefined =>
  Object.entries(inFlight)
    .filter(([other]) => other !== key)
    .map(([, until]) => until)
    .sort()
    .at(-1);
