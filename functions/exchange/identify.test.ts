import {generateKeyPairSync, type KeyObject} from 'node:crypto';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {type JWTPayload, SignJWT, UnsecuredJWT} from 'jose';
import {checkNothingMade, checkProblem, checkRefusals} from '../../testing/exchange-checks.ts';
import {makeNotebook, prefix, startExchange} from '../../testing/exchange-world.ts';

const nb = {nb: makeNotebook()};
const secret = 'a secret of the operator';
const encode = (text: string) => new TextEncoder().encode(text);

/** A token of the operator; give what matters to the test. */
const sign = (
  payload: JWTPayload = {sub: 'alice'},
  {
    key = encode(secret),
    alg = 'HS256',
    expires = '1h',
  }: {key?: Uint8Array | KeyObject; alg?: string; expires?: string | null} = {},
) => {
  const token = new SignJWT(payload).setProtectedHeader({alg});
  return (expires === null ? token : token.setExpirationTime(expires)).sign(key);
};

for (const scheme of ['token', 'Token', 'Bearer', 'bearer']) {
  test(`a hub token after "${scheme}" is its user`, async t => {
    const world = await startExchange(t);
    t.is((await world.post(nb, {Authorization: `${scheme} dev-alice`})).status, 200);
    const proof = {kind: 'hub', verified: true, via: 'token'} as const;
    t.like(world.records.all('submissions')[0], {student: 'alice', flags: [], proof});
  });
}

test('a token is its user whatever the page says, and staff can see what it said', async t => {
  const world = await startExchange(t);
  await world.post(nb, {Authorization: 'token dev-alice', 'X-Otter-User': 'bob'});
  t.like(world.records.all('submissions')[0], {student: 'alice', namedStudent: 'bob'});
});

for (const header of [
  'token wrong',
  'token',
  'Bearer ',
  'Basic YWxpY2U6eA==',
  'dev-alice',
  'token dev-alice x',
  'token a b',
]) {
  test(`the header "Authorization: ${header}" is nobody`, async t => {
    const world = await startExchange(t);
    const answer = await world.post(nb, {Authorization: header, 'X-Otter-User': 'alice'});
    const {detail} = await checkProblem(t, answer, 401, 'not-authenticated');
    t.regex(detail, /make a new one on the hub’s token page/);
    t.truthy(answer.headers.get('www-authenticate'));
    checkNothingMade(t, world, ['not-authenticated']);
    t.like(world.records.all('refusals')[0], {student: null, namedStudent: 'alice'});
  });
}

test('while the hub is down nobody is refused for good, and afterwards the same request is taken', async t => {
  const world = await startExchange(t);
  world.hub.isDown = true;
  const answer = await world.post(nb, {Authorization: 'token dev-alice'});
  const {detail} = await checkProblem(t, answer, 502, 'hub-unavailable');
  t.regex(detail, /Try again/);
  t.is(answer.headers.get('retry-after'), '5');
  checkNothingMade(t, world, ['hub-unavailable']);
  world.hub.isDown = false;
  t.is((await world.post(nb, {Authorization: 'token dev-alice'})).status, 200);
});

test('a burst with one token asks the hub once; a wrong one is asked for each time', async t => {
  const world = await startExchange(t);
  const post = (token: string) => world.post(nb, {Authorization: `token ${token}`});
  await Promise.all(Array.from({length: 20}, () => post('dev-alice')));
  t.is(world.hub.requests, 1);
  await post('wrong');
  await post('wrong');
  t.is(world.hub.requests, 3);
});

test('without a hub nobody is sent through it', async t => {
  const world = await startExchange(t, {isHubless: true, environment: {HOLT_JWT_SECRET: secret}});
  const {detail} = await checkProblem(t, await world.post(nb), 401, 'not-authenticated');
  t.regex(detail, /send a hub token in the Authorization header/);
  checkNothingMade(t, world, ['not-authenticated']);
  await checkProblem(t, await fetch(`${world.url}${prefix}oauth_callback?state=x&code=y`), 404, 'not-found');
});

const byJwt = async (
  t: ExecutionContext,
  token: string,
  environment: Record<string, string> = {HOLT_JWT_SECRET: secret},
) => {
  const world = await startExchange(t, {isHubless: true, environment});
  return {world, answer: await world.post(nb, {Authorization: `Bearer ${token}`})};
};

for (const [claim, payload] of [
  ['sub', {sub: 'alice', username: 'other'}],
  ['username', {username: 'alice', name: 'Alice A.'}],
  ['name', {name: 'alice'}],
] as const) {
  test(`a JWT names its user by ${claim}`, async t => {
    const {world, answer} = await byJwt(t, await sign(payload));
    t.is(answer.status, 200);
    const proof = {kind: 'jwt', verified: true, via: 'token'} as const;
    t.like(world.records.all('submissions')[0], {student: 'alice', flags: [], proof});
  });
}

