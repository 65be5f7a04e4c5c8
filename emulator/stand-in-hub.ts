import {createHash, randomBytes} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {text} from 'node:stream/consumers';
import {OutsideName} from '../domain/values.ts';
import {decode, findCookie, findLocalPath, forgetExpired, redirect, send} from './stand-in-hub-http.ts';
import {showHome, showLogin} from './stand-in-hub-pages.ts';

export type StandInHub = {
  /** Where its paths begin: `/hub`. */
  prefix: string;
  clientId: string;
  clientSecret: string;
  /** The one `redirect_uri` of the service. */
  redirectPath: string;
  /** Another service with the same secret: gofer_submit's. */
  other?: {clientId: string; redirectPath: string};
  /** Group -> users. */
  groups?: Record<string, readonly string[]>;
  /** Where its home page leads: the page of one's submissions. */
  homePath?: string;
};

type Service = {clientId: string; redirectPath: string};
type Code = {name: string; challenge: string; until: number; service: Service};

const codeSeconds = 300;
const loginCookie = 'stand-in-hub-login';
const sessionCookie = 'jupyterhub-session-id';

/** The token of a user at the stand-in hub. Names with other than plain characters are percent-encoded. */
export const makeStandInToken = (name: string): string => `dev-${encodeURIComponent(name)}`;

/**
 * Makes a hub for local runs: whoever asks is who they say. The token `dev-<user>` is that user, the login form asks for
 * a name only. It has the paths, cookies and answers of JupyterHub that Holt and a browser meet.
 *
 * Shape: a handler for `node:http` that answers whether the request was its own.
 */
export function makeStandInHub(settings: StandInHub) {
  const {prefix, clientId, clientSecret, redirectPath, other, groups = {}, homePath = '/'} = settings;
  const services: Service[] = [{clientId, redirectPath}, ...(other ? [other] : [])];
  const findService = (id: string | null) => services.find(service => service.clientId === id);
  const codes = new Map<string, Code>();

  const logIn = async (request: IncomingMessage, response: ServerResponse, url: URL) => {
    const next = findLocalPath(url.searchParams.get('next')) ?? `${prefix}/home`;
    if (request.method !== 'POST') {
      return send(response, 200, showLogin({action: `${prefix}/login?next=${encodeURIComponent(next)}`}));
    }

    const name = OutsideName.safeParse(new URLSearchParams(await text(request)).get('username')?.trim().toLowerCase());
    if (!name.success || name.data.includes('/')) {
      return send(response, 403, showLogin({action: url.pathname + url.search, problem: 'This name cannot be used.'}));
    }

    const session = findCookie(request, sessionCookie) ?? randomBytes(16).toString('hex');
    response.setHeader('Set-Cookie', [
      `${loginCookie}=${encodeURIComponent(name.data)}; HttpOnly; Path=${prefix}/; SameSite=Lax`,
      `${sessionCookie}=${session}; HttpOnly; Path=/; SameSite=Lax`,
    ]);
    redirect(response, next);
  };

  const logOut = (response: ServerResponse) => {
    const ended = 'Max-Age=0; HttpOnly; SameSite=Lax';
    response.setHeader('Set-Cookie', [
      `${loginCookie}=; Path=${prefix}/; ${ended}`,
      `${sessionCookie}=; Path=/; ${ended}`,
    ]);
    redirect(response, `${prefix}/login`);
  };

  const authorize = (request: IncomingMessage, response: ServerResponse, url: URL) => {
    const query = url.searchParams;
    const service = findService(query.get('client_id'));
    if (!service || query.get('redirect_uri') !== service.redirectPath) {
      return send(
        response,
        400,
        showLogin({action: `${prefix}/login`, problem: 'This login was not asked for by Holt.'}),
      );
    }

    const name = findLogin(request);
    if (!name) {
      return redirect(response, `${prefix}/login?next=${encodeURIComponent(url.pathname + url.search)}`);
    }

    const answer = new URLSearchParams({state: query.get('state') ?? ''});
    if (query.get('response_type') !== 'code' || query.get('code_challenge_method') !== 'S256') {
      answer.set('error', 'invalid_request');
    } else {
      const code = randomBytes(20).toString('hex');
      forgetExpired(codes);
      codes.set(code, {
        name,
        challenge: query.get('code_challenge') ?? '',
        until: performance.now() + codeSeconds * 1000,
        service,
      });
      answer.set('code', code);
    }

    redirect(response, `${service.redirectPath}?${answer}`);
  };

  const exchange = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams(await text(request));
    const refuse = (status: number, error: string) => send(response, status, {error});
    const service = findService(form.get('client_id'));
    if (!service || form.get('client_secret') !== clientSecret) {
      return refuse(401, 'invalid_client');
    }

    if (form.get('grant_type') !== 'authorization_code') {
      return refuse(400, 'unsupported_grant_type');
    }

    const code = form.get('code') ?? '';
    const granted = codes.get(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (
      !granted ||
      granted.service !== service ||
      granted.until < performance.now() ||
      granted.challenge !== challenge
    ) {
      return refuse(400, 'invalid_grant');
    }

    if (form.get('redirect_uri') !== service.redirectPath) {
      return refuse(400, 'invalid_request');
    }

    codes.delete(code);
    send(response, 200, {access_token: makeStandInToken(granted.name), token_type: 'Bearer', scope: scopes.join(' ')});
  };

  const scopes = services.map(service => `access:services!service=${service.clientId.replace(/^service-/, '')}`);

  const showUser = (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.authorization === `token ${clientSecret}`) {
      return send(response, 200, {kind: 'service', name: clientId.replace(/^service-/, ''), admin: false, scopes});
    }

    const encoded = /^(?:token|bearer) dev-(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const name = OutsideName.safeParse(decode(encoded));
    if (!name.success) {
      return send(response, 403, {status: 403, message: 'Forbidden'});
    }

    const own = Object.keys(groups).filter(group => groups[group]?.includes(name.data));
    send(response, 200, {kind: 'user', name: name.data, groups: own, admin: false, scopes});
  };

  const findLogin = (request: IncomingMessage) => decode(findCookie(request, loginCookie));

  const answer = async (request: IncomingMessage, response: ServerResponse, url: URL) => {
    switch (`${request.method} ${url.pathname.slice(prefix.length)}`) {
      case 'GET /login':
      case 'POST /login':
        return logIn(request, response, url);
      case 'GET /logout':
        return logOut(response);
      case 'GET /api/oauth2/authorize':
        return authorize(request, response, url);
      case 'POST /api/oauth2/token':
        return exchange(request, response);
      case 'GET /api/':
        return send(response, 200, {version: 'stand-in'});
      case 'GET /api/user':
        return showUser(request, response);
      case 'GET ':
      case 'GET /':
      case 'GET /home': {
        const name = findLogin(request);
        return name
          ? send(response, 200, showHome({name, homePath, logoutPath: `${prefix}/logout`}))
          : redirect(response, `${prefix}/login`);
      }
      default:
        return send(response, 404, {status: 404, message: 'Not Found'});
    }
  };

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const url = URL.parse(request.url ?? '/', 'http://hub');
    if (!url || (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`))) {
      return false;
    }

    // A request that ends in its middle has nobody left to answer.
    answer(request, response, url).catch(() => response.destroy());
    return true;
  };
}
