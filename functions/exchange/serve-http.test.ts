import {createServer, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {checkProblem} from '../../testing/exchange-checks.ts';
import {makeCookie, parseCookies, type Reply, type Request, redirect, text} from './http.ts';
import {makeListener} from './serve-http.ts';

type Served = {url: string; requests: Request[]; logs: unknown[][]};

/** Serves one function as the exchange is served. */
async function serve(
  t: ExecutionContext,
  answer: (request: Request) => Promise<Reply>,
  {proxyHops = 0, rawBody}: {proxyHops?: number; rawBody?: Buffer | undefined} = {},
): Promise<Served> {
  const requests: Request[] = [];
  const logs: unknown[][] = [];
  const listener = makeListener(
    async request => {
      requests.push(request);
      return answer(request);
    },
    {
      settings: {maxBodyBytes: 100, bodyMemoryBytes: 1000, bodyGraceSeconds: 5, minBytesPerSecond: 1, proxyHops},
      newId: () => 'new-trace',
      log: (...entry) => void logs.push(entry),
    },
  );
  const server = createServer(async (incoming, outgoing) => {
    if (rawBody) {
      await incoming.toArray();
      Object.assign(incoming, {rawBody});
    }

    await listener(incoming, outgoing);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, logs};
}

const ok = async () => text('fine');

const addresses = test.macro({
  async exec(t, proxyHops: number, forwarded: string | undefined, expected: string) {
    const {url, requests} = await serve(t, ok, {proxyHops});
    await fetch(url, {headers: forwarded === undefined ? {} : {'X-Forwarded-For': forwarded}});
    t.is(requests[0]?.address, expected);
  },
  title: (_, proxyHops, forwarded, expected) => `behind ${proxyHops} proxies, "${forwarded}" came from ${expected}`,
});

test(addresses, 0, undefined, '127.0.0.1');
test(addresses, 0, '6.6.6.6', '127.0.0.1');
test(addresses, 1, '192.0.2.1', '192.0.2.1');
test(addresses, 1, '6.6.6.6, 192.0.2.1', '192.0.2.1');
test(addresses, 2, '6.6.6.6,192.0.2.1 ,10.0.0.1', '192.0.2.1');
test(addresses, 2, '192.0.2.1', '127.0.0.1');
test(addresses, 1, '', '127.0.0.1');

const traces = test.macro({
  async exec(t, headers: Record<string, string>, expected: string) {
    const {url, requests} = await serve(t, ok);
    const answer = await fetch(url, {headers});
    t.is(requests[0]?.trace, expected);
    t.is(answer.headers.get('holt-trace'), expected);
  },
  title: (_, headers, expected) => `${JSON.stringify(headers)} has the trace ${expected}`,
});

const trace = '0af7651916cd43dd8448eb211c80319c';
test(traces, {}, 'new-trace');
test(traces, {traceparent: `00-${trace}-b7ad6b7169203331-01`}, trace);
test(traces, {'X-Cloud-Trace-Context': `${trace}/123;o=1`}, trace);
test(traces, {traceparent: 'x', 'X-Cloud-Trace-Context': `${trace}<script>`}, 'new-trace');

test('an error that nobody foresaw is a problem document, and the log has the rest', async t => {
  const {url, logs} = await serve(t, async () => {
    throw new TypeError('Cannot read properties of undefined (secret)');
  });
  const answer = await fetch(url);
  const problem = await checkProblem(t, answer, 503, 'storage-unavailable');
  t.is(answer.headers.get('retry-after'), '5');
  t.false(JSON.stringify(problem).includes('secret'));
  t.regex(JSON.stringify(logs), /TypeError: Cannot read properties of undefined \(secret\).*serve-http\.test/);
});

test('what a person did wrong is not told in the log: it may name them', async t => {
  const {url, logs} = await serve(t, async () => {
    throw new HoltError('not-allowed', 'This page belongs to alice, but bob is logged in: log in as alice.');
  });
  await checkProblem(t, await fetch(url), 403, 'not-allowed');
  t.deepEqual(logs, [['INFO', 'answered with a problem', {trace: 'new-trace', code: 'not-allowed', status: 403}]]);
});

test('only what may succeed later says when to come again', async t => {
  const codes = ['not-authenticated', 'hub-unavailable', 'busy', 'too-many-requests', 'conflict'] as const;
  const seen: (string | null)[][] = [];
  for (const code of codes) {
    const {url} = await serve(t, async () => {
      throw new HoltError(code, 'Something is wrong here and now: do something about it.');
    });
    const {headers} = await fetch(url);
    seen.push([headers.get('retry-after'), headers.get('www-authenticate')]);
  }

  t.deepEqual(seen, [
    [null, 'token realm="JupyterHub"'],
    ['5', null],
    ['5', null],
    ['5', null],
    ['5', null],
  ]);
});

for (const [what, reply] of [
  ['a line break', redirect('/services/\r\nSet-Cookie: a=b')],
  ['a character that is none', redirect('/services/\u{1f600}')],
  ['a cookie of two lines', text('', 200, {'Set-Cookie': ['a=b', 'a=b\r\nX: y']})],
] as const) {
  test(`a header with ${what} is never sent, and ends nothing but its own request`, async t => {
    const {url} = await serve(t, async ({path}) => (path === '/bad' ? reply : text('fine')));
    const answer = await fetch(`${url}/bad`, {redirect: 'manual'});
    await checkProblem(t, answer, 503, 'storage-unavailable');
    t.is(answer.headers.get('set-cookie'), null);
    t.is((await fetch(url)).status, 200);
  });
}

test('a body that the framework has read already has the same limit', async t => {
  const read = async (request: Request) => text(Buffer.from(await request.readBody()).toString());
  const small = await serve(t, read, {rawBody: Buffer.from('read before')});
  t.is(await (await fetch(small.url, {method: 'POST', body: 'x'})).text(), 'read before');
  const large = await serve(t, read, {rawBody: Buffer.alloc(101)});
  await checkProblem(t, await fetch(large.url, {method: 'POST', body: 'x'}), 413, 'too-large');
});

test('a request without a body has an empty one', async t => {
  const {url} = await serve(t, async request => text(`${(await request.readBody()).length}`));
  t.is(await (await fetch(url, {method: 'POST'})).text(), '0');
  t.is(await (await fetch(url)).text(), '0');
});

test('every answer is private, of a known length, and is what it says it is', async t => {
  const {url} = await serve(t, ok);
  const {headers} = await fetch(url);
  t.is(headers.get('cache-control'), 'no-store');
  t.is(headers.get('x-content-type-options'), 'nosniff');
  t.is(headers.get('content-length'), '4');
  t.is(headers.get('x-powered-by'), null);
});

test('a header named twice is both, and so no longer what is trusted', async t => {
  const {url, requests} = await serve(t, ok);
  await new Promise(resolve => {
    const outgoing = send(url, {headers: ['Origin', 'https://hub', 'Origin', 'https://evil', 'Host', 'x']}, resolve);
    outgoing.end();
  });
  t.is(requests[0]?.headers.origin, 'https://hub, https://evil');
});

test('cookies are read as they are sent, whatever their names', t => {
  const cookies = parseCookies('a=1; b="two"; a=later; =none; noequals; __proto__=p; c=x=y; d=');
  t.deepEqual({...cookies}, {a: '1', b: 'two', ['__proto__']: 'p', c: 'x=y', d: ''});
  t.is(Object.getPrototypeOf(cookies), null);
  t.deepEqual({...parseCookies(undefined)}, {});
});

test('a cookie is for this site only, and unseen by scripts', t => {
  const given = {path: '/p/', maxAgeSeconds: 5};
  t.is(makeCookie('a', 'b', {...given, secure: false}), 'a=b; Path=/p/; Max-Age=5; HttpOnly; SameSite=Lax');
  t.is(makeCookie('a', 'b', {...given, secure: true}), 'a=b; Path=/p/; Max-Age=5; HttpOnly; SameSite=Lax; Secure');
});
