import type {AssignmentKey} from '../../domain/assignment.ts';
import {hashBytes, makeDocumentId, toBase64Url} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {parkedName} from '../../domain/object-names.ts';
import type {Count, Hub, Log, NewId, Now, Objects, Transact} from '../../domain/ports.ts';
import type {Client, Parked} from '../../domain/submission.ts';
import {addSeconds, RecordId, type Sha256} from '../../domain/values.ts';
import {makeCookie, type Reply, type Request, redirect} from './http.ts';

export type ParkSettings = {
  /** Unclaimed notebooks that one network address may have waiting. A whole classroom can share an address. */
  parkedPerAddress: number;
  /** Unclaimed notebooks that may wait in total. */
  parkedInTotal: number;
  /** Whether cookies carry `Secure`: the site is https. */
  secure: boolean;
};

export type ParkNeeds = {
  count: Count;
  transact: Transact;
  objects: Pick<Objects, 'write'>;
  hub: Pick<Hub, 'authorizeUrl'>;
  now: Now;
  newId: NewId;
  log: Log;
  settings: ParkSettings;
};

export type Parking = {
  key: AssignmentKey;
  content: Uint8Array;
  sha256: Sha256;
  namedStudent: string | undefined;
  client: Client;
  address: string;
  /** What the browser holds already: cookies of notebooks that wait. */
  cookies: Request['cookies'];
  /** The client's prefix: where the cookie is sent back to. */
  prefix: string;
  trace: string;
};

/** A parked notebook is kept so long for its owner to log in. */
export const PARKED_SECONDS = 14 * 24 * 3600;

const cookiePrefix = 'holt-parked-';

/** One cookie for each parked notebook, so that a double press loses none. */
export const parkedCookieName = (parkedId: string): string => cookiePrefix + parkedId;

/**
 * A browser holds at most so many of them, about 2 kB. Servers refuse requests whose headers are too long, so whoever
 * pressed Submit all evening after the login had ended could do nothing here any more.
 */
const mostCookies = 20;

/** The ids of parked notebooks whose cookies a request brings, oldest first as browsers send them (RFC 6265, 5.4). */
export const heldParkedIds = (cookies: Request['cookies']): string[] =>
  Object.keys(cookies)
    .filter(name => name.startsWith(cookiePrefix))
    .map(name => name.slice(cookiePrefix.length))
    .filter(id => RecordId.safeParse(id).success);

/** PKCE's verifier comes from the cookie, so nothing on the server can redeem a code without the browser. */
export const makeVerifier = (secret: string): Promise<string> => makeDocumentId('pkce', secret);

/** PKCE's S256 challenge of a verifier. Source: RFC 7636, section 4.2. */
export async function makeChallenge(verifier: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

/** Makes a secret that travels in a URL or a cookie: 256 bits. */
export const makeSecret = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(32)));

/**
 * Makes the parking of a notebook whose sender is not known yet: it is kept, and the browser's own request is sent
 * through the hub's OAuth. The callback claims it.
 */
export function makePark({count, transact, objects, hub, now, newId, log, settings}: ParkNeeds) {
  const check = async (addressHash: string) => {
    const [fromAddress, inTotal] = await Promise.all([
      count({
        collection: 'parked',
        where: [
          ['claimed', '==', false],
          ['addressHash', '==', addressHash],
        ],
      }),
      count({collection: 'parked', where: [['claimed', '==', false]]}),
    ]);
    if (fromAddress >= settings.parkedPerAddress || inTotal >= settings.parkedInTotal) {
      throw new HoltError(
        'too-many-requests',
        'Too many notebooks are waiting for a login: log in to the hub, open Holt’s submissions page once, and submit again.',
      );
    }
  };

  return async (parking: Parking): Promise<Reply> => {
    const {key, content, sha256, namedStudent, client, address, cookies, prefix, trace} = parking;
    const addressHash = await hashBytes(address);
    await check(addressHash);
    const [state, secret] = [makeSecret(), makeSecret()];
    const receivedAt = now();
    const parked: Parked = {
      id: await makeDocumentId('parked', state),
      submissionId: newId(),
      ...key,
      namedStudent: namedStudent ?? null,
      cookieHash: await hashBytes(secret),
      addressHash,
      client,
      sha256,
      bytes: content.length,
      receivedAt,
      createdAt: receivedAt,
      claimedAs: null,
      claimed: false,
      otherLogin: null,
      expireAt: addSeconds(receivedAt, PARKED_SECONDS),
      trace,
    };
    await objects.write(parkedName(parked.submissionId), content, 'application/x-ipynb+json');
    await transact(async transaction => transaction.create('parked', parked));
    log('INFO', 'notebook parked until its sender is known', {
      submissionId: parked.submissionId,
      course: key.course,
      trace,
    });
    const makeParkedCookie = (id: string, value: string, maxAgeSeconds: number) =>
      makeCookie(parkedCookieName(id), value, {path: prefix, maxAgeSeconds, secure: settings.secure});
    return redirect(hub.authorizeUrl(state, await makeChallenge(await makeVerifier(secret))), {
      'Set-Cookie': [
        makeParkedCookie(parked.id, secret, PARKED_SECONDS),
        ...heldParkedIds(cookies)
          .slice(0, -(mostCookies - 1))
          .map(id => makeParkedCookie(id, '', 0)),
      ],
    });
  };
}
