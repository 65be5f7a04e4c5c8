import test from 'ava';
import {makeToken} from '../../testing/moodle-hub/as-moodle.ts';
import {setUp} from '../../testing/moodle-hub/environments.ts';
import {type Frame, openFrame} from '../../testing/moodle-hub/frame.ts';
import {type Example, secrets, startExample} from '../../testing/moodle-hub/start-example.ts';

const moodle = 'https://moodle.example.edu';
const loginCookie = 'jupyterhub-hub-login';
let hub: Example;

test.before(async t => {
  t.timeout(600_000, 'the Python environments are made once');
  await setUp('hub', 'lab', 'check');
  hub = await startExample({MOODLE_URL: moodle, HUB_URL: 'https://hub.example.edu'});
});

test.after.always(() => hub?.close());

const now = () => Math.floor(Date.now() / 1000);
const seconds = 60;
const at = (page: string, token: string) => `${page}?auth_token=${token}`;

/** Whom the hub takes a browser for. */
async function findName(frame: Frame): Promise<string | undefined> {
  const {status, body} = await frame.open('/hub/api/user');
  return status === 200 ? JSON.parse(body).name : undefined;
}

test('a token logs in on every page of the hub, and is gone from the address', async t => {
  for (const page of ['/hub/login', '/hub/home', '/hub/token', '/hub/', '/']) {
    const frame = openFrame(hub.url);
    // Where a server would be started is far enough.
    const shown = await frame.open(`${at(page, makeToken({name: 'alice'}))}&next=%2Fhub%2Fhome`);
    t.is(shown.status, 200, page);
    t.is(shown.hops.at(-1)?.path.includes('auth_token'), false);
    t.is(await findName(frame), 'alice', page);
  }
});

test('what comes after the token in the address stays', async t => {
  const shown = await openFrame(hub.url).open(`${at('/hub/home', makeToken({name: 'alice'}))}&repo=a%26b&empty=`);
  t.is(shown.hops.at(-1)?.path, '/hub/home?repo=a%26b&empty=');
});

test('a token is taken from a cookie or a header, too', async t => {
  const token = makeToken({name: 'alice'});
  for (const headers of [
    {cookie: `auth_token=${token}`},
    {authorization: token},
    {authorization: `Bearer ${token}`},
  ] as Record<string, string>[]) {
    const {hops} = await openFrame(hub.url).open('/hub/login?next=%2Fhub%2Fhome', {headers});
    t.is(hops[0]?.headers.location, '/hub/home');
    t.regex(String(hops[0]?.headers['set-cookie']), new RegExp(loginCookie));
  }
});

test('only Moodle shows the hub in a frame, where its cookies reach it', async t => {
  const shown = await openFrame(hub.url).open(at('/hub/home', makeToken({name: 'alice'})));
  for (const {headers, path} of shown.hops) {
    t.is(headers['content-security-policy'], `frame-ancestors ${moodle}`, path);
    t.is(headers['access-control-allow-origin'], moodle);
  }

  const cookies = shown.hops.flatMap(({headers}) => headers['set-cookie'] ?? []);
  t.deepEqual([...new Set(cookies.map(cookie => cookie.split('=')[0]))].sort(), [
    '_xsrf',
    loginCookie,
    'jupyterhub-session-id',
  ]);
  t.deepEqual(
    cookies.filter(cookie => !(/; SameSite=None/i.test(cookie) && /; Secure/i.test(cookie))),
    [],
  );
});

const refused: Record<string, string> = {
  'without a signature': makeToken({name: 'alice'}, {algorithm: 'none'}),
  'of another secret': makeToken({name: 'alice'}, {secret: 'k'.repeat(40)}),
  'of an empty secret': makeToken({name: 'alice'}, {secret: ''}),
  'of another algorithm': makeToken({name: 'alice'}, {algorithm: 'HS512'}),
  'that says it has another algorithm': makeToken({name: 'alice'}, {algorithm: 'RS256'}),
  'that was changed': makeToken({name: 'alice'}).replace(
    /\.[^.]+\./,
    `.${btoa('{"name":"bob"}').replaceAll('=', '')}.`,
  ),
  'that has expired': makeToken({name: 'alice', exp: now() - seconds}),
  'that is not valid yet': makeToken({name: 'alice', nbf: now() + seconds * 10}),
  'that is meant for another': makeToken({name: 'alice', aud: 'holt'}),
  'without a name': makeToken({sub: 'alice'}),
  'with a number for a name': makeToken({name: 7}),
  'with a list of names': makeToken({name: ['alice']}),
  'that is a list': makeToken(['alice']),
  'that is too deep': `${Buffer.from('['.repeat(9000)).toString('base64url')}.e30.x`,
  'that is none': 'no-token',
  'with two dots': '..',
  'of other letters': '%C3%BC.%F0%9F%A6%A6.x',
};

