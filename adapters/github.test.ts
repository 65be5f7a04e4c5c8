import {generateKeyPairSync} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {type FailureCode, HoltError} from '../domain/errors.ts';
import {startGitHubServer} from '../testing/github-server.ts';
import type {GitHubSettings} from './github/get.ts';
import {makeGitHubSource} from './github.ts';

const MAX = 4 * 2 ** 20;
const files = {'course-config.json': '{}', 'demo/zips/a.zip': 'archive'};

const setUp = async (t: ExecutionContext, settings: Partial<GitHubSettings> = {}) => {
  const server = await startGitHubServer();
  t.teardown(server.close);
  const {appId, privateKey, installationId, url: baseUrl, requests} = server;
  const source = makeGitHubSource({
    ...{appId, privateKey, installationId, baseUrl, owner: 'staff', repo: 'autograders'},
    ...settings,
  });
  const read = async (revision: string, path: string, maxBytes = MAX) => {
    const content = await source.readFile(revision, path, maxBytes);
    return content && new TextDecoder().decode(content);
  };
  /** What was asked since the last call, without the App's token. */
  const asked = () =>
    requests
      .splice(0)
      .filter(({method}) => method === 'GET')
      .map(({path, status}) => `${status} ${path.replace('/repos/staff/autograders', '')}`);
  return {server, source, read, asked};
};

const fails = async (t: ExecutionContext, call: () => Promise<unknown>, code: FailureCode, said: RegExp) => {
  const error = await t.throwsAsync(call, {instanceOf: HoltError});
  t.is(error.code, code, error.message);
  t.regex(error.message, said);
};

test('a change is seen by the next look, no change costs one 304 without a body', async t => {
  const {server, source, asked} = await setUp(t);
  const first = server.commit(files);
  t.is(await source.findRevision(), first);
  t.deepEqual(asked(), ['200 /git/ref/heads/main']);

  t.is(await source.findRevision(), first);
  t.like(server.requests, {0: {status: 304, bytes: 0}, length: 1});
  t.deepEqual(asked(), ['304 /git/ref/heads/main']);

  const second = server.commit(files);
  t.is(await source.findRevision(), second);
});

test('reads one file as of its commit, and only that', async t => {
  const {server, source, read, asked} = await setUp(t);
  const first = server.commit(files);
  await source.findRevision();
  const second = server.commit({...files, 'demo/zips/a.zip': 'changed'});
  asked();
  t.is(await read(first, 'demo/zips/a.zip'), 'archive');
  t.is(await read(second, 'demo/zips/a.zip'), 'changed');
  t.deepEqual(asked(), [`200 /contents/demo/zips/a.zip?ref=${first}`, `200 /contents/demo/zips/a.zip?ref=${second}`]);
});

test('one token serves many requests and sources alike', async t => {
  const {server, source, read} = await setUp(t);
  const sha = server.commit(files);
  await Promise.all([source.findRevision(), read(sha, 'course-config.json'), read(sha, 'demo/zips/a.zip')]);
  await source.findRevision();
  t.is(server.requests.filter(({method}) => method === 'POST').length, 1);
});

test('without main there is master; main wins as soon as it is there', async t => {
  const {server, source} = await setUp(t);
  const master = server.commit(files, 'master');
  t.is(await source.findRevision(), master);
  t.is(await source.findRevision(), master);
  const main = server.commit(files, 'main');
  t.is(await source.findRevision(), main);
});

test('neither main nor master, or nothing at all, is told to staff', async t => {
  const {server, source} = await setUp(t);
  await fails(t, source.findRevision, 'invalid-course', /staff\/autograders has neither a branch "main" nor "master"/);
  server.commit(files, 'dev');
  await fails(t, source.findRevision, 'invalid-course', /neither a branch/);
});

test('a repository that the App may not read is told to staff, and read once it may', async t => {
  const {server, source, read} = await setUp(t);
  const sha = server.commit(files);
  server.state.installed = false;
  await fails(t, source.findRevision, 'invalid-course', /install the App on this repository/);
  await fails(t, () => read(sha, 'course-config.json'), 'invalid-course', /install the App on this repository/);
  server.state.installed = true;
  t.is(await source.findRevision(), sha);
});

