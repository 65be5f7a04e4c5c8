import type {HubUser, OpenedSession, Session} from '../domain/hub.ts';
import type {Hub} from '../domain/ports.ts';
import {makeHub} from './jupyterhub.ts';
import {type JwtSettings, makeJwtCheck, makeSessions} from './jwt.ts';

type CheckToken = (token: string) => Promise<HubUser | undefined>;

export type IdentitySettings = {
  hub: {apiUrl: string; apiToken: string; baseUrl: string; clientId: string; prefix: string} | undefined;
  sessionKey: string | undefined;
  jwt: JwtSettings;
  proxy: JwtSettings;
};

export type IdentityChecks = {
  hub: Hub | undefined;
  sessions:
    | {seal: (session: Session) => Promise<string>; open: (token: string) => Promise<OpenedSession | undefined>}
    | undefined;
  checkJwt: CheckToken | undefined;
  checkProxy: CheckToken | undefined;
};

/** The hub is asked for who somebody is while a student waits. */
const HUB_SECONDS = 10;

/** Makes the ways in which somebody can be known; undefined for each that is not configured. */
export function makeIdentityChecks({hub, sessionKey, jwt, proxy}: IdentitySettings): IdentityChecks {
  // The hub's token is a secret that all instances share, so it can stand in for a key of its own.
  const key = sessionKey ?? (hub && `sessions beside ${hub.apiToken}`);
  const check = (settings: JwtSettings) => (settings.secret || settings.publicKey ? makeJwtCheck(settings) : undefined);
  return {
    hub:
      hub &&
      makeHub({
        apiUrl: hub.apiUrl,
        apiToken: hub.apiToken,
        publicUrl: hub.baseUrl,
        clientId: hub.clientId,
        redirectPath: `${hub.prefix}oauth_callback`,
        timeoutSeconds: HUB_SECONDS,
      }),
    sessions: key ? makeSessions(key) : undefined,
    checkJwt: check(jwt),
    checkProxy: check(proxy),
  };
}
