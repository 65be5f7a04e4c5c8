type Cookie = {name: string; value: string; path: string; attributes: string[]};
type Press = {
  notebook: object;
  /** The user that the page names; null is a page that names nobody. */
  student: string | null;
  headers?: Record<string, string>;
};

const isRedirect = ({status}: Response) => status >= 300 && status < 400;

/** A browser whose steps a test takes one by one, with its cookies in view. */
export function makeTestBrowser(origin: string, prefix: string) {
  let jar: Cookie[] = [];

  const keep = (response: Response) => {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map(part => part.trim());
      const at = pair.indexOf('=');
      const path = attributes.find(part => part.startsWith('Path='))?.slice('Path='.length) ?? '/';
      const cookie = {name: pair.slice(0, at), value: pair.slice(at + 1), path, attributes};
      const place = jar.findIndex(({name}) => name === cookie.name);
      jar = jar.filter(({name}) => name !== cookie.name);
      if (!attributes.includes('Max-Age=0')) {
        // A browser keeps a cookie's age when its value changes.
        jar.splice(place < 0 ? jar.length : place, 0, cookie);
      }
    }
  };

  /** One request, no redirects followed. */
  const step = async (
    path: string,
    {method = 'GET', headers = {}, body}: {method?: string; headers?: Record<string, string>; body?: string} = {},
  ): Promise<Response> => {
    const url = new URL(path, origin);
    const cookies = jar.filter(cookie => url.pathname.startsWith(cookie.path));
    const response = await fetch(url, {
      method,
      headers: {...headers, Cookie: cookies.map(({name, value}) => `${name}=${value}`).join('; ')},
      ...(body !== undefined && {body}),
      redirect: 'manual',
    });
    keep(response);
    return response;
  };

  /** Follows redirects to their end. */
  const follow = async (response: Response): Promise<Response> => {
    let answer = response;
    for (let hops = 0; isRedirect(answer) && hops < 10; hops += 1) {
      answer = await step(answer.headers.get('location') ?? '');
    }

    return answer;
  };

  /** The first request of a press: what comes back is a redirect to the hub when nobody is known. */
  const startPress = ({notebook, student, headers}: Press): Promise<Response> =>
    step(prefix, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Origin: origin,
        ...(student !== null && {'X-Otter-User': student}),
        ...headers,
      },
      body: JSON.stringify({nb: notebook}),
    });

  return {
    step,
    follow,
    startPress,
    press: async (press: Press): Promise<Response> => follow(await startPress(press)),
    /** Goes on to where the hub sends the browser, and stops before the callback; answers its path. */
    async askHub(response: Response): Promise<string> {
      return (await step(response.headers.get('location') ?? '')).headers.get('location') ?? '';
    },
    logIn: (username: string): Promise<Response> =>
      step('/hub/login', {method: 'POST', body: new URLSearchParams({username}).toString()}),
    logOut: (): Promise<Response> => step('/hub/logout'),
    /** The hub's login ends, and its session id stays, as after a night. */
    expireLogin() {
      jar = jar.filter(({name}) => name !== 'stand-in-hub-login');
    },
    cookies: () => jar,
    setCookie(name: string, value: string, path = prefix) {
      jar = [...jar.filter(cookie => cookie.name !== name), {name, value, path, attributes: []}];
    },
    forget(pattern: RegExp) {
      jar = jar.filter(({name}) => !pattern.test(name));
    },
  };
}

export type TestBrowser = ReturnType<typeof makeTestBrowser>;
