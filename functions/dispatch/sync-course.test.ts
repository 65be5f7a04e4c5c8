import test, {type ExecutionContext} from 'ava';
import {makeGitHubSource} from '../../adapters/github.ts';
import {HoltError} from '../../domain/errors.ts';
import type {CourseSource} from '../../domain/ports.ts';
import {startGitHubServer} from '../../testing/github-server.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {makeSyncCourse} from './sync-course.ts';

const configOf = (...assignments: string[]) =>
  JSON.stringify({
    demo: {1: {subpath_to_zips: 'zips', assignments: Object.fromEntries(assignments.map(name => [name, '']))}},
  });

const setUp = async (t: ExecutionContext) => {
  const server = await startGitHubServer();
  t.teardown(server.close);
  const {appId, privateKey, installationId, url: baseUrl} = server;
  const makeSource = () =>
    makeGitHubSource({appId, privateKey, installationId, baseUrl, owner: 'staff', repo: 'autograders'});
  const records = makeMemoryRecords();
  const logged: string[] = [];
  let clock = Date.parse('2026-09-01T10:00:00.000Z');
  const makeSync = (source: CourseSource) =>
    makeSyncCourse({
      ...records,
      now: () => new Date(clock++).toISOString(),
      log: (severity, message, fields) => void logged.push(`${severity} ${message} ${JSON.stringify(fields)}`),
      sourceOf: course => (course === 'demo' ? source : undefined),
    });
  const sync = makeSync(makeSource());
  const get = () => {
    const [course] = records.all('courses');
    return course ?? t.fail('There is no record.');
  };
  /** What was asked of the repository since the last call. */
  const asked = () => server.requests.splice(0).filter(({method}) => method === 'GET');
  return {server, records, logged, makeSource, makeSync, sync, get, asked};
};

test('a new course gets its record, a change is seen by the next sync', async t => {
  const {server, sync, get, logged} = await setUp(t);
  const first = server.commit({'course-config.json': configOf('lab1')});
  t.is(await sync('demo'), 'changed');
  t.like(get(), {course: 'demo', revision: first, problem: null, archives: {}});
  t.deepEqual(get().config.sections['1']?.assignments, {lab1: ''});

  const {createdAt} = get();
  const second = server.commit({'course-config.json': configOf('lab2', 'lab3')});
  t.is(await sync('demo'), 'changed');
  t.like(get(), {revision: second, createdAt});
  t.deepEqual(Object.keys(get().config.sections['1']?.assignments ?? {}), ['lab2', 'lab3']);
  t.regex(logged.at(-1) ?? '', /^NOTICE course changed .*"added":\["1\/lab2","1\/lab3"\],"removed":\["1\/lab1"\]/);
});

test('no change costs one request without a body, and no write', async t => {
  const {server, sync, get, asked} = await setUp(t);
  server.commit({'course-config.json': configOf('lab1')});
  await sync('demo');
  const before = get();
  asked();
  t.is(await sync('demo'), 'unchanged');
  t.like(asked(), {0: {status: 304, bytes: 0}, length: 1});
  t.deepEqual(get(), before);
});

test('archives belong to a revision: a change of any file forgets them', async t => {
  const {server, records, sync, get} = await setUp(t);
  server.commit({'course-config.json': configOf('lab1')});
  await sync('demo');
  const archives = {'zips/lab1-autograder.zip': {sha256: 'a'.repeat(64)}};
  await records.transact(async ({put}) => put('courses', {...get(), archives}));
  await sync('demo');
  t.deepEqual(get().archives, archives);
  server.commit({'course-config.json': configOf('lab1'), 'zips/lab1-autograder.zip': 'new'});
  t.is(await sync('demo'), 'changed');
  t.deepEqual(get().archives, {});
});

for (const [what, broken, said] of [
  ['broken JSON', {'course-config.json': '{"demo": {'}, /not JSON.*\(revision [0-9a-f]{10}\)/],
  ['a missing config', {}, /no course-config\.json.*add it/],
  ['a config without the course', {'course-config.json': '{"other": {}}'}, /no course "demo"/],
  ['a wrong key', {'course-config.json': '{"demo": {"policy": "first"}}'}, /policy/],
  ['a config that is no text', {'course-config.json': Buffer.from([0xff, 0xfe, 0x7b])}, /UTF-8/],
  ['a config of 2 MB', {'course-config.json': ' '.repeat(2 ** 21)}, /more than 1048576 bytes/],
] as const) {
  test(`${what} keeps the last good config and says so to staff, once`, async t => {
    const {server, sync, get, logged} = await setUp(t);
    const good = server.commit({'course-config.json': configOf('lab1')});
    await sync('demo');
    const {config} = get();
    server.commit(broken);
    t.is(await sync('demo'), 'broken');
    t.like(get(), {revision: good});
    t.deepEqual(get().config, config);
    t.regex(get().problem ?? '', said);

    t.is(await sync('demo'), 'broken');
    t.is(logged.filter(line => line.startsWith('ERROR')).length, 1);

    const mended = server.commit({'course-config.json': configOf('lab1', 'lab2')});
    t.is(await sync('demo'), 'changed');
    t.like(get(), {revision: mended, problem: null});
  });
}

