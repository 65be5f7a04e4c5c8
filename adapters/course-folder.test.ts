import {execFileSync} from 'node:child_process';
import {mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../domain/errors.ts';
import {makeFolderSource} from './course-folder.ts';

const MAX = 2 ** 20;

const setUp = async (t: ExecutionContext) => {
  const base = await mkdtemp(path.join(tmpdir(), 'holt-course-'));
  t.teardown(() => rm(base, {recursive: true, force: true}));
  const folder = path.join(base, 'course');
  await mkdir(path.join(folder, 'zips'), {recursive: true});
  await writeFile(path.join(folder, 'course-config.json'), '{}');
  await writeFile(path.join(folder, 'zips/a.zip'), 'archive');
  const {findRevision, readFile} = makeFolderSource(folder);
  const read = async (name: string, maxBytes = MAX) => {
    const content = await readFile('any', name, maxBytes);
    return content && new TextDecoder().decode(content);
  };
  return {base, folder, findRevision, read};
};

test('reads files, and has none of other names', async t => {
  const {read} = await setUp(t);
  t.is(await read('course-config.json'), '{}');
  t.is(await read('zips/a.zip'), 'archive');
  t.is(await read('zips/b.zip'), undefined);
  t.is(await read('zips'), undefined);
  t.is(await read('zips/a.zip/b'), undefined);
  t.is(await read('zips/a\0.zip'), undefined);
  t.is(await read('x'.repeat(5000)), undefined);
});

test('the revision stays while nothing changes, and changes with a file', async t => {
  const {folder, findRevision} = await setUp(t);
  const first = await findRevision();
  t.is(await findRevision(), first);

  await writeFile(path.join(folder, 'zips/a.zip'), 'ARCHIVE');
  const changed = await findRevision();
  t.not(changed, first);

  await rename(path.join(folder, 'zips/a.zip'), path.join(folder, 'zips/b.zip'));
  const renamed = await findRevision();
  t.not(renamed, changed);

  await rm(path.join(folder, 'zips'), {recursive: true});
  t.not(await findRevision(), renamed);
});

test('a config of equal size and time is seen by its content', async t => {
  const {folder, findRevision} = await setUp(t);
  const config = path.join(folder, 'course-config.json');
  await utimes(config, 1000, 1000);
  const first = await findRevision();
  await writeFile(config, '[]');
  await utimes(config, 1000, 1000);
  t.not(await findRevision(), first);
});

test('names that begin with a dot are no part of the revision', async t => {
  const {folder, findRevision} = await setUp(t);
  const first = await findRevision();
  await mkdir(path.join(folder, '.git'));
  await writeFile(path.join(folder, '.git/HEAD'), 'x');
  t.is(await findRevision(), first);
});

test('does not leave the folder: by dots, absolute names, or links', async t => {
  const {base, folder, read} = await setUp(t);
  await mkdir(path.join(base, 'course-2'));
  await writeFile(path.join(base, 'course-2/secret'), 'secret');
  await symlink('../course-2/secret', path.join(folder, 'link'));
  await symlink('../course-2', path.join(folder, 'folder'));
  for (const name of ['../course-2/secret', 'zips/../../course-2/secret', 'link', 'folder/secret', '..', '']) {
    t.is(await read(name), undefined, name);
  }

  t.is(await read(path.join(base, 'course-2/secret')), undefined);
  t.is(await read(path.join(folder, 'zips/a.zip')), undefined);
});

test('a link within the folder is followed, a loop is no file', async t => {
  const {folder, read, findRevision} = await setUp(t);
  await symlink('zips/a.zip', path.join(folder, 'inside'));
  await symlink('loop', path.join(folder, 'loop'));
  t.is(await read('inside'), 'archive');
  t.is(await read('loop'), undefined);
  await t.notThrowsAsync(findRevision);
});

test('a folder that is itself a link works', async t => {
  const {base, folder} = await setUp(t);
  await symlink(folder, path.join(base, 'current'));
  const source = makeFolderSource(path.join(base, 'current'));
  t.truthy(await source.readFile('any', 'zips/a.zip', MAX));
});

test('a file beyond the limit is refused', async t => {
  const {read} = await setUp(t);
  t.is(await read('zips/a.zip', 7), 'archive');
  const error = await t.throwsAsync(() => read('zips/a.zip', 6), {instanceOf: HoltError});
  t.is(error.code, 'too-large');
});

test('a pipe is no file and stops nobody', async t => {
  const {folder, read, findRevision} = await setUp(t);
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  t.is(await read('pipe'), undefined);
  await t.notThrowsAsync(findRevision);
});

test('a missing folder, or a file in its place, is told to staff', async t => {
  const {folder, base} = await setUp(t);
  for (const wrong of [path.join(base, 'nowhere'), path.join(folder, 'course-config.json')]) {
    const source = makeFolderSource(wrong);
    for (const call of [source.findRevision, () => source.readFile('any', 'a', MAX)]) {
      const error = await t.throwsAsync(call, {instanceOf: HoltError});
      t.is(error.code, 'invalid-course');
      t.regex(error.message, /no course folder .*HOLT_COURSES/);
    }
  }
});
