import test, {type ExecutionContext} from 'ava';
import {SignJWT} from 'jose';
import {hashBytes} from '../../domain/document-id.ts';
import {checkProblem, checkRefusals, checkWhole} from '../../testing/exchange-checks.ts';
import {apiToken, makeNotebook, prefix, startExchange} from '../../testing/exchange-world.ts';

const page = {Accept: 'text/html'};
const notebook = makeNotebook();
const other = makeNotebook('other');

/** A browser that came back from the hub once, and holds a session. */
const setUp = async (t: ExecutionContext) => {
  const world = await startExchange(t);
  const browser = world.openBrowser();
  await browser.logIn('alice');
  await browser.press({notebook, student: 'alice'});
  return {world, browser};
};

const sessionOf = (browser: Awaited<ReturnType<typeof setUp>>['browser']) =>
  browser.cookies().find(({name}) => name === 'holt-session');

test('a session spares the next press its way through the hub', async t => {
  const {world, browser} = await setUp(t);
  const before = world.hub.requests;
  const answer = await browser.startPress({notebook: other, student: 'alice'});
  t.is(answer.status, 200);
  t.is(world.hub.requests, before);
  t.is(world.records.all('parked').length, 1);
  const proof = {kind: 'hub', verified: true, via: 'session'} as const;
  t.like(
    world.records.all('submissions').find(({id}) => id === answer.headers.get('holt-submission')),
    {student: 'alice', proof},
  );
  checkWhole(t, world);
});

test('the session’s cookie is for its prefix, unseen by scripts, and lasts an hour', async t => {
  const {browser} = await setUp(t);
  t.deepEqual(sessionOf(browser)?.attributes, [`Path=${prefix}`, 'Max-Age=3600', 'HttpOnly', 'SameSite=Lax']);
});

test('a session is not enough when the page names someone else: the hub is asked', async t => {
  const {world, browser} = await setUp(t);
  const parking = await browser.startPress({notebook: other, student: 'bob'});
  t.is(parking.status, 303);
  await checkProblem(t, await browser.follow(parking), 403, 'not-allowed');
  t.like(
    world.records.all('parked').find(({namedStudent}) => namedStudent === 'bob'),
    {claimed: false, otherLogin: 'alice'},
  );
  t.is(world.records.all('submissions').length, 1);
});

/** Signs what a session holds, as Holt does but for what is given. */
const seal = async (
  session: object,
  {key = `sessions beside ${apiToken}`, issuer = 'holt', audience = 'session', age = 0} = {},
) => {
  const now = Math.floor(Date.now() / 1000) - age;
  return new SignJWT({...session})
    .setProtectedHeader({alg: 'HS256'})
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + 100_000)
    .sign(new TextEncoder().encode(key));
};

const changed = test.macro({
  async exec(
    t,
    _: string,
    change: (given: {
      browser: Awaited<ReturnType<typeof setUp>>['browser'];
      session: object;
      value: string;
    }) => void | Promise<void>,
    status?: number,
  ) {
    const {browser} = await setUp(t);
    const hubSession = browser.cookies().find(({name}) => name === 'jupyterhub-session-id')?.value ?? '';
    const session = {name: 'alice', groups: [], admin: false, hubSession: await hashBytes(hubSession)};
    await change({browser, session, value: sessionOf(browser)?.value ?? ''});
    t.is((await browser.startPress({notebook: other, student: 'alice'})).status, status ?? 303);
  },
  title: (_, what) => `a session ${what}`,
});

test(
  changed,
  'made as Holt makes it is believed',
  async ({browser, session}) => browser.setCookie('holt-session', await seal(session)),
  200,
);
test(changed, 'older than an hour is not believed', async ({browser, session}) =>
  browser.setCookie('holt-session', await seal(session, {age: 3700})),
);
test(changed, 'of another key is not believed', async ({browser, session}) =>
  browser.setCookie('holt-session', await seal(session, {key: 'another key, as long as it must be'})),
);
test(changed, 'for another purpose is not believed', async ({browser, session}) =>
  browser.setCookie('holt-session', await seal(session, {audience: 'other'})),
);
test(changed, 'bound to nothing is not believed', async ({browser, session}) =>
  browser.setCookie('holt-session', await seal({...session, hubSession: ''})),
);
test(changed, 'with another name in it is not believed', ({browser, value}) => {
  const [header, payload = '', signature] = value.split('.');
  const content = Buffer.from(payload, 'base64url').toString().replace('alice', 'admin');
  browser.setCookie('holt-session', [header, Buffer.from(content).toString('base64url'), signature].join('.'));
});
test(changed, 'without a signature is not believed', ({browser, value}) => {
  const [, payload] = value.split('.');
  const header = Buffer.from('{"alg":"none"}').toString('base64url');
  browser.setCookie('holt-session', `${header}.${payload}.`);
});
test(changed, 'of another login at the hub is not believed', ({browser}) =>
  browser.setCookie('jupyterhub-session-id', 'another', '/'),
);
test(changed, 'after the log-out at the hub is not believed', ({browser}) => browser.forget(/^jupyterhub-session-id$/));

