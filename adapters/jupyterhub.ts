import {z} from 'zod';
import {HoltError} from '../domain/errors.ts';
import {HubUser} from '../domain/hub.ts';
import type {Hub} from '../domain/ports.ts';

export type HubSettings = {
  /** `JUPYTERHUB_API_URL`: the hub's API as Holt reaches it. */
  apiUrl: string;
  /** `JUPYTERHUB_API_TOKEN`: the service's token, which is its OAuth secret too. */
  apiToken: string;
  /** Where browsers find the hub, up to `hub/`. Empty, or a path such as `/jupyter/`, on Holt's own origin. */
  publicUrl: string;
  /** OAuth client of the service: `service-` and its name. */
  clientId: string;
  /** The `oauth_redirect_uri` of the service: `/services/otter_grade/oauth_callback`. */
  redirectPath: string;
  /** Limit for one answer of the hub. */
  timeoutSeconds: number;
};

type Answer = {status: number; body: unknown};

const Owner = z.looseObject({kind: z.string(), scopes: z.array(z.string())});
const Granted = z.looseObject({access_token: z.string().min(1)});
const Refused = z.looseObject({error: z.string()});

/**
 * Speaks to a JupyterHub: who holds a token, and who came back from its OAuth.
 *
 * A token counts when it is a user's and gives access to this service, as the hub's own library has it: otherwise
 * another service of the hub could use the tokens of its visitors to submit in their names.
 *
 * Source: JupyterHub 2 to 6, `services/auth.py` (`check_scopes`) and `apihandlers/auth.py`.
 */
export function makeHub(settings: HubSettings, send: typeof fetch = fetch): Hub {
  const {apiToken, clientId, redirectPath, timeoutSeconds} = settings;
  const apiUrl = settings.apiUrl.replace(/\/+$/, '');
  const publicUrl = settings.publicUrl.replace(/\/+$/, '');
  const accessScopes = ['access:services', `access:services!service=${clientId.replace(/^service-/, '')}`];

  const ask = async (path: string, request: RequestInit): Promise<Answer> => {
    try {
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      const answer = await send(`${apiUrl}/${path}`, {...request, redirect: 'manual', signal});
      return {status: answer.status, body: readJson(await answer.text())};
    } catch (cause) {
      throw unavailable('did not answer', cause);
    }
  };

  const findUserByToken = async (token: string): Promise<HubUser | undefined> => {
    // What cannot stand in a header is no token.
    if (!/^[\x21-\x7e]{1,1000}$/.test(token)) {
      return undefined;
    }

    const {status, body} = await ask('user', {headers: {authorization: `token ${token}`}});
    if (status === 401 || status === 403) {
      return undefined;
    }

    const owner = Owner.safeParse(body);
    if (status !== 200 || !owner.success) {
      throw unavailable(`answered ${status} and no user: JUPYTERHUB_API_URL must be the API of JupyterHub 2 or newer`);
    }

    const {kind, scopes} = owner.data;
    if (kind !== 'user' || !accessScopes.some(scope => scopes.includes(scope))) {
      return undefined;
    }

    const user = HubUser.safeParse(body);
    if (!user.success) {
      throw unavailable('names a user in a way that Holt cannot read', user.error);
    }

    return user.data;
  };

  return {
    findUserByToken,

    async findUserByCode(code, verifier) {
      const form = new URLSearchParams({
        client_id: clientId,
        client_secret: apiToken,
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectPath,
        code_verifier: verifier,
      });
      const {status, body} = await ask('oauth2/token', {method: 'POST', body: form});
      const granted = Granted.safeParse(body);
      if (status === 200 && granted.success) {
        return findUserByToken(granted.data.access_token);
      }

      const error = Refused.safeParse(body).data?.error;
      if (status === 400 && error === 'invalid_grant') {
        return undefined;
      }

      const hint = status === 401 ? ': JUPYTERHUB_API_TOKEN must be the api_token of the service in its config' : '';
      throw unavailable(`did not exchange a login (${status} ${error ?? 'without a reason'})${hint}`);
    },

    authorizeUrl(state, challenge) {
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectPath,
        response_type: 'code',
        state,
        code_challenge: challenge,
        code_challenge_method: 'S256',
      });
      return `${publicUrl}/hub/api/oauth2/authorize?${query}`;
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unavailable = (what: string, cause?: unknown) =>
  new HoltError('hub-unavailable', `JupyterHub ${what}. Try again in a minute.`, {cause});
