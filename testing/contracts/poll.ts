import {setTimeout as sleep} from 'node:timers/promises';

/**
 * Asks again until the answer is there.
 *
 * Throws: when it is not after the given seconds; `what` says what was awaited.
 */
export async function pollUntil<T>(
  what: string,
  ask: () => T | Promise<T>,
  seconds = 15,
): Promise<Exclude<Awaited<T>, undefined | null | false | 0 | ''>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) {
      return answer as Exclude<Awaited<T>, undefined | null | false | 0 | ''>;
    }

    if (Date.now() > deadline) {
      throw new Error(`Waited ${seconds} s in vain for ${what}.`);
    }

    await sleep(10);
  }
}
