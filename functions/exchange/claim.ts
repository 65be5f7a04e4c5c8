import {hashBytes, makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import type {Identity} from '../../domain/hub.ts';
import {notebookName, parkedName} from '../../domain/object-names.ts';
import type {Find, Hub, Log, Now, Objects, Transact} from '../../domain/ports.ts';
import type {Parked} from '../../domain/submission.ts';
import {makeCookie, type Request} from './http.ts';
import {makeVerifier, parkedCookieName} from './park.ts';
import type {Attempt} from './refusals.ts';
import type {Receipt, Upload} from './submit.ts';

export type ClaimNeeds = {
  find: Find;
  transact: Transact;
  objects: Pick<Objects, 'copy' | 'remove'>;
  hub: Pick<Hub, 'findUserByCode'>;
  submit: (upload: Upload) => Promise<Receipt>;
  now: Now;
  log: Log;
  secure: boolean;
};

/** At most so many cookies of parked notebooks are looked at in one request. */
const cookiesAtOnce = 20;

/** Makes the claiming of parked notebooks: a parked notebook becomes its owner's submission, once. */
export function makeClaim({find, transact, objects, hub, submit, now, log, secure}: ClaimNeeds) {
  /** Submits a parked notebook as `identity`. The caller has checked that it may. Called twice, it creates nothing twice. */
  const claim = async (parked: Parked, {name, proof}: Identity, late: boolean): Promise<Receipt> => {
    if (parked.claimedAs) {
      return {submissionId: parked.claimedAs, outcome: 'same'};
    }

    const {course, section, assignment, submissionId} = parked;
    const receipt = await submit({
      key: {course, section, assignment},
      student: name,
      proof,
      flags: late ? ['claimed-late'] : [],
      namedStudent: parked.namedStudent ?? undefined,
      client: parked.client,
      sha256: parked.sha256,
      bytes: parked.bytes,
      receivedAt: parked.receivedAt,
      trace: parked.trace,
      store: async id => void (await objects.copy(parkedName(submissionId), notebookName(id))),
      parked,
    });
    await objects
      .remove(parkedName(submissionId))
      .catch(error =>
        log('WARNING', 'a claimed notebook’s parked copy stays until it expires', {submissionId, error: String(error)}),
      );
    return receipt;
  };

  /**
   * Claims by the hub's callback: the browser must hold the cookie of this very notebook.
   *
   * Throws: `invalid-state`, `expired`, `not-authenticated`, `not-allowed` when another user is logged in.
   */
  const claimByCallback = async (
    request: Request,
    attempt: Attempt,
  ): Promise<{parked: Parked; identity: Identity | undefined; receipt: Receipt}> => {
    const {parked, secret} = await getOwnParked(request);
    if (parked.claimedAs) {
      return {parked, identity: undefined, receipt: {submissionId: parked.claimedAs, outcome: 'same'}};
    }

    const code = request.query.get('code');
    if (!code) {
      throw new HoltError(
        'not-authenticated',
        'The hub did not log you in, so your notebook waits: log in to the hub and press Submit again.',
      );
    }

    attempt.key = {course: parked.course, section: parked.section, assignment: parked.assignment};
    attempt.namedStudent = parked.namedStudent ?? undefined;
    const user = await hub.findUserByCode(code, await makeVerifier(secret));
    if (!user) {
      throw new HoltError(
        'invalid-state',
        'The hub did not confirm this login, so your notebook waits: press Submit again.',
      );
    }

    attempt.student = user.name;
    if (parked.namedStudent !== null && parked.namedStudent !== user.name) {
      await noteOtherLogin(parked, user.name);
      throw new HoltError(
        'not-allowed',
        `This page belongs to ${parked.namedStudent}, but ${user.name} is logged in: the notebook is kept. Log in as ${parked.namedStudent} and press Submit again.`,
      );
    }

    const identity: Identity = {...user, proof: {kind: 'hub', verified: true, via: 'oauth'}};
    return {parked, identity, receipt: await claim(parked, identity, false)};
  };

  const getOwnParked = async (request: Request): Promise<{parked: Parked; secret: string}> => {
    const parked = await find('parked', await makeDocumentId('parked', request.query.get('state') ?? ''));
    const secret = parked && request.cookies[parkedCookieName(parked.id)];
    if (!parked || !secret || (await hashBytes(secret)) !== parked.cookieHash) {
      throw new HoltError(
        'invalid-state',
        'This login does not belong to a notebook of this browser: press Submit again.',
      );
    }

    if (!parked.claimedAs && parked.expireAt <= now()) {
      throw new HoltError(
        'expired',
        'This notebook waited too long for its owner and has expired: press Submit again.',
      );
    }

    return {parked, secret};
  };

  const noteOtherLogin = (parked: Parked, name: string): Promise<void> =>
    transact(async transaction => {
      const current = await transaction.find('parked', parked.id);
      if (current && !current.claimed) {
        transaction.put('parked', {...current, otherLogin: name});
      }
    });

  /** Finds the notebooks that this browser parked and nobody claimed, by its cookies. */
  const findWaiting = async (request: Request): Promise<Parked[]> => {
    const prefix = parkedCookieName('');
    const ids = Object.keys(request.cookies)
      .filter(name => name.startsWith(prefix))
      .map(name => name.slice(prefix.length));
    const found = await Promise.all(
      ids.slice(0, cookiesAtOnce).map(async id => {
        const parked = /^[\w-]{1,100}$/.test(id) ? await find('parked', id) : undefined;
        const own = parked && (await hashBytes(request.cookies[parkedCookieName(id)] ?? '')) === parked.cookieHash;
        return own && !parked.claimed && parked.expireAt > now() ? parked : undefined;
      }),
    );
    return found.filter(parked => parked !== undefined);
  };

  /** Claims what this browser parked under this user's name while the hub's login had expired; answers cookies to end. */
  const claimWaiting = async (request: Request, identity: Identity, path: string): Promise<string[]> => {
    const own = (await findWaiting(request)).filter(({namedStudent}) => namedStudent === identity.name);
    const ended: string[] = [];
    for (const parked of own) {
      try {
        await claim(parked, identity, true);
        ended.push(endCookie(parked.id, path));
      } catch (error) {
        // One notebook that cannot be claimed now must not cost the request it came with; it waits on.
        log('WARNING', 'a waiting notebook could not be claimed', {
          submissionId: parked.submissionId,
          error: String(error),
        });
      }
    }

    return ended;
  };

  const endCookie = (parkedId: string, path: string): string =>
    makeCookie(parkedCookieName(parkedId), '', {path, maxAgeSeconds: 0, secure});

  return {claim, claimByCallback, claimWaiting, findWaiting, endCookie};
}

export type Claim = ReturnType<typeof makeClaim>;
