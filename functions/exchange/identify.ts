import {HoltError} from '../../domain/errors.ts';
import {type HubUser, type Identity, type OpenedSession, userOfReferer} from '../../domain/hub.ts';
import type {Hub} from '../../domain/ports.ts';
import {OutsideName} from '../../domain/values.ts';
import type {Request} from './http.ts';

export type IdentifyNeeds = {
  hub: Hub | undefined;
  openSession: (token: string) => Promise<OpenedSession | undefined>;
  /** Undefined when the operator configured no JWT. */
  checkJwt: ((token: string) => Promise<HubUser | undefined>) | undefined;
  /** A header that a proxy in front signs, as a JWT; undefined when there is none. */
  proxy: {header: string; check: (token: string) => Promise<HubUser | undefined>} | undefined;
  /** Whether the operator believes X-Otter-User and Referer. */
  allowClaimed: boolean;
};

export const SESSION_COOKIE = 'holt-session';
/** JupyterHub's own cookie: another value after each login. */
export const HUB_SESSION_COOKIE = 'jupyterhub-session-id';

const tokenSeconds = 30;

/** The user that the page says it belongs to: X-Otter-User of otter-submit 0.1.17, else the Referer. Proves nothing. */
export function namedUser({headers}: Pick<Request, 'headers'>): string | undefined {
  return OutsideName.safeParse(headers['x-otter-user'] || userOfReferer(headers.referer)).data;
}

/**
 * Makes the function that tells who is asking. Undefined when nobody can be told from the request alone; a browser is
 * then sent through the hub's OAuth.
 */
export function makeIdentify({hub, openSession, checkJwt, proxy, allowClaimed}: IdentifyNeeds) {
  const findByToken = remember(async token => {
    const byJwt = await checkJwt?.(token);
    return byJwt ? {...byJwt, kind: 'jwt' as const} : withKind(await hub?.findUserByToken(token));
  });

  return async (request: Request, hashText: (text: string) => Promise<string>): Promise<Identity | undefined> => {
    const {authorization} = request.headers;
    if (authorization) {
      return byAuthorization(authorization);
    }

    const signed = proxy && request.headers[proxy.header];
    if (signed) {
      const user = await proxy.check(signed);
      if (!user) {
        throw new HoltError(
          'not-authenticated',
          `The header ${proxy.header} carries no valid signature: reach Holt through its proxy.`,
        );
      }

      return {...user, proof: {kind: 'proxy', verified: true, via: 'header'}};
    }

    const sealed = request.cookies[SESSION_COOKIE];
    const hubSession = request.cookies[HUB_SESSION_COOKIE];
    if (sealed && hubSession) {
      const session = await openSession(sealed);
      // The cookie outlives a log-out at the hub; the hub's session id does not.
      if (session && session.hubSession === (await hashText(hubSession))) {
        return {...session, proof: {kind: 'hub', verified: true, via: 'session'}};
      }
    }

    const claimed = allowClaimed ? namedUser(request) : undefined;
    return claimed
      ? {name: claimed, groups: [], admin: false, proof: {kind: 'claimed', verified: false, via: 'header'}}
      : undefined;
  };

  async function byAuthorization(header: string): Promise<Identity> {
    const token = /^(?:token|bearer)\s+(\S+)$/i.exec(header)?.[1];
    const user = token ? await findByToken(token) : undefined;
    if (!user) {
      throw new HoltError(
        'not-authenticated',
        'The token in the Authorization header is not known here or has expired: make a new one on the hub’s token page.',
      );
    }

    const {kind, ...rest} = user;
    return {...rest, proof: {kind, verified: true, via: 'token'}};
  }
}

type TokenUser = HubUser & {kind: 'hub' | 'jwt'};

const withKind = (user: HubUser | undefined): TokenUser | undefined => user && {...user, kind: 'hub'};

/** Remembers who a token belongs to for a short while, so that a burst of requests asks the hub once. */
function remember(look: (token: string) => Promise<TokenUser | undefined>) {
  const known = new Map<string, {until: number; user: Promise<TokenUser | undefined>}>();
  return (token: string): Promise<TokenUser | undefined> => {
    const now = performance.now();
    const hit = known.get(token);
    if (hit && hit.until > now) {
      return hit.user;
    }

    if (known.size > 10_000) {
      known.clear();
    }

    const user = look(token);
    known.set(token, {until: now + tokenSeconds * 1000, user});
    // An unknown token may be known a second later, and a failure is no answer.
    user.then(
      found => found ?? known.delete(token),
      () => known.delete(token),
    );
    return user;
  };
}