test('without the hub’s own session there is nothing to bind a session to, and none is made', async t => {
  const world = await startExchange(t);
  const browser = world.openBrowser();
  await browser.logIn('alice');
  browser.forget(/^jupyterhub-session-id$/);
  t.is((await browser.press({notebook, student: 'alice'})).status, 200);
  t.is(sessionOf(browser), undefined);
});

test('a page sends its visitor through the hub and back to where they wanted to go', async t => {
  const world = await startExchange(t);
  const browser = world.openBrowser();
  await browser.logIn('alice');
  const place = `${prefix}submissions?limit=5`;
  const start = await browser.step(place, {headers: page});
  t.is(start.status, 303);
  const back = await browser.step(await browser.askHub(start), {headers: page});
  t.deepEqual([back.status, back.headers.get('location')], [303, place]);
  t.is((await browser.step(place, {headers: page})).status, 200);
});

/** The hub's callback for a login that this browser started, with the cookie's second half replaced. */
const comeBack = async (t: ExecutionContext, next: string, environment: Record<string, string> = {}) => {
  const world = await startExchange(t, {environment});
  const browser = world.openBrowser();
  await browser.logIn('mallory');
  const start = await browser.step(`${prefix}submissions`, {headers: page});
  const cookie = browser.cookies().find(({name}) => name === 'holt-login');
  browser.setCookie('holt-login', `${cookie?.value.split('.')[0]}.${Buffer.from(next).toString('base64url')}`);
  const answer = await browser.step(await browser.askHub(start), {headers: page});
  t.is((await fetch(world.url + prefix)).status, 200, 'everybody else is served on');
  return answer;
};

for (const next of [
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example',
  'javascript:alert(1)',
  '/hub/logout',
  `${prefix}x\r\nSet-Cookie: holt-session=x`,
  `${prefix}\u{1f600}`,
  `${prefix}a b`,
  '',
]) {
  test(`a login never leads to ${JSON.stringify(next)}`, async t => {
    const answer = await comeBack(t, next);
    t.deepEqual([answer.status, answer.headers.get('location')], [303, `${prefix}submissions`]);
    t.false(answer.headers.getSetCookie().some(cookie => cookie === 'holt-session=x'));
  });
}

test('a login that this browser did not start is refused', async t => {
  const world = await startExchange(t);
  const mallory = world.openBrowser();
  await mallory.logIn('mallory');
  const callback = await mallory.askHub(await mallory.step(`${prefix}submissions`, {headers: page}));

  const browser = world.openBrowser();
  await browser.logIn('alice');
  const {detail} = await checkProblem(t, await browser.step(callback), 400, 'invalid-state');
  t.regex(detail, /not started in this browser.*open .*submissions again/);
  t.is(sessionOf(browser), undefined, 'nobody is logged in as somebody else');

  // Nor with a login of its own under way.
  await browser.step(`${prefix}submissions`, {headers: page});
  await checkProblem(t, await browser.step(callback), 400, 'invalid-state');
  t.is(sessionOf(browser), undefined);
  checkRefusals(t, world, ['invalid-state', 'invalid-state']);
});

test('a login that the hub refused, or that has no code, ends with a sentence', async t => {
  const world = await startExchange(t);
  const browser = world.openBrowser();
  await browser.logIn('alice');
  const callback = await browser.askHub(await browser.step(`${prefix}submissions`, {headers: page}));
  const {searchParams} = new URL(callback, world.url);
  for (const query of [
    `error=access_denied&state=${searchParams.get('state')}`,
    `code=x&state=${searchParams.get('state')}`,
  ]) {
    await checkProblem(t, await browser.step(`${prefix}oauth_callback?${query}`), 400, 'invalid-state');
  }

  world.hub.isDown = true;
  await checkProblem(t, await browser.step(callback), 502, 'hub-unavailable');
  world.hub.isDown = false;
  t.is((await browser.step(callback)).status, 303);
});
