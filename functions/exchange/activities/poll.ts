import type {Now, Wait} from '../../../domain/ports.ts';
import {secondsBetween} from '../../../domain/values.ts';

/** Looks often while an answer may come any moment, then less so. */
const stepSeconds = (waited: number): number => (waited < 3 ? 0.1 : waited < 10 ? 0.25 : 1);

/** Makes the wait for a record that another stage writes. Undefined when the time is up, or nobody waits any more. */
export function makePoll({now, wait}: {now: Now; wait: Wait}) {
  return async <T>(
    {seconds, isGone}: {seconds: number; isGone: () => boolean},
    look: () => Promise<T | undefined>,
  ): Promise<T | undefined> => {
    const start = now();
    for (;;) {
      const found = await look();
      const waited = secondsBetween(start, now());
      if (found !== undefined || waited >= seconds || isGone()) {
        return found;
      }

      await wait(Math.min(stepSeconds(waited), seconds - waited));
    }
  };
}