test('a missing file, and names that would leave the repository, are no file', async t => {
  const {server, read, asked} = await setUp(t);
  const sha = server.commit(files);
  t.is(await read(sha, 'demo/zips/b.zip'), undefined);
  asked();
  for (const path of [
    '../../../user',
    'demo/../course-config.json',
    './course-config.json',
    '/course-config.json',
    '',
  ]) {
    t.is(await read(sha, path), undefined, path);
  }

  t.deepEqual(asked(), []);
});

test('names are encoded, whatever they hold', async t => {
  const {server, read} = await setUp(t);
  const names = ['a b/ü ?#%2e%2e.zip', 'x{owner}:ref/%.zip', 'ref=1&ref=2'];
  const sha = server.commit(Object.fromEntries(names.map(name => [name, name])));
  for (const name of names) {
    t.is(await read(sha, name), name);
  }

  t.is(await read(sha, '\ud800'), undefined);
});

test('a file beyond the limit is refused while it is read, a large one within it is whole', async t => {
  const {server, source, read} = await setUp(t);
  const large = new Uint8Array(3 * 2 ** 20).map((_, at) => at % 251);
  const sha = server.commit({'a.zip': large});
  t.true(Buffer.from(large).equals((await source.readFile(sha, 'a.zip', large.length)) ?? new Uint8Array()));
  await fails(t, () => read(sha, 'a.zip', large.length - 1), 'too-large', /a\.zip in github\.com\/staff\/autograders/);
  server.state.fault = {kind: 'status', status: 403, message: 'The requested blob is too large to fetch via the API'};
  await fails(t, () => read(sha, 'a.zip'), 'too-large', /100 MB/);
});

test('a moved repository is found at its new place', async t => {
  const {server, source, read} = await setUp(t);
  const sha = server.commit(files);
  server.moveTo('university/autograders');
  t.is(await source.findRevision(), sha);
  t.is(await read(sha, 'demo/zips/a.zip'), 'archive');
});

test('a redirect to another host is followed without the token', async t => {
  const {server, read} = await setUp(t);
  const sha = server.commit(files);
  server.state.redirectsFiles = true;
  t.is(await read(sha, 'demo/zips/a.zip'), 'archive');
  const last = server.requests.at(-1);
  t.regex(last?.host ?? '', /^localhost/);
  t.false(last?.token);
});

test('a token that ends soon is renewed', async t => {
  const {server, source} = await setUp(t);
  const sha = server.commit(files);
  server.state.tokenSeconds = 30;
  t.is(await source.findRevision(), sha);
  const before = server.state.tokens.size;
  t.is(await source.findRevision(), sha);
  t.true(server.state.tokens.size > before);
});

test('a token that was revoked is replaced at once', async t => {
  const {server, source} = await setUp(t);
  const sha = server.commit(files);
  await source.findRevision();
  server.state.tokens.clear();
  t.is(await source.findRevision(), sha);
});

for (const [fault, said] of [
  [{kind: 'down'}, /cannot be reached/],
  [{kind: 'status', status: 500}, /answers 500/],
  [{kind: 'status', status: 503}, /answers 503/],
  [{kind: 'silent'}, /cannot be reached/],
] as const) {
  test(`GitHub is ${JSON.stringify(fault)} for a while, then back`, async t => {
    const {server, source, read} = await setUp(t, {timeouts: {idleSeconds: 1}});
    const sha = server.commit(files);
    server.state.fault = fault;
    await fails(t, source.findRevision, 'source-unavailable', said);
    server.state.fault = undefined;
    t.is(await source.findRevision(), sha);

    server.state.fault = fault;
    await fails(t, source.findRevision, 'source-unavailable', said);
    await fails(t, () => read(sha, 'course-config.json'), 'source-unavailable', said);
    server.state.fault = undefined;
    t.is(await read(sha, 'course-config.json'), '{}');
  });
}

