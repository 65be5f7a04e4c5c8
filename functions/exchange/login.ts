import {hashBytes, makeDocumentId, toBase64Url} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {type HubUser, SESSION_SECONDS, type Session} from '../../domain/hub.ts';
import type {Hub} from '../../domain/ports.ts';
import {makeCookie, type Reply, type Request, redirect} from './http.ts';
import {HUB_SESSION_COOKIE, SESSION_COOKIE} from './identify.ts';
import {makeChallenge, makeSecret, makeVerifier} from './park.ts';

export type LoginNeeds = {
  hub: Hub;
  sealSession: (session: Session) => Promise<string>;
  secure: boolean;
};

const LOGIN_COOKIE = 'holt-login';
const LOGIN_STATE = 'login.';
const loginSeconds = 600;

/** Whether a state belongs to a page's login and not to a parked notebook. */
export const isLoginState = (state: string): boolean => state.startsWith(LOGIN_STATE);

const stateOf = async (secret: string): Promise<string> => `${LOGIN_STATE}${await makeDocumentId('login', secret)}`;

/** Makes the login of a page's visitor through the hub, and the session that spares it the next time. */
export function makeLogin({hub, sealSession, secure}: LoginNeeds) {
  /** Sends a browser to log in; it comes back to the path it wanted. */
  const startLogin = async (prefix: string, next: string): Promise<Reply> => {
    const secret = makeSecret();
    const value = `${secret}.${toBase64Url(new TextEncoder().encode(next))}`;
    return redirect(hub.authorizeUrl(await stateOf(secret), await makeChallenge(await makeVerifier(secret))), {
      'Set-Cookie': makeCookie(LOGIN_COOKIE, value, {path: prefix, maxAgeSeconds: loginSeconds, secure}),
    });
  };

  /** Ends a login. Throws `invalid-state` when this browser did not start it. */
  const finishLogin = async (request: Request, prefix: string): Promise<{user: HubUser; next: string}> => {
    const [secret = '', encoded = ''] = (request.cookies[LOGIN_COOKIE] ?? '').split('.');
    const code = request.query.get('code');
    const started = secret !== '' && (await stateOf(secret)) === request.query.get('state');
    const user = started && code ? await hub.findUserByCode(code, await makeVerifier(secret)) : undefined;
    if (!user) {
      throw new HoltError(
        'invalid-state',
        `This login was not started in this browser, or it took too long: open ${prefix}submissions again.`,
      );
    }

    const next = Buffer.from(encoded, 'base64url').toString();
    // The cookie is the browser's to change: only a plain path below the prefix is gone to.
    const isOwnPath = next.startsWith(prefix) && /^\/(?![/\\])[\x21-\x7e]*$/.test(next);
    return {user, next: isOwnPath ? next : `${prefix}submissions`};
  };

  /**
   * Seals a session as a cookie, bound to the hub's own session. Without the hub's session cookie there is nothing to
   * bind to, and none is made.
   */
  const makeSessionCookie = async (request: Request, user: HubUser, prefix: string): Promise<string[]> => {
    const hubSession = request.cookies[HUB_SESSION_COOKIE];
    if (!hubSession) {
      return [];
    }

    const {name, groups, admin} = user;
    const sealed = await sealSession({name, groups, admin, hubSession: await hashBytes(hubSession)});
    return [makeCookie(SESSION_COOKIE, sealed, {path: prefix, maxAgeSeconds: SESSION_SECONDS, secure})];
  };

  /** The same for a page, which would send the browser to log in again without end if there were none. */
  const makePageSession = async (request: Request, user: HubUser, prefix: string): Promise<string[]> => {
    const cookies = await makeSessionCookie(request, user, prefix);
    if (cookies.length === 0) {
      throw new HoltError(
        'not-authenticated',
        'Your browser did not send the hub’s session cookie: allow cookies for the hub, log in there again, and come back.',
      );
    }

    return cookies;
  };

  return {startLogin, finishLogin, makeSessionCookie, makePageSession};
}

export type Login = ReturnType<typeof makeLogin>;
