import {once} from 'node:events';
import {type IncomingMessage, request} from 'node:http';
import {text} from 'node:stream/consumers';

export type HubAnswer = {status: number; location: string; body: string};

/** What a browser keeps of one person at a hub: cookies, sent where their path allows. */
export type HubSession = {
  /** Sends a request with the cookies, follows no redirect, keeps what is set. A form or JSON makes it a POST. */
  send: (path: string, body?: {form: Record<string, string>} | {json: object}) => Promise<HubAnswer>;
  cookie: (name: string) => string | undefined;
  /** Loses the cookies of a path, as expired ones are lost. */
  forget: (path: string) => void;
};

/** Opens a session at a hub without a browser. */
export function openSession(url: string): HubSession {
  const jar = new Map<string, {value: string; path: string}>();
  const keep = (line: string) => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    jar.delete(name);
    if (value && value !== '""') {
      jar.set(name, {value, path: /; *path=([^;]*)/i.exec(line)?.[1] ?? '/'});
    }
  };

  return {
    cookie: name => jar.get(name)?.value,

    forget(path) {
      for (const [name, cookie] of jar) {
        if (cookie.path === path) {
          jar.delete(name);
        }
      }
    },

    // Not `fetch`, which always says `Sec-Fetch-Mode: cors`: the hub gives its form's token to navigations only.
    async send(path, body) {
      const target = new URL(path, url);
      const cookies = [...jar].filter(([, {path: scope}]) => target.pathname.startsWith(scope));
      const isForm = body && 'form' in body;
      const headers = {
        cookie: cookies.map(([name, {value}]) => `${name}=${value}`).join('; '),
        'sec-fetch-mode': 'navigate',
        'x-xsrftoken': jar.get('_xsrf')?.value ?? '',
        ...(body && {'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json'}),
      };
      const sent = request(target, {method: body ? 'POST' : 'GET', headers});
      sent.end(body && (isForm ? new URLSearchParams(body.form).toString() : JSON.stringify(body.json)));
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.headers['set-cookie']?.forEach(keep);
      return {status: answer.statusCode ?? 0, location: answer.headers.location ?? '', body: await text(answer)};
    },
  };
}

/** Logs a person in by the hub's own form, as `next` would be reached from it; answers where the browser is sent. */
export async function logInByForm(
  session: HubSession,
  {username, password, next = '/hub/home'}: {username: string; password: string; next?: string},
): Promise<string> {
  const path = `/hub/login?${new URLSearchParams({next})}`;
  await session.send(path);
  const {status, location} = await session.send(path, {
    form: {username, password, _xsrf: session.cookie('_xsrf') ?? ''},
  });
  if (status !== 302) {
    throw new Error(`The login of ${username} was answered with ${status}.`);
  }

  return location;
}

/** Asks the hub for a token as its token page does; without scopes it has all of the user's. */
export async function makeUserToken(session: HubSession, name: string, scopes?: string[]): Promise<string> {
  const json = {note: 'test', ...(scopes && {scopes})};
  const {body} = await session.send(`/hub/api/users/${encodeURIComponent(name)}/tokens`, {json});
  return JSON.parse(body).token;
}