test('an answer that is cut off is no file and no revision', async t => {
  const {server, source, read} = await setUp(t);
  const sha = server.commit({'a.zip': new Uint8Array(2 ** 20)});
  server.state.fault = {kind: 'cut-off'};
  await fails(t, source.findRevision, 'source-unavailable', /cut off/);
  await fails(t, () => read(sha, 'a.zip'), 'source-unavailable', /cut off/);
  server.state.fault = undefined;
  t.is((await source.readFile(sha, 'a.zip', MAX))?.length, 2 ** 20);
});

test('a kept connection that GitHub has closed meanwhile is replaced', async t => {
  const {server, source} = await setUp(t);
  const sha = server.commit(files);
  for (let at = 0; at < 5; at++) {
    t.is(await source.findRevision(), sha);
    server.state.dropsNext = true;
  }
});

test('a proxy that answers in place of GitHub gives no revision', async t => {
  const {server, source} = await setUp(t);
  server.commit(files);
  server.state.fault = {kind: 'garbage'};
  await fails(t, source.findRevision, 'source-unavailable', /proxy/);
});

test('after a rate limit GitHub is left alone for as long as it asks', async t => {
  const {server, source, asked} = await setUp(t);
  const sha = server.commit(files);
  await source.findRevision();
  asked();
  server.state.fault = {kind: 'rate-limit', retryAfterSeconds: 1};
  await fails(t, source.findRevision, 'source-unavailable', /rate limit/);
  server.state.fault = undefined;
  await fails(t, source.findRevision, 'source-unavailable', /asked again after 2/);
  t.is(asked().length, 1);

  const deadline = Date.now() + 10_000;
  let found: string | undefined;
  while (!found && Date.now() < deadline) {
    found = await source.findRevision().catch(() => undefined);
    await new Promise(resolve => setTimeout(resolve, 50));
  }

  t.is(found, sha);
});

test('a wrong App, key or installation is told to staff', async t => {
  const {privateKey} = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: {type: 'pkcs1', format: 'pem'},
    publicKeyEncoding: {type: 'spki', format: 'pem'},
  });
  for (const wrong of [{privateKey}, {appId: '5'}, {installationId: '5'}]) {
    const {server, source} = await setUp(t, wrong);
    server.commit(files);
    await fails(t, source.findRevision, 'invalid-course', /check COURSE_CONTENT_READER_APP_ID/);
  }
});

test('the key may be written in one line, with \\n, without line ends, or in base64', async t => {
  const {server} = await setUp(t);
  const sha = server.commit(files);
  const {appId, installationId, url: baseUrl, privateKey: pem} = server;
  const oneLine = pem.replaceAll('\n', ' ');
  const base64 = Buffer.from(pem).toString('base64');
  for (const privateKey of [
    pem.replaceAll('\n', '\\n'),
    oneLine,
    base64,
    ` ${base64}\n`,
    pem.replaceAll('\n', '\r\n'),
  ]) {
    const source = makeGitHubSource({appId, installationId, baseUrl, privateKey, owner: 'staff', repo: 'autograders'});
    t.is(await source.findRevision(), sha);
  }
});

test('settings that cannot be used are refused at once, by name and without the key', t => {
  const {privateKey} = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: {type: 'pkcs8', format: 'pem'},
    publicKeyEncoding: {type: 'spki', format: 'pem'},
  });
  const good = {appId: '1', installationId: '2', owner: 'o', repo: 'r'};
  for (const key of ['', 'secret', '-----BEGIN RSA PRIVATE KEY-----', privateKey]) {
    const error = t.throws(() => makeGitHubSource({...good, privateKey: key}), {instanceOf: HoltError});
    t.is(error.code, 'invalid-setting');
    t.regex(error.message, /^COURSE_CONTENT_READER_PRIVATE_KEY/);
    t.false(error.message.includes('secret'));
  }

  for (const wrong of [{appId: ''}, {appId: 'x'}, {installationId: '0'}]) {
    t.throws(() => makeGitHubSource({...good, privateKey, ...wrong}), {message: /^COURSE_CONTENT_READER_\w+_ID /});
  }
});
