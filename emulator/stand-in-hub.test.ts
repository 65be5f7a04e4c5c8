import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'ava';
import {contractClient, contractGroups, testHub} from '../testing/browser/hub-contract.ts';
import {openSession} from '../testing/browser/hub-session.ts';
import {makeStandInHub, makeStandInToken} from './stand-in-hub.ts';

const apiToken = 'a-secret-of-hub-and-holt';
const handle = makeStandInHub({prefix: '/hub', clientSecret: apiToken, groups: contractGroups, ...contractClient});
const server = createServer((request, response) => {
  if (!handle(request, response)) {
    response.writeHead(418).end('not the hub’s');
  }
});
let url: string;

test.before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

test.after.always(() => server.close());

testHub(test, 'the stand-in', () => ({
  ...{url, apiUrl: `${url}/hub/api`, apiToken, password: 'any'},
  makeToken: async (_, name) => makeStandInToken(name),
}));

test('only paths of the hub are its own', async t => {
  for (const path of ['/', '/hubble', '/services/otter_grade/', '/x/hub/login']) {
    t.is((await fetch(url + path)).status, 418, path);
  }
});

test('the token dev-<user> is that user, percent-encoded or plain', async t => {
  const ask = async (token: string) => {
    const answer = await fetch(`${url}/hub/api/user`, {headers: {authorization: `token ${token}`}});
    return answer.ok ? ((await answer.json()) as {name: string}).name : answer.status;
  };
  t.is(await ask('dev-alice'), 'alice');
  t.is(await ask('dev-alice%40example.org'), 'alice@example.org');
  t.is(await ask(makeStandInToken('ünï cödé')), 'ünï cödé');
  t.is(await ask('dev-'), 403);
  t.is(await ask('dev-%E0%A4%A'), 403);
  t.is(await ask('dev-%00'), 403);
});

test('the login leads nowhere but to this server', async t => {
  for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const path = `/hub/login?${new URLSearchParams({next})}`;
    const {status, location} = await openSession(url).send(path, {form: {username: 'alice'}});
    t.is(status, 302);
    t.is(location, '/hub/home', next);
  }
});

test('a name that no hub would have is asked for again', async t => {
  for (const username of ['', ' ', 'a/b', 'x'.repeat(201), 'a\u0000b']) {
    const {status, body} = await openSession(url).send('/hub/login', {form: {username}});
    t.is(status, 403);
    t.regex(body, /This name cannot be used/);
  }
});

test('a name on a page is text, not markup', async t => {
  const session = openSession(url);
  await session.send('/hub/login', {form: {username: '<b onclick="x">'}});
  const {body} = await session.send('/hub/home');
  t.false(body.includes('<b onclick'));
  t.true(body.includes('Hello, &#60;b'));
});