const refusesJwt = test.macro({
  async exec(t, _: string, makeToken: () => Promise<string> | string, environment?: Record<string, string>) {
    const {world, answer} = await byJwt(t, await makeToken(), environment);
    await checkProblem(t, answer, 401, 'not-authenticated');
    checkNothingMade(t, world, ['not-authenticated']);
  },
  title: (_, what) => `a JWT ${what} is nobody`,
});

const rsa = generateKeyPairSync('rsa', {modulusLength: 2048});
const ec = generateKeyPairSync('ec', {namedCurve: 'P-256'});
const pemOf = (key: KeyObject) => key.export({type: 'spki', format: 'pem'}).toString();

test(refusesJwt, 'of another key', () => sign({sub: 'alice'}, {key: encode('another secret, as long')}));
test(refusesJwt, 'without a signature', () => new UnsecuredJWT({sub: 'alice'}).setExpirationTime('1h').encode());
test(refusesJwt, 'that says "none" and has a signature', async () => {
  const [, payload, signature] = (await sign()).split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`;
});
test(refusesJwt, 'that has expired', () => sign({sub: 'alice'}, {expires: '1s ago'}));
test(refusesJwt, 'that never expires', () => sign({sub: 'alice'}, {expires: null}));
test(refusesJwt, 'that is not valid yet', () => sign({sub: 'alice', nbf: Math.floor(Date.now() / 1000) + 3600}));
test(refusesJwt, 'without a name', () => sign({}));
test(refusesJwt, 'with an empty name', () => sign({sub: ''}));
test(refusesJwt, 'with a name of two lines', () => sign({sub: 'alice\nbob'}));
test(refusesJwt, 'with groups that are none', () => sign({sub: 'alice', groups: 'demo-staff'}));
test(refusesJwt, 'with another algorithm of the secret', () => sign({sub: 'alice'}, {alg: 'HS512'}));
test(refusesJwt, 'for another audience', () => sign({sub: 'alice', aud: 'other'}), {
  ...{HOLT_JWT_SECRET: secret, HOLT_JWT_AUDIENCE: 'holt'},
});
test(refusesJwt, 'for no audience', () => sign(), {HOLT_JWT_SECRET: secret, HOLT_JWT_AUDIENCE: 'holt'});
test(
  refusesJwt,
  'signed with the public key as a secret',
  () => sign({sub: 'alice'}, {key: encode(pemOf(rsa.publicKey))}),
  {
    HOLT_JWT_PUBLIC_KEY: pemOf(rsa.publicKey),
  },
);
test(refusesJwt, 'of another key pair', () => sign({sub: 'alice'}, {key: ec.privateKey, alg: 'ES256'}), {
  HOLT_JWT_PUBLIC_KEY: pemOf(rsa.publicKey),
});

for (const [alg, pair] of [
  ['RS256', rsa],
  ['ES256', ec],
] as const) {
  test(`a JWT by ${alg} for the right audience is its user`, async t => {
    const environment = {HOLT_JWT_PUBLIC_KEY: pemOf(pair.publicKey).replaceAll('\n', '\\n'), HOLT_JWT_AUDIENCE: 'holt'};
    const {answer} = await byJwt(t, await sign({sub: 'alice', aud: 'holt'}, {key: pair.privateKey, alg}), environment);
    t.is(answer.status, 200);
  });
}

const proxied = {HOLT_PROXY_HEADER: 'X-Signed-User', HOLT_PROXY_SECRET: 'the secret of the proxy'};
const byProxy = (payload: JWTPayload) => sign(payload, {key: encode(proxied.HOLT_PROXY_SECRET)});

test('a header that the proxy signed is its user', async t => {
  const world = await startExchange(t, {environment: proxied});
  t.is((await world.post(nb, {'X-Signed-User': await byProxy({sub: 'alice'})})).status, 200);
  const proof = {kind: 'proxy', verified: true, via: 'header'} as const;
  t.like(world.records.all('submissions')[0], {student: 'alice', proof});
});

test('a forged header of the proxy is refused, and so is what another signed', async t => {
  const world = await startExchange(t, {environment: {...proxied, HOLT_JWT_SECRET: secret}});
  for (const header of ['alice', await sign(), `${await byProxy({sub: 'alice'})}x`]) {
    const {detail} = await checkProblem(t, await world.post(nb, {'X-Signed-User': header}), 401, 'not-authenticated');
    t.regex(detail, /x-signed-user.*reach Holt through its proxy/);
  }

  // The proxy's word counts in its own header only.
  const asToken = await world.post(nb, {Authorization: `Bearer ${await byProxy({sub: 'alice'})}`});
  await checkProblem(t, asToken, 401, 'not-authenticated');
  checkNothingMade(t, world, Array(4).fill('not-authenticated'));
});

test('who a page says it belongs to is nobody, unless the operator says otherwise', async t => {
  const world = await startExchange(t);
  const pages: Record<string, string>[] = [{'X-Otter-User': 'alice'}, {Referer: `${world.url}/user/alice/lab/x.ipynb`}];
  for (const headers of pages) {
    t.is((await world.post(nb, headers)).status, 303);
  }

  t.deepEqual(world.records.all('submissions'), []);
  t.false(world.logs.some(({severity}) => severity === 'WARNING'));
});

test('who a page says it belongs to is believed when that is switched on, and marked', async t => {
  const world = await startExchange(t, {environment: {HOLT_TRUST_CLAIMED_USER: 'true'}});
  t.true(world.logs.some(({severity, message}) => severity === 'WARNING' && /HOLT_TRUST_CLAIMED_USER/.test(message)));
  const referers = [
    [`${world.url}/user/alice%40x.org/lab/tree/lab.ipynb`, 'alice@x.org'],
    [`${world.url}/hub/base/user/bob/tree?path=/user/eve/`, 'bob'],
  ] as const;
  for (const [Referer, student] of referers) {
    t.is((await world.post(nb, {Referer})).status, 200);
    t.like(
      world.records.all('submissions').find(submission => submission.student === student),
      {flags: ['unverified'], proof: {kind: 'claimed', verified: false, via: 'header'}},
    );
  }

  await world.post(nb, {'X-Otter-User': 'carol', Referer: `${world.url}/user/dave/lab`});
  t.true(world.records.all('submissions').some(({student}) => student === 'carol'));
  // Who names nobody still goes through the hub.
  t.is((await world.post(nb)).status, 303);
  // A token is a proof, and a wrong one is not made good by a name.
  await checkProblem(
    t,
    await world.post(nb, {Authorization: 'token x', 'X-Otter-User': 'carol'}),
    401,
    'not-authenticated',
  );
  // What is only said opens nobody's submissions.
  const own = await fetch(`${world.url}${prefix}submissions`, {headers: {'X-Otter-User': 'carol'}});
  await checkProblem(t, own, 401, 'not-authenticated');
});

test('who was refused and never proved a name is not written down as logged in', async t => {
  const world = await startExchange(t, {environment: {HOLT_TRUST_CLAIMED_USER: 'true'}});
  await checkProblem(t, await world.post('{bad', {'X-Otter-User': 'alice'}), 400, 'malformed-request');
  t.like(world.records.all('refusals')[0], {student: null, namedStudent: 'alice'});
});

for (const headers of [
  {'Sec-Fetch-Site': 'cross-site'},
  {'Sec-Fetch-Site': 'same-site'},
  {'Sec-Fetch-Site': 'none'},
  {Origin: 'https://evil.example'},
  {Origin: 'null'},
  {Origin: ''},
] as Record<string, string>[]) {
  test(`a POST with ${JSON.stringify(headers)} is another site’s`, async t => {
    const world = await startExchange(t);
    for (const more of [{}, {Authorization: 'token dev-alice'}] as Record<string, string>[]) {
      const answer = await world.post(nb, {...headers, ...more});
      const {detail} = await checkProblem(t, answer, 403, 'cross-site');
      t.regex(detail, /submit from JupyterLab itself/);
    }

    const both = await world.post(nb, {Origin: world.url, 'Sec-Fetch-Site': 'cross-site'});
    await checkProblem(t, both, 403, 'cross-site');
    checkNothingMade(t, world, Array(3).fill('cross-site'));
    t.is(world.hub.requests, 0);
  });
}

test('the compared origin is the setting’s, never the Host header’s', async t => {
  const world = await startExchange(t, {environment: {HOLT_HUB_ORIGIN: 'https://hub.example/, http://other.example'}});
  for (const [Origin, status] of [
    ['https://hub.example', 303],
    ['http://other.example', 303],
    ['http://hub.example', 403],
    ['https://hub.example.evil.org', 403],
    [world.url, 403],
  ] as const) {
    t.is((await world.post(nb, {Origin})).status, status, Origin);
  }

  checkRefusals(t, world, ['cross-site', 'cross-site', 'cross-site']);
});

test('a hub that answers slowly holds up nobody else', async t => {
  const stuck = createServer(() => {});
  await new Promise<void>(resolve => stuck.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    stuck.closeAllConnections();
    stuck.close();
  });
  const world = await startExchange(t, {
    environment: {
      JUPYTERHUB_API_URL: `http://127.0.0.1:${(stuck.address() as AddressInfo).port}/hub/api`,
      HOLT_JWT_SECRET: secret,
    },
  });
  const waiting = Array.from({length: 50}, (_, index) =>
    world.post(nb, {Authorization: `token t${index}`}).catch(() => {}),
  );
  const answer = await world.post(nb, {Authorization: `Bearer ${await sign()}`});
  t.is(answer.status, 200);
  stuck.closeAllConnections();
  await Promise.all(waiting);
});