for (const [what, token] of Object.entries(refused)) {
  test(`a token ${what} logs nobody in`, async t => {
    const frame = openFrame(hub.url);
    const shown = await frame.open(at('/hub/home', token));
    t.is(shown.status, 403);
    t.regex(shown.body, /open the activity in Moodle again/);
    t.is(frame.cookie(loginCookie), undefined);
  });
}

const noNames = [
  '',
  ' ',
  '.',
  '..',
  '.hidden',
  '../etc',
  'a/b',
  'a\\b',
  'a b',
  'a%2fb',
  'x$(id)',
  'a;b',
  'a\nb',
  'a\u0000',
];

for (const name of [...noNames, '-x', 'x'.repeat(101), '<b>', '"x"']) {
  test(`${JSON.stringify(name.slice(0, 12))} is no name`, async t => {
    const frame = openFrame(hub.url);
    t.is((await frame.open(at('/hub/home', makeToken({name})))).status, 403);
    t.is(frame.cookie(loginCookie), undefined);
  });
}

test('names are small letters, of every script', async t => {
  for (const [given, name] of [
    ['Alice', 'alice'],
    ['mona.lisa_7+x@example.edu', 'mona.lisa_7+x@example.edu'],
    ['Ünal-Żak', 'ünal-żak'],
  ]) {
    const frame = openFrame(hub.url);
    await frame.open(at('/hub/home', makeToken({name: given, iat: now(), exp: now() + seconds})));
    t.is(await findName(frame), name);
  }
});

test('who comes without a token is told the way', async t => {
  const shown = await openFrame(hub.url).open('/hub/home');
  t.is(shown.status, 403);
  t.regex(shown.body, /Open the activity in Moodle/);
});

test('at a shared computer, the next person is who the token names', async t => {
  const frame = openFrame(hub.url);
  await frame.open(at('/hub/home', makeToken({name: 'alice'})));
  const before = frame.cookie('jupyterhub-session-id');
  await frame.open(at('/hub/home', makeToken({name: 'alice'})));
  t.is(frame.cookie('jupyterhub-session-id'), before);

  await frame.open(at('/hub/home', makeToken({name: 'bob'})));
  t.is(await findName(frame), 'bob');
  t.truthy(frame.cookie('jupyterhub-session-id'));
  t.not(frame.cookie('jupyterhub-session-id'), before);

  await frame.open('/hub/home', {headers: {authorization: makeToken({name: 'carol'})}});
  t.is(await findName(frame), 'carol');
});

test('a wrong token is no login of who was logged in before', async t => {
  const frame = openFrame(hub.url);
  await frame.open(at('/hub/home', makeToken({name: 'alice'})));
  t.is((await frame.open(at('/hub/home', makeToken({name: 'bob'}, {secret: 'k'.repeat(40)})))).status, 403);
});

test('another site is not gone on to', async t => {
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
    const address = `${at('/hub/login', makeToken({name: 'alice'}))}&next=${encodeURIComponent(next)}`;
    const {hops} = await openFrame(hub.url).open(address);
    t.notRegex(String(hops[0]?.headers.location), /^(https?:)?[/\\]{2}/);
  }
});

test.serial('the log has no token and no secret', async t => {
  await openFrame(hub.url).open(at('/hub/user-redirect/lab', makeToken({name: 'bad/name'})));
  t.regex(hub.log(), /auth_token/);
  t.notRegex(hub.log(), /eyJ[\w-]+\.eyJ/);
  t.false(Object.values(secrets).some(secret => hub.log().includes(secret)));
});
