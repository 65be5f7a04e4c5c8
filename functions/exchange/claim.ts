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
import {makeWaiting} from './waiting.ts';

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

/** Makes the claiming of parked notebooks: a parked notebook becomes its owner's submission, once. */
export function makeClaim({find, transact, objects, hub, submit, now, log, secure}: ClaimNeeds) {
  /** Submits a parked notebook as `identity`. The caller has checked that it may. Called twice, it creates nothing twice. */
  const claim = async (parked: Parked, {name, proof}: Identity, late: boolean): Promise<Receipt> => {
    if (parked.claimedAs) {
      return {submissionId: parked.claimedAs, outcome: 'same'};
    }

    const {course, section, assignment, submissionId} = parked;
    const upload: Upload = {
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
    };
    const receipt = await submit(upload).catch(error => findReceipt(parked, error));
    await objects
      .remove(parkedName(submissionId))
      .catch(error =>
        log('WARNING', 'a claimed notebook’s parked copy stays until it expires', {submissionId, error: String(error)}),
      );
    return receipt;
  };

  /** The bytes are gone when another request claimed the notebook a moment earlier, and when it expired. */
  const findReceipt = async ({id}: Parked, error: unknown): Promise<Receipt> => {
    if (!(error instanceof HoltError) || error.code !== 'not-found') {
      throw error;
    }

    const claimedAs = (await find('parked', id))?.claimedAs;
    if (!claimedAs) {
      throw new HoltError('expired', 'This notebook is kept no longer: press Submit again.', {cause: error});
    }

    return {submissionId: claimedAs, outcome: 'same'};
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
    const {parked, secret} = await getOwnParked(request, attempt);
    const claimed = ({claimedAs}: Parked) =>
      claimedAs
        ? {parked, identity: undefined, receipt: {submissionId: claimedAs, outcome: 'same' as const}}
        : undefined;
    const before = claimed(parked);
    if (before) {
      return before;
    }

    const code = request.query.get('code');
    if (!code) {
      throw new HoltError(
        'not-authenticated',
        'The hub did not log you in, so your notebook waits: log in to the hub and press Submit again.',
      );
    }

    const user = await hub.findUserByCode(code, await makeVerifier(secret));
    if (!user) {
      // A code works once: the same callback, sent twice at a time, may have claimed the notebook meanwhile.
      const meanwhile = claimed((await find('parked', parked.id)) ?? parked);
      if (meanwhile) {
        return meanwhile;
      }

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

  const getOwnParked = async (request: Request, attempt: Attempt): Promise<{parked: Parked; secret: string}> => {
    const parked = await find('parked', await makeDocumentId('parked', request.query.get('state') ?? ''));
    const secret = parked && request.cookies[parkedCookieName(parked.id)];
    if (!parked || !secret || (await hashBytes(secret)) !== parked.cookieHash) {
      throw new HoltError(
        'invalid-state',
        'This login does not belong to a notebook of this browser: press Submit again.',
      );
    }

    attempt.key = {course: parked.course, section: parked.section, assignment: parked.assignment};
    attempt.namedStudent = parked.namedStudent ?? undefined;
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

  const endCookie = (parkedId: string, path: string): string =>
    makeCookie(parkedCookieName(parkedId), '', {path, maxAgeSeconds: 0, secure});

  return {claim, claimByCallback, endCookie, ...makeWaiting({find, claim, endCookie, now, log})};
}

export type Claim = ReturnType<typeof makeClaim>;
