import type {IncomingMessage, ServerResponse} from 'node:http';

/** Sends a page, or JSON. */
export function send(response: ServerResponse, status: number, body: string | object): void {
  const isPage = typeof body === 'string';
  response.writeHead(status, {'Content-Type': isPage ? 'text/html; charset=utf-8' : 'application/json'});
  response.end(isPage ? body : JSON.stringify(body));
}

/** Sends a browser elsewhere, as JupyterHub does. */
export function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, {Location: location}).end();
}

/** Finds a path of this server in what a URL asks for; what begins like another server's address is none. */
export const findLocalPath = (next: string | null) =>
  next && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : undefined;

/** Finds a cookie's value. */
export const findCookie = (request: IncomingMessage, name: string) =>
  request.headers.cookie
    ?.split('; ')
    .find(cookie => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1) || undefined;

/** Decodes percent-encoding; undefined when it is broken. */
export function decode(encoded: string | undefined): string | undefined {
  try {
    return encoded && decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Takes out what has lived its time, by the clock of `performance.now()`. */
export function forgetExpired(entries: Map<string, {until: number}>): void {
  for (const [key, {until}] of entries) {
    if (until < performance.now()) {
      entries.delete(key);
    }
  }
}
