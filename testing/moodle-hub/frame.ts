import {once} from 'node:events';
import {type IncomingMessage, request} from 'node:http';
import {text} from 'node:stream/consumers';

export type Hop = {path: string; status: number; headers: IncomingMessage['headers']};
export type Shown = {status: number; body: string; headers: IncomingMessage['headers']; hops: Hop[]};

/** A frame of a browser, as far as HTTP goes: cookies by name and path, and redirects followed. */
export type Frame = {
  open: (path: string, init?: {method?: string; headers?: Record<string, string>; body?: string}) => Promise<Shown>;
  cookie: (name: string) => string | undefined;
};

const mostRedirects = 15;

/** Opens a frame without cookies. Behind the TLS proxy that a real one would meet, whatever `Secure` says is sent. */
export function openFrame(url: string): Frame {
  let jar: {name: string; value: string; path: string}[] = [];

  const keep = (line: string) => {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    const path = /; *path=([^;]*)/i.exec(line)?.[1] ?? '/';
    jar = jar.filter(cookie => cookie.name !== name || cookie.path !== path);
    if (value && value !== '""') {
      jar.push({name, value, path});
    }
  };

  const ask = async (target: URL, method: string, headers: Record<string, string>, body: string | undefined) => {
    const cookie = jar
      .filter(({path}) => target.pathname.startsWith(path))
      .map(({name, value}) => `${name}=${value}`)
      .join('; ');
    const sent = request(target, {method, headers: {'sec-fetch-mode': 'navigate', cookie, ...headers}});
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.headers['set-cookie']?.forEach(keep);
    return {status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer)};
  };

  return {
    cookie: name => jar.find(cookie => cookie.name === name)?.value,

    async open(path, {method = 'GET', headers = {}, body} = {}) {
      const hops: Hop[] = [];
      let target = new URL(path, url);
      let shown = await ask(target, method, headers, body);
      while (shown.status >= 300 && shown.headers.location && hops.length < mostRedirects) {
        hops.push({path: target.pathname + target.search, status: shown.status, headers: shown.headers});
        target = new URL(shown.headers.location, target);
        shown = await ask(target, 'GET', headers, undefined);
      }

      hops.push({path: target.pathname + target.search, status: shown.status, headers: shown.headers});
      return {...shown, hops};
    },
  };
}
