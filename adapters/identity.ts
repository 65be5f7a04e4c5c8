import type {HubUser, OpenedSession, Session} from '../domain/hub.ts';
import type {Hub} from '../domain/ports.ts';
import {makeHub} from './jupyterhub.ts';
import {type JwtSettings, makeJwtCheck, makeSessions} from './jwt.ts';

type CheckToken = (token: string) => Promise<HubUser | undefined>;

type HubService = {apiUrl: string; apiToken: string; baseUrl: string; clientId: string; prefix: string};

export type IdentitySettings = {
  hub: HubService | undefined;
  /** What differs where Holt is one more service of the hub, for gofer_submit. */
  gofer?: Pick<HubService, 'apiToken' | 'clientId' | 'prefix'> | undefined;
  sessionKey: string | undefined;
  jwt: JwtSettings;
  proxy: JwtSettings;
};

export type IdentityChecks = {
  hub: Hub | undefined;
  goferHub: Hub | undefined;
  sessions:
    | {seal: (session: Session) => Promise<string>; open: (token: string) => Promise<OpenedSession | undefined>}
    | undefined;
  checkJwt: CheckToken | undefined;
  checkProxy: CheckToken | undefined;
};

/** The hub is asked for who somebody is while a student waits. */
const HUB_SECONDS = 10;

/** Makes the ways in which somebody can be known; undefined for each that is not configured. */
export function makeIdentityChecks({hub, gofer, sessionKey, jwt, proxy}: IdentitySettings): IdentityChecks {
  // The hub's token is a secret that all instances share, so it can stand in for a key of its own.
  const key = sessionKey ?? (hub && `sessions beside ${hub.apiToken}`);
  const check = (settings: JwtSettings) => (settings.secret || settings.publicKey ? makeJwtCheck(settings) : undefined);
  return {
    hub: hub && makeHubOf(hub),
    goferHub: hub && gofer && makeHubOf({...hub, ...gofer}),
    sessions: key ? makeSessions(key) : undefined,
    checkJwt: check(jwt),
    checkProxy: check(proxy),
  };
}

const makeHubOf = ({apiUrl, apiToken, baseUrl, clientId, prefix}: HubService): Hub =>
  makeHub({
    ...{apiUrl, apiToken, clientId, publicUrl: baseUrl},
    redirectPath: `${prefix}oauth_callback`,
    timeoutSeconds: HUB_SECONDS,
  });
