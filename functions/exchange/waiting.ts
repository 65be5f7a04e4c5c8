import {hashBytes} from '../../domain/document-id.ts';
import type {Identity} from '../../domain/hub.ts';
import type {Find, Log, Now} from '../../domain/ports.ts';
import type {Parked} from '../../domain/submission.ts';
import {secondsBetween} from '../../domain/values.ts';
import type {Request} from './http.ts';
import {heldParkedIds, parkedCookieName} from './park.ts';

export type WaitingNeeds = {
  find: Find;
  claim: (parked: Parked, identity: Identity, late: boolean) => Promise<unknown>;
  endCookie: (parkedId: string, path: string) => string;
  now: Now;
  log: Log;
};

/** At most so many cookies of parked notebooks are looked at in one request. */
const cookiesAtOnce = 30;
/** A notebook that was parked a moment ago has its own callback under way, which needs its cookie. */
const callbackSeconds = 60;

/** Makes the look at what a browser left waiting: notebooks that it parked while the hub's login had expired. */
export function makeWaiting({find, claim, endCookie, now, log}: WaitingNeeds) {
  /** Finds the notebooks that this browser parked, by its cookies, whatever became of them. */
  const findHeld = async ({cookies}: Request): Promise<Parked[]> => {
    const found = await Promise.all(
      heldParkedIds(cookies)
        .slice(0, cookiesAtOnce)
        .map(async id => {
          const parked = await find('parked', id);
          return parked && (await hashBytes(cookies[parkedCookieName(id)] ?? '')) === parked.cookieHash
            ? parked
            : undefined;
        }),
    );
    return found.filter(parked => parked !== undefined);
  };

  const isOld = ({receivedAt}: Parked): boolean => secondsBetween(receivedAt, now()) > callbackSeconds;

  const isWaiting = ({claimed, expireAt}: Parked): boolean => !claimed && expireAt > now();

  /** Finds the notebooks that this browser parked and nobody claimed. */
  const findWaiting = async (request: Request): Promise<Parked[]> => (await findHeld(request)).filter(isWaiting);

  /**
   * Claims what this browser parked under this user's name while the hub's login had expired; answers cookies to end.
   * Never throws: a notebook that cannot be claimed now waits on, and must not cost the request it came with.
   */
  const claimWaiting = async (request: Request, identity: Identity, path: string): Promise<string[]> => {
    const held = await findHeld(request).catch(error => {
      log('WARNING', 'waiting notebooks could not be looked for', {trace: request.trace, error: String(error)});
      return [];
    });
    const waiting = new Set(held.filter(isWaiting));
    for (const parked of waiting) {
      if (parked.namedStudent === identity.name) {
        try {
          // Of two presses at once the first callback finds the second notebook too: that is not late.
          await claim(parked, identity, isOld(parked));
          waiting.delete(parked);
        } catch (error) {
          const {submissionId, trace} = parked;
          log('WARNING', 'a waiting notebook could not be claimed', {submissionId, trace, error: String(error)});
        }
      }
    }

    return held.filter(parked => !waiting.has(parked) && isOld(parked)).map(({id}) => endCookie(id, path));
  };

  return {findWaiting, claimWaiting};
}