test('a course that was never good gets a record that shows its problem', async t => {
  const {server, sync, get} = await setUp(t);
  server.commit({'course-config.json': 'nothing'});
  t.is(await sync('demo'), 'broken');
  t.like(get(), {revision: '', config: {sections: {}}});
  t.regex(get().problem ?? '', /not JSON/);
  const {createdAt} = get();
  server.commit({'course-config.json': configOf('lab1')});
  t.is(await sync('demo'), 'changed');
  t.like(get(), {problem: null, createdAt});
});

test('a repository that cannot be read any more is a problem, and none when it can again', async t => {
  const {server, records, sync, get} = await setUp(t);
  const sha = server.commit({'course-config.json': configOf('lab1')});
  await sync('demo');
  const archives = {'zips/lab1-autograder.zip': {sha256: 'a'.repeat(64)}};
  await records.transact(async ({put}) => put('courses', {...get(), archives}));
  server.state.installed = false;
  t.is(await sync('demo'), 'broken');
  t.like(get(), {revision: sha, archives});
  t.regex(get().problem ?? '', /install the App/);

  server.state.installed = true;
  t.is(await sync('demo'), 'changed');
  t.like(get(), {revision: sha, problem: null, archives});
  t.is(await sync('demo'), 'unchanged');
});

test('a byte order mark in front of the config does no harm', async t => {
  const {server, sync} = await setUp(t);
  server.commit({'course-config.json': `\ufeff${configOf('lab1')}`});
  t.is(await sync('demo'), 'changed');
});

test('GitHub down for a while changes nothing, and what was missed is seen afterwards', async t => {
  const {server, sync, get} = await setUp(t);
  server.commit({'course-config.json': configOf('lab1')});
  await sync('demo');
  const before = get();
  const missed = server.commit({'course-config.json': configOf('lab2')});
  for (const kind of ['down', 'garbage'] as const) {
    server.state.fault = {kind};
    t.is(await sync('demo'), 'unavailable');
    t.deepEqual(get(), before);
  }

  server.state.fault = undefined;
  t.is(await sync('demo'), 'changed');
  t.is(get().revision, missed);
});

test('GitHub down at the first sync leaves no record', async t => {
  const {server, sync, records} = await setUp(t);
  server.state.fault = {kind: 'down'};
  t.is(await sync('demo'), 'unavailable');
  t.deepEqual(records.all('courses'), []);
});

test('a course that is not configured leaves no record', async t => {
  const {sync, records} = await setUp(t);
  t.is(await sync('../other'), 'unavailable');
  t.deepEqual(records.all('courses'), []);
});

test('of two syncs at once, one writes', async t => {
  const {server, makeSync, makeSource, get, logged} = await setUp(t);
  const sha = server.commit({'course-config.json': configOf('lab1')});
  const outcomes = await Promise.all([makeSource(), makeSource()].map(source => makeSync(source)('demo')));
  t.deepEqual(outcomes.sort(), ['changed', 'unchanged']);
  t.is(get().revision, sha);
  t.is(logged.length, 1);
});

test('a slow sync does not take back what a quicker one saw', async t => {
  const {server, makeSync, makeSource, get} = await setUp(t);
  server.commit({'course-config.json': configOf('lab1')});
  const source = makeSource();
  const newer = {sha: ''};
  const slow = makeSync({
    ...source,
    async readFile(...asked) {
      const content = await source.readFile(...asked);
      newer.sha = server.commit({'course-config.json': configOf('lab2')});
      await makeSync(makeSource())('demo');
      return content;
    },
  });
  t.is(await slow('demo'), 'unchanged');
  t.is(get().revision, newer.sha);
});

test('what is no fault of the course is thrown', async t => {
  const {makeSync} = await setUp(t);
  for (const error of [new Error('bug'), new HoltError('storage-unavailable', 'The store is away.')]) {
    const sync = makeSync({findRevision: () => Promise.reject(error), readFile: async () => undefined});
    t.is(await t.throwsAsync(() => sync('demo')), error);
  }
});
