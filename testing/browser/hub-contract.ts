import {randomBytes} from 'node:crypto';
import type {TestFn} from 'ava';
import {makeHub} from '../../adapters/jupyterhub.ts';
import {checkHub} from '../../cli/doctor/check-hub.ts';
import {toBase64Url} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {Settings} from '../../functions/settings.ts';
import {type HubSession, logInByForm, openSession} from './hub-session.ts';

/** A hub that the contract runs against, and what only it can do. */
export type ContractHub = {
  url: string;
  apiUrl: string;
  apiToken: string;
  password: string;
  /** Makes a token that a logged-in user could make on the hub's own page. */
  makeToken: (session: HubSession, name: string) => Promise<string>;
};

export const contractClient = {clientId: 'service-otter_grade', redirectPath: '/services/otter_grade/oauth_callback'};

/** Group -> users that a hub under the contract is given. */
export const contractGroups = {'8x-staff': ['grace']};

const secret = () => randomBytes(32).toString('base64url');
const challengeOf = async (verifier: string) =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));

/** Declares the tests that the real hub and the stand-in both pass, through the adapter that Holt uses. */
export function testHub(test: TestFn, label: string, getHub: () => ContractHub): void {
  const adapt = (change: {apiToken?: string} = {}) => {
    const {apiUrl, apiToken} = getHub();
    return makeHub({apiUrl, apiToken, publicUrl: '', timeoutSeconds: 10, ...contractClient, ...change});
  };
  const logIn = async (username: string) => {
    const session = openSession(getHub().url);
    await logInByForm(session, {username, password: getHub().password});
    return session;
  };
  const callbackOf = (location: string) => {
    const url = new URL(location, getHub().url);
    return {path: url.pathname, code: url.searchParams.get('code') ?? '', state: url.searchParams.get('state')};
  };
  const findCode = async (session: HubSession, verifier: string) =>
    callbackOf((await session.send(adapt().authorizeUrl('state-1', await challengeOf(verifier)))).location).code;

  for (const [name, groups] of [
    ['grace', ['8x-staff']],
    ['alice', []],
    ['ünï cödé@example.org', []],
  ] as const) {
    test(`${label}: the login of ${name} comes back with its state, the user's name and groups`, async t => {
      const session = await logIn(name);
      const verifier = secret();
      const answer = await session.send(adapt().authorizeUrl('a state/+&', await challengeOf(verifier)));
      const {path, code, state} = callbackOf(answer.location);
      t.is(answer.status, 302);
      t.is(path, contractClient.redirectPath);
      t.is(state, 'a state/+&');
      t.deepEqual(await adapt().findUserByCode(code, verifier), {name, groups: [...groups], admin: false});
    });
  }

  test(`${label}: a code works once`, async t => {
    const verifier = secret();
    const code = await findCode(await logIn('alice'), verifier);
    t.is((await adapt().findUserByCode(code, verifier))?.name, 'alice');
    t.is(await adapt().findUserByCode(code, verifier), undefined);
  });

  test(`${label}: a code is worth nothing without the verifier it was asked for with`, async t => {
    const session = await logIn('alice');
    t.is(await adapt().findUserByCode(await findCode(session, secret()), secret()), undefined);
    t.is(await adapt().findUserByCode(await findCode(session, secret()), ''), undefined);
  });

  test(`${label}: a made-up code is refused`, async t => {
    t.is(await adapt().findUserByCode('made-up', secret()), undefined);
    t.is(await adapt().findUserByCode('', secret()), undefined);
  });

  test(`${label}: another secret than the service's is told to the operator, not to the student`, async t => {
    const verifier = secret();
    const code = await findCode(await logIn('alice'), verifier);
    const error = await t.throwsAsync(adapt({apiToken: 'another'}).findUserByCode(code, verifier), {
      instanceOf: HoltError,
    });
    t.is(error.code, 'hub-unavailable');
    t.regex(error.message, /JUPYTERHUB_API_TOKEN/);
  });

  test(`${label}: who is not logged in meets the login form, and goes on after it`, async t => {
    const verifier = secret();
    const session = openSession(getHub().url);
    const asked = adapt().authorizeUrl('state-2', await challengeOf(verifier));
    const answer = await session.send(asked);
    const login = new URL(answer.location, getHub().url);
    t.is(answer.status, 302);
    t.is(login.pathname, '/hub/login');

    const next = login.searchParams.get('next') ?? '';
    t.is((await session.send(answer.location)).status, 200);
    const onward = await logInByForm(session, {username: 'alice', password: getHub().password, next});
    const {code, state} = callbackOf((await session.send(onward)).location);
    t.is(state, 'state-2');
    t.is((await adapt().findUserByCode(code, verifier))?.name, 'alice');
  });

  test(`${label}: another client or another way back is refused`, async t => {
    const session = await logIn('alice');
    const asked = adapt().authorizeUrl('state', await challengeOf(secret()));
    t.is((await session.send(asked.replace('service-otter_grade', 'service-other'))).status, 400);
    t.is((await session.send(asked.replace('oauth_callback', 'elsewhere'))).status, 400);
  });

  test(`${label}: a user's own token is that user`, async t => {
    const token = await getHub().makeToken(await logIn('grace'), 'grace');
    t.deepEqual(await adapt().findUserByToken(token), {name: 'grace', groups: ['8x-staff'], admin: false});
  });

  test(`${label}: an unknown token is nobody`, async t => {
    for (const token of ['', 'made-up', 'dev', 'two words', 'line\r\nbreak: x', 'ü', 'x'.repeat(5000)]) {
      t.is(await adapt().findUserByToken(token), undefined, token.slice(0, 20));
    }
  });

  test(`${label}: the doctor knows the service by its token, and no other token`, async t => {
    const {apiUrl, apiToken} = getHub();
    const check = async (token: string) => {
      const settings = Settings.parse({JUPYTERHUB_API_URL: apiUrl, JUPYTERHUB_API_TOKEN: token});
      return (await checkHub(settings)).map(({state}) => state);
    };
    t.deepEqual(await check(apiToken), ['ok', 'ok']);
    t.deepEqual(await check('another'), ['ok', 'wrong']);
  });

  test(`${label}: the session id stays when somebody else logs in, and ends with a log-out`, async t => {
    const session = await logIn('alice');
    const first = session.cookie('jupyterhub-session-id');
    t.truthy(first);
    session.forget('/hub/');
    await logInByForm(session, {username: 'bob', password: getHub().password});
    t.is(session.cookie('jupyterhub-session-id'), first);

    await session.send('/hub/logout');
    t.is(session.cookie('jupyterhub-session-id'), undefined);
    const asked = adapt().authorizeUrl('state', await challengeOf(secret()));
    t.regex((await session.send(asked)).location, /^\/hub\/login\?/);
    await logInByForm(session, {username: 'bob', password: getHub().password});
    t.not(session.cookie('jupyterhub-session-id'), first);
  });
}
