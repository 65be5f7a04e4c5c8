/*
 * A browser in which a student pressed otter-submit's button, as far as HTTP goes: one fetch that follows redirects with
 * the site's cookies.
 */

type Cookie = {name: string; value: string; path: string};

export type Browser = {
  /** Sends a request and follows its redirects as `fetch` in a page does. */
  send: (url: string, init?: {method?: string; headers?: Record<string, string>; body?: string}) => Promise<Response>;
};

const mostRedirects = 10;

/** Makes a browser with an empty cookie jar. Cookies belong to hosts, not to ports (RFC 6265). */
export function openBrowser(): Browser {
  let jar: Cookie[] = [];

  const keep = (response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map(part => part.trim());
      const at = pair.indexOf('=');
      const attribute = (name: string) =>
        attributes.find(part => part.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
      const cookie = {name: pair.slice(0, at), value: pair.slice(at + 1), path: attribute('path') ?? '/'};
      jar = jar.filter(({name, path}) => name !== cookie.name || path !== cookie.path);
      if (attribute('max-age') !== '0') {
        jar.push(cookie);
      }
    }
  };

  const cookiesFor = ({pathname}: URL) =>
    jar
      .filter(({path}) => pathname.startsWith(path))
      .map(({name, value}) => `${name}=${value}`)
      .join('; ');

  return {
    async send(url, init = {}) {
      let target = new URL(url);
      let {method = 'GET', body} = init;
      for (let redirects = 0; ; redirects += 1) {
        const headers = {...init.headers, Cookie: cookiesFor(target)};
        const response = await fetch(target, {method, headers, ...(body && {body}), redirect: 'manual'});
        keep(response);
        const location = response.headers.get('location');
        if (response.status < 300 || response.status >= 400 || !location || redirects === mostRedirects) {
          return response;
        }

        target = new URL(location, target);
        // A 303 turns a POST into a GET, and so do browsers on 302.
        [method, body] = response.status === 307 ? [method, body] : ['GET', undefined];
      }
    },
  };
}

/** Presses Submit: the request of otter-submit 0.1.17, by a student who is logged in at the hub. */
export const pressSubmit = (
  browser: Browser,
  {
    origin,
    prefix,
    student,
    notebook,
    path,
  }: {origin: string; prefix: string; student: string; notebook: string; path: string},
): Promise<Response> =>
  browser.send(`${origin}${prefix}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Origin: origin,
      Referer: `${origin}/user/${encodeURIComponent(student)}/lab/tree/${path}`,
      'X-Otter-User': student,
      'X-Otter-Notebook-Path': path,
    },
    body: `{"nb":${notebook}}`,
  });
