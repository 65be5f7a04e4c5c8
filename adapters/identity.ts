import type {ClientToken} from '../domain/client-token.ts';
import type {HubUser, OpenedSession, Session} from '../domain/hub.ts';
import type {Hub} from '../domain/ports.ts';
import {type ClientTokenSettings, makeClientTokenCheck} from './client-token.ts';
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
  client?: ClientTokenSettings | undefined;
};

export type IdentityChecks = {
  hub: Hub | undefined;
  goferHub: Hub | undefined;
  sessions:
    | {seal: (session: Session) => Promise<string>; open: (token: string) => Promise<OpenedSession | undefined>}
    | undefined;
  checkJwt: CheckToken | undefined;
  checkProxy: CheckToken | undefined;
  checkClientToken: ((token: string) => Promise<ClientToken | undefined>) | undefined;
};

/** The hub is asked for who somebody is while a student waits. */
const HUB_SECONDS = 10;

/** Makes the ways in which somebody can be known; undefined for each that is not configured. */
export function makeIdentityChecks({hub, gofer, sessionKey, jwt, proxy, client}: IdentitySettings): IdentityChecks {
  // The hub's token is a secret that all instances share, so it can stand in for a key of its own.
  const key = sessionKey ?? (hub && `sessions beside ${hub.apiToken}`);
  const check = (settings: JwtSettings) => (settings.secret || settings.publicKey ? makeJwtCheck(settings) : undefined);
  return {
    hub: hub && makeHubOf(hub),
    goferHub: hub && gofer && makeHubOf({...hub, ...gofer}),
    sessions: key ? makeSessions(key) : undefined,
    checkJwt: check(jwt),
    checkProxy: check(proxy),
    checkClientToken: client && makeClientTokenCheck(client),
  };
}

const makeHubOf = ({apiUrl, apiToken, baseUrl, clientId, prefix}: HubService): Hub =>
  makeHub({
    ...{apiUrl, apiToken, clientId, publicUrl: baseUrl},
    redirectPath: `${prefix}oauth_callback`,
    timeoutSeconds: HUB_SECONDS,
  });
