import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import JSZip from 'jszip';
import {makeFolderSource} from '../../adapters/course-folder.ts';
import {makeGitHubSource} from '../../adapters/github.ts';
import type {Course} from '../../domain/course.ts';
import {hashBytes} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {archiveName, type ObjectName} from '../../domain/object-names.ts';
import type {CourseSource} from '../../domain/ports.ts';
import {addSeconds} from '../../domain/values.ts';
import {startGitHubServer} from '../../testing/github-server.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {type EnsureArchiveNeeds, makeEnsureArchive} from './ensure-archive.ts';
import {makeSyncCourse} from './sync-course.ts';

const FILE = 'zips/lab1-autograder.zip';
const config = JSON.stringify({demo: {1: {subpath_to_zips: 'zips', assignments: {lab1: ''}}}});
const makeZip = (test = 'test = {}') => new JSZip().file('tests/q1.py', test).generateAsync({type: 'uint8array'});

const setUpStage = (source: CourseSource, needs: Partial<EnsureArchiveNeeds> = {}) => {
  const records = makeMemoryRecords();
  const written = new Map<string, Uint8Array>();
  const logged: string[] = [];
  const clock = {now: '2026-09-01T10:00:00.000Z'};
  const common = {
    ...records,
    now: () => clock.now,
    log: (severity: string, message: string) => void logged.push(`${severity} ${message}`),
    sourceOf: (course: string) => (course === 'demo' ? source : undefined),
  };
  const ensure = makeEnsureArchive({
    ...common,
    async write({name}: ObjectName, content: Uint8Array) {
      const outcome = written.has(name) ? 'exists' : 'written';
      written.set(name, content);
      return outcome;
    },
    ...needs,
  });
  const syncCourse = makeSyncCourse(common);
  const get = () => records.all('courses')[0] as Course;
  const sync = async () => {
    await syncCourse('demo');
    return get();
  };
  return {ensure, sync, get, written, logged, clock, records};
};

const setUp = async (t: ExecutionContext, needs: Partial<EnsureArchiveNeeds> = {}) => {
  const server = await startGitHubServer();
  t.teardown(server.close);
  const {appId, privateKey, installationId, url: baseUrl} = server;
  const owner = {owner: 'staff', repo: 'autograders'};
  const source = makeGitHubSource({appId, privateKey, installationId, baseUrl, ...owner});
  const zip = await makeZip();
  server.commit({'course-config.json': config, [FILE]: zip});
  const downloads = () => server.requests.filter(request => request.path.includes(FILE)).length;
  return {server, zip, downloads, ...setUpStage(source, needs)};
};

test('fetches an archive once for a revision and keeps it by its content', async t => {
  const {ensure, sync, get, zip, written, downloads} = await setUp(t);
  const sha256 = await hashBytes(zip);
  const course = await sync();
  t.deepEqual(await ensure(course, FILE), {sha256});
  t.deepEqual([...written], [[archiveName(sha256).name, zip]]);
  t.deepEqual(get().archives, {[FILE]: {sha256}});

  // With the record as it is now, and with a copy from before.
  t.deepEqual(await ensure(get(), FILE), {sha256});
  t.deepEqual(await ensure(course, FILE), {sha256});
  t.is(downloads(), 1);
});

test('asked many times at once, it downloads once', async t => {
  const {ensure, sync, zip, downloads} = await setUp(t);
  const course = await sync();
  const answers = await Promise.all(Array.from({length: 20}, () => ensure(course, FILE)));
  t.deepEqual(new Set(answers.map(answer => JSON.stringify(answer))).size, 1);
  t.deepEqual(answers[0], {sha256: await hashBytes(zip)});
  t.is(downloads(), 1);
});

test('a new commit brings the new archive; one that removes it, a problem', async t => {
  const {server, ensure, sync, get} = await setUp(t);
  await ensure(await sync(), FILE);
  const newer = await makeZip('test = {"name": "q1"}');
  server.commit({'course-config.json': config, [FILE]: newer});
  t.deepEqual(await ensure(await sync(), FILE), {sha256: await hashBytes(newer)});

  server.commit({'course-config.json': config});
  const answer = await ensure(await sync(), FILE);
  t.regex('problem' in answer ? answer.problem : '', /zips\/lab1-autograder\.zip is missing in revision [0-9a-f]{10}/);
  t.like(get().archives[FILE], {checkedAt: '2026-09-01T10:00:00.000Z'});
});

