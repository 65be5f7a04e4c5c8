import {once} from 'node:events';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../domain/errors.ts';
import {contractClient, contractGroups, testHub} from '../testing/browser/hub-contract.ts';
import {logInByForm, makeUserToken, openSession} from '../testing/browser/hub-session.ts';
import {setUpHub, startTestHub, type TestHub} from '../testing/browser/test-hub.ts';
import {makeHub} from './jupyterhub.ts';

let hub: TestHub;

test.before(async t => {
  t.timeout(600_000, 'the hub’s Python environment is made once');
  await setUpHub();
  hub = await startTestHub({serviceUrl: 'http://127.0.0.1:9', groups: contractGroups});
});

test.after.always(() => hub?.close());

testHub(test, 'JupyterHub', () => ({...hub, makeToken: makeUserToken}));

const adapt = (apiUrl: string) =>
  makeHub({apiUrl, apiToken: hub.apiToken, publicUrl: '', timeoutSeconds: 10, ...contractClient});

test('a token without access to this service is nobody here', async t => {
  const session = openSession(hub.url);
  await logInByForm(session, {username: 'carol', password: hub.password});
  const narrow = await makeUserToken(session, 'carol', ['read:users:name!user']);
  t.is(await adapt(hub.apiUrl).findUserByToken(narrow), undefined);

  const wide = await makeUserToken(session, 'carol', [`access:services!service=otter_grade`]);
  t.is((await adapt(hub.apiUrl).findUserByToken(wide))?.name, 'carol');
});

test('a service’s token is no user', async t => {
  t.is(await adapt(hub.apiUrl).findUserByToken(hub.apiToken), undefined);
});

test('the API’s address may end with a slash', async t => {
  t.is(await adapt(`${hub.apiUrl}/`).findUserByToken('made-up'), undefined);
});

const leads = test.macro({
  exec(t, publicUrl: string, start: string) {
    const found = makeHub({apiUrl: '', apiToken: '', publicUrl, timeoutSeconds: 1, ...contractClient});
    const url = found.authorizeUrl('a&b', 'c');
    t.is(
      url,
      `${start}?client_id=service-otter_grade&redirect_uri=%2Fservices%2Fotter_grade%2Foauth_callback&response_type=code&state=a%26b&code_challenge=c&code_challenge_method=S256`,
    );
  },
  title: (_, publicUrl) => `a hub at "${publicUrl}" is asked for a login where it is`,
});

test(leads, '', '/hub/api/oauth2/authorize');
test(leads, '/', '/hub/api/oauth2/authorize');
test(leads, '/jupyter/', '/jupyter/hub/api/oauth2/authorize');
test(leads, 'https://hub.example.org', 'https://hub.example.org/hub/api/oauth2/authorize');

async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const fails = test.macro({
  async exec(t, _: string, listener: RequestListener) {
    const settings = {apiToken: 'secret', publicUrl: '', timeoutSeconds: 0.3, ...contractClient};
    const {findUserByToken, findUserByCode} = makeHub({...settings, apiUrl: await serve(t, listener)});
    for (const look of [() => findUserByToken('token'), () => findUserByCode('code', 'verifier')]) {
      const error = await t.throwsAsync(look(), {instanceOf: HoltError});
      t.is(error.code, 'hub-unavailable');
      t.true(error.retryable);
    }
  },
  title: (_, what) => `a hub that ${what} is unavailable, and nobody is refused for it`,
});

const answer =
  (status: number, body: string): RequestListener =>
  (_, response) =>
    void response.writeHead(status, {'content-type': 'application/json', location: '/hub/login'}).end(body);

test(fails, 'answers 500', answer(500, '{"status": 500}'));
test(fails, 'answers 503 with a page', answer(503, '<h1>Service Unavailable</h1>'));
test(fails, 'answers 200 with a page', answer(200, '<!doctype html><h1>Log in</h1>'));
test(fails, 'answers 404', answer(404, '{"status": 404, "message": "Not Found"}'));
test(fails, 'answers 429', answer(429, '{"status": 429, "message": "Too Many Requests"}'));
test(fails, 'sends elsewhere', answer(302, ''));
test(fails, 'answers JSON that is no user', answer(200, '{"access_token": "x", "name": "alice"}'));
test(
  fails,
  'answers a user without a name',
  answer(200, '{"access_token": "x", "kind": "user", "name": "", "scopes": ["access:services"]}'),
);
test(fails, 'never answers', () => {});
test(fails, 'ends in the middle of its answer', (_, response) => {
  response.writeHead(200, {'content-length': 1000}).write('{"kind": "user", "name": "al', () => response.destroy());
});

test('a hub that cannot be reached is unavailable', async t => {
  const {findUserByToken} = adapt('http://127.0.0.1:9');
  const error = await t.throwsAsync(findUserByToken('token'), {instanceOf: HoltError});
  t.is(error.code, 'hub-unavailable');
});
