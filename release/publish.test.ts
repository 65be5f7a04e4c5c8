import {once} from 'node:events';
import {mkdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {makeBuilder} from '../testing/build-files/programs.ts';
import {root} from '../testing/build-files/read-builds.ts';
import {readSection} from './changelog.ts';

const changelog = `# Changelog

## Unreleased

- Not yet.

## [1.2.0] - 2026-11-01

### Added

- Something for \`everybody\`.

## 1.1.0

- Older.

[1.2.0]: https://example.org/compare
`;

test('a section of the changelog is what stands under its version', t => {
  t.is(readSection(changelog, '1.2.0'), '### Added\n\n- Something for `everybody`.');
  t.is(readSection(changelog, '1.1.0'), '- Older.');
});

test('a version without a section, or with an empty one, is no release', t => {
  for (const version of ['1.2', '1.2.1', '1.1x0', '2.0.0']) {
    t.throws(() => readSection(changelog, version), {message: /has no section/}, version);
  }

  t.throws(() => readSection('## 3.0.0\n\n## 2.0.0\n\n- x\n', '3.0.0'), {message: /or an empty one/});
});

const token = 'ghs_thesecrettoken';
const image = (name: string) => `us-central1-docker.pkg.dev/p/holt/${name}@sha256:${'a'.repeat(64)}`;

type Release = {id: number; tag_name: string; body: string; html_url: string};

/** The part of GitHub that keeps releases. */
async function startGitHub(t: ExecutionContext, status?: number) {
  const releases: Release[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString('utf8');
    const answer = (code: number, content: object) => response.writeHead(code).end(JSON.stringify(content));
    if (status !== undefined || request.headers.authorization !== `Bearer ${token}`) {
      return answer(status ?? 401, {message: 'Bad credentials'});
    }

    const known = releases.find(
      ({id, tag_name}) => request.url?.endsWith(`/tags/${tag_name}`) || request.url?.endsWith(`/${id}`),
    );
    if (request.method === 'GET') {
      return known ? answer(200, known) : answer(404, {message: 'Not Found'});
    }

    if (request.method === 'PATCH' && known) {
      return answer(200, Object.assign(known, JSON.parse(body)));
    }

    const made = {id: releases.length + 1, html_url: 'https://github.example/o/r/releases/1', ...JSON.parse(body)};
    releases.push(made);
    return answer(201, made);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return {releases, api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
}

function setUp(t: ExecutionContext, text = changelog) {
  const builder = makeBuilder(t);
  const folder = path.join(builder.folder, 'workspace');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'CHANGELOG.md'), text);
  for (const name of ['functions', 'otter-grader']) {
    builder.leave(`digests/${name}`, `${image(name)}\n`);
  }

  const publish = (api: string, tag = 'v1.2.0', secret = token) =>
    builder.run(
      [process.execPath, path.join(root, 'release/publish.ts'), 'o/r', tag],
      {GITHUB_API_URL: api, RELEASE_TOKEN: secret},
      folder,
    );
  return {builder, folder, publish};
}

test('a tag becomes one release with its changelog and its digests, and again only its text changes', async t => {
  const {releases, api} = await startGitHub(t);
  const {folder, publish} = setUp(t);
  const first = await publish(api);
  t.is(first.code, 0, first.stderr);
  t.is(first.stdout, 'https://github.example/o/r/releases/1\n');
  t.like(releases[0], {tag_name: 'v1.2.0', name: 'v1.2.0'});
  t.regex(releases[0]?.body ?? '', /^### Added\n\n- Something for `everybody`\.\n\nImages:/);
  t.true(releases[0]?.body.includes(image('otter-grader')));
  writeFileSync(path.join(folder, 'CHANGELOG.md'), changelog.replace('Something', 'More'));
  t.is((await publish(api)).code, 0);
  t.is(releases.length, 1);
  t.regex(releases[0]?.body ?? '', /More for/);
});

test('a tag without a section, without images, or that is no version publishes nothing', async t => {
  const {releases, api} = await startGitHub(t);
  const {builder, publish} = setUp(t);
  t.regex((await publish(api, 'v9.9.9')).stderr, /has no section 9\.9\.9/);
  t.regex((await publish(api, 'latest')).stderr, /vX\.Y\.Z/);
  builder.leave('digests/functions', 'us-central1-docker.pkg.dev/p/holt/functions:v1');
  const {code, stderr} = await publish(api);
  t.is(code, 1);
  t.regex(stderr, /is no image by digest/);
  t.deepEqual(releases, []);
});

test('a token that is refused is told with GitHub’s words, and never itself', async t => {
  const {api} = await startGitHub(t);
  const {publish} = setUp(t);
  const {code, stdout, stderr} = await publish(api, 'v1.2.0', 'ghs_anothersecret');
  t.is(code, 1);
  t.regex(stderr, /did not take the release \(401\): .*Bad credentials/);
  t.false((stdout + stderr).includes('anothersecret'));
  t.regex((await publish(api, 'v1.2.0', ' ')).stderr, /RELEASE_TOKEN is not set/);
  const down = await startGitHub(t, 503);
  t.is((await publish(down.api)).code, 1);
});