test('a course that moves on during the download keeps its own archives', async t => {
  const {server, ensure, sync, get, zip} = await setUp(t);
  const course = await sync();
  server.commit({'course-config.json': config});
  await sync();
  t.deepEqual(await ensure(course, FILE), {sha256: await hashBytes(zip)});
  t.deepEqual(get().archives, {});
});

for (const [what, content, said] of [
  ['is no zip', 'hello', /lab1-autograder\.zip is not a zip file.*otter assign/],
  ['has no tests', new JSZip().file('a', 'b').generateAsync({type: 'uint8array'}), /has no tests/],
] as const) {
  test(`an archive that ${what} is told to staff once, and looked at again when that is old`, async t => {
    const {server, ensure, sync, get, written, downloads, clock, logged} = await setUp(t);
    server.commit({'course-config.json': config, [FILE]: await content});
    const course = await sync();
    const answer = await ensure(course, FILE, 60);
    t.regex('problem' in answer ? answer.problem : '', said);
    t.deepEqual(get().archives[FILE], {problem: 'problem' in answer && answer.problem, checkedAt: clock.now} as never);
    t.is(written.size, 0);

    clock.now = addSeconds(clock.now, 59);
    t.deepEqual(await ensure(get(), FILE, 60), answer);
    t.is(downloads(), 1);
    clock.now = addSeconds(clock.now, 1);
    t.deepEqual(await ensure(get(), FILE, 60), answer);
    t.is(downloads(), 2);
    t.is(logged.filter(line => line === 'ERROR archive cannot be used').length, 1);
  });
}

test('an archive beyond the limit is a problem', async t => {
  const tooLarge = () => Promise.reject(new HoltError('too-large', 'It has more than 100 MB.'));
  const {ensure, sync} = setUpStage({
    findRevision: async () => 'r1',
    readFile: async (_, path) => (path === FILE ? tooLarge() : new TextEncoder().encode(config)),
  });
  t.deepEqual(await ensure(await sync(), FILE), {
    problem: `The archive ${FILE} cannot be used: It has more than 100 MB.`,
  });
});

test('GitHub down, or a repository that cannot be read, is never kept as a problem', async t => {
  const {server, ensure, sync, get, zip} = await setUp(t);
  const course = await sync();
  for (const change of [
    () => Object.assign(server.state, {fault: {kind: 'down'}}),
    () => Object.assign(server.state, {fault: {kind: 'cut-off'}}),
    () => Object.assign(server.state, {fault: undefined, installed: false}),
  ]) {
    change();
    t.like(await ensure(course, FILE), {problem: undefined, sha256: undefined});
    t.true('unavailable' in (await ensure(course, FILE)));
    t.deepEqual(get().archives, {});
  }

  server.state.installed = true;
  t.deepEqual(await ensure(course, FILE), {sha256: await hashBytes(zip)});
});

test('a course that is no longer configured is unavailable', async t => {
  const {ensure, sync} = await setUp(t);
  const answer = await ensure({...(await sync()), course: 'other'}, FILE);
  t.regex('unavailable' in answer ? answer.unavailable : '', /"other" is no longer configured.*HOLT_COURSES/);
});

test('an archive that could not be stored is not recorded, and fetched again', async t => {
  const away = new HoltError('storage-unavailable', 'The store is away.');
  const {ensure, sync, get} = await setUp(t, {write: () => Promise.reject(away)});
  const course = await sync();
  t.is(await t.throwsAsync(() => ensure(course, FILE)), away);
  t.deepEqual(get().archives, {});
  t.is(await t.throwsAsync(() => ensure(course, FILE)), away);
});

test('a folder works as a repository does', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-course-'));
  t.teardown(() => rm(folder, {recursive: true, force: true}));
  await writeFile(path.join(folder, 'course-config.json'), config);
  const {ensure, sync, get} = setUpStage(makeFolderSource(folder));
  t.true('problem' in (await ensure(await sync(), FILE)));

  const zip = await makeZip();
  await mkdir(path.join(folder, 'zips'));
  await writeFile(path.join(folder, FILE), zip);
  t.deepEqual(await ensure(await sync(), FILE), {sha256: await hashBytes(zip)});

  await writeFile(path.join(folder, 'course-config.json'), '{');
  t.regex((await sync()).problem ?? '', /not JSON/);
  t.deepEqual(await ensure(get(), FILE), {sha256: await hashBytes(zip)});

  const outside = await ensure(get(), '../../etc/passwd');
  t.regex('problem' in outside ? outside.problem : '', /is missing/);
});
