import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Find, Now} from '../../../domain/ports.ts';
import type {Parked} from '../../../domain/submission.ts';
import type {Claim} from '../claim.ts';
import {type Reply, type Request, redirect} from '../http.ts';
import {parkedCookieName} from '../park.ts';
import {mayBelongTo} from './own.ts';

export type ConfirmNeeds = {
  find: Find;
  now: Now;
  claim: Pick<Claim, 'claim' | 'findWaiting' | 'endCookie'> | undefined;
  checkSameOrigin: (request: Request) => void;
};

type Visit = {request: Request; base: string; identity: Identity};

const MAX_FORM_BYTES = 4096;

/**
 * Makes the answer to "is it yours? yes": submits a parked notebook that a page named this user for, or that this browser
 * parked without a name.
 *
 * Throws: `cross-site`, `malformed-request`, `expired`, `not-found` for any notebook that was not offered.
 */
export function makeConfirm({find, now, claim, checkSameOrigin}: ConfirmNeeds) {
  return async ({request, base, identity}: Visit): Promise<Reply> => {
    checkSameOrigin(request);
    const parked = await findOffered(request, identity);
    if (!claim || !parked) {
      throw new HoltError(
        'not-found',
        'No notebook of this number waits for you: look at your submissions, or press Submit again.',
      );
    }

    if (!parked.claimedAs && parked.expireAt <= now()) {
      throw new HoltError(
        'expired',
        'This notebook waited too long for its owner and has expired: press Submit again.',
      );
    }

    const {submissionId} = await claim.claim(parked, identity, true);
    const held = parkedCookieName(parked.id) in request.cookies;
    return redirect(
      `${base}submissions/${submissionId}`,
      held ? {'Set-Cookie': [claim.endCookie(parked.id, base)]} : {},
    );
  };

  async function findOffered(request: Request, identity: Identity): Promise<Parked | undefined> {
    const id = await readParkedId(request);
    const parked = await find('parked', id);
    if (!parked || !mayBelongTo(parked, identity)) {
      return undefined;
    }

    if (parked.claimedAs) {
      // The button was pressed twice: the first time did the work.
      const submission = await find('submissions', parked.claimedAs);
      return submission?.student === identity.name ? parked : undefined;
    }

    const isHeld = async () => (await claim?.findWaiting(request))?.some(waiting => waiting.id === id) ?? false;
    return parked.namedStudent === identity.name || (await isHeld()) ? parked : undefined;
  }
}

async function readParkedId({headers, readBody}: Request): Promise<string> {
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '');
  const body = isForm ? await readBody() : new Uint8Array();
  const text = body.length <= MAX_FORM_BYTES ? new TextDecoder().decode(body) : '';
  const id = new URLSearchParams(text).get('parked') ?? '';
  if (!/^[\w-]{1,100}$/.test(id)) {
    throw new HoltError(
      'malformed-request',
      'The form does not say which notebook is yours: use the button on the page of your submissions.',
    );
  }

  return id;
}
