import {mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {manifestName, notebookName, type ObjectName, parkedName, resultName} from '../../domain/object-names.ts';
import {makeFolder, openTestEngine} from '../../testing/contracts/embedded-engine.ts';
import {sampleParked} from '../../testing/contracts/samples.ts';
import {removeExpired} from './expiry.ts';
import {openObjectFiles, toFilePlace} from './object-files.ts';
import {openDatabase} from './open-database.ts';

const filesIn = (folder: string) =>
  readdirSync(folder, {recursive: true, withFileTypes: true}).map(entry => ({
    isFile: entry.isFile(),
    path: path.join(entry.parentPath, entry.name),
  }));

/** Object files alone, closed with the test. */
async function openFiles(t: ExecutionContext, root: string) {
  const files = await openObjectFiles(root, async () => {});
  t.teardown(() => files.close());
  return files;
}

const refused = test.macro({
  async exec(t, name: string) {
    const folder = makeFolder(t);
    const {write, read} = await openFiles(t, path.join(folder, 'objects'));
    const object: ObjectName = {bucket: 'work', name};
    for (const act of [() => write(object, new Uint8Array(1), 'text/plain'), () => read(object, 10)]) {
      const error = await t.throwsAsync(act(), {instanceOf: HoltError});
      t.is(error.code, 'malformed-request');
    }

    t.deepEqual(
      filesIn(folder).filter(({isFile}) => isFile),
      [],
    );
  },
  title: (_, name) => `the object name ${JSON.stringify(name)} is refused`,
});

for (const name of [
  '',
  '/etc/passwd',
  '../secret',
  'notebooks/../../secret',
  'notebooks/.',
  'notebooks//a',
  'notebooks/a/',
  'notebooks\\a',
  'notebooks/a\u0000',
  'notebooks/ü',
  'notebooks/a b',
  'notebooks/a,b',
  'a'.repeat(241),
]) {
  test(refused, name);
}

test('names that differ never share a file', t => {
  const names = ['a/b/c', 'a/b', 'a/b.c', 'a', 'a/b-c', 'a-b/c', 'results/a/1.json', 'results/a/11.json'];
  const places = names.map(name => Object.values(toFilePlace({bucket: 'work', name})).join('/'));
  t.is(new Set(places).size, names.length);
});

test('whatever the engine writes is readable by its owner only', async t => {
  const folder = path.join(makeFolder(t), 'data');
  const engine = await openTestEngine(t, {folder});
  await engine.objects.write(notebookName('a'), new Uint8Array(10), 'application/json');
  await engine.objects.copy(notebookName('a'), parkedName('a'));
  t.is(statSync(folder).mode & 0o777, 0o700);
  const found = filesIn(folder);
  t.true(found.some(({path: file}) => file.endsWith('signing-key')));
  t.deepEqual(
    found.filter(({path: file, isFile}) => isFile && (statSync(file).mode & 0o077) !== 0),
    [],
  );
});

test('what an earlier life had half written is removed', async t => {
  const folder = makeFolder(t);
  const unfinished = path.join(folder, 'objects', 'unfinished');
  mkdirSync(unfinished, {recursive: true});
  writeFileSync(path.join(unfinished, 'half'), 'half');
  const {objects} = await openTestEngine(t, {folder});
  t.deepEqual(readdirSync(unfinished), []);
  await objects.write(notebookName('a'), new Uint8Array(10), 'application/json');
  t.deepEqual(readdirSync(unfinished), []);
});

test('the signing key stays over lives, so that signed URLs do', async t => {
  const folder = makeFolder(t);
  const key = () => readFileSync(path.join(folder, 'signing-key'));
  const first = await openTestEngine(t, {folder});
  const made = key();
  t.is(made.length, 32);
  await first.close();
  await openTestEngine(t, {folder});
  t.deepEqual(key(), made);
  t.notDeepEqual(readFileSync(path.join(folder, 'signing-key')), Buffer.alloc(32));
});

test('a disk that fails is a sentence, and the object is not there', async t => {
  const root = path.join(makeFolder(t), 'objects');
  const {write, exists} = await openFiles(t, root);
  writeFileSync(path.join(root, 'work-notebooks'), 'in the way');
  const error = await t.throwsAsync(write(notebookName('a'), new Uint8Array(1), 'text/plain'), {
    instanceOf: HoltError,
  });
  t.is(error.code, 'storage-unavailable');
  t.true(error.message.startsWith(`The data in ${root} cannot be used; `));
  await t.throwsAsync(exists(notebookName('a')), {code: 'storage-unavailable'});
});

test('what has expired is removed a day later, records and files, and nothing else', async t => {
  const folder = makeFolder(t);
  const now = Date.UTC(2026, 5, 15);
  const expiredHours = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
  const engine = await openTestEngine(t, {folder});
  await engine.transact(async ({create}) => {
    create('parked', sampleParked({id: 'long-ago', expireAt: expiredHours(25)}));
    create('parked', sampleParked({id: 'just-now', expireAt: expiredHours(1)}));
    create('parked', sampleParked({id: 'alive', expireAt: expiredHours(-1)}));
  });
  const names = {
    old: parkedName('old'),
    young: parkedName('young'),
    manifest: manifestName('b', 0),
    kept: notebookName('old'),
  };
  for (const name of [...Object.values(names), resultName('old', 1)]) {
    await engine.objects.write(name, new Uint8Array(1), 'application/json');
    const place = toFilePlace(name);
    const age = name === names.young ? 14 : 400;
    const time = new Date(now - age * 86_400_000);
    utimesSync(path.join(folder, 'objects', place.folder, place.file), time, time);
  }

  await engine.close();
  const store = openDatabase({folder, log() {}});
  await removeExpired(store, path.join(folder, 'objects'), now);
  t.is(store.read('parked', 'long-ago'), undefined);
  t.truthy(store.read('parked', 'just-now'));
  t.truthy(store.read('parked', 'alive'));
  store.database.close();

  const {exists} = await openFiles(t, path.join(folder, 'objects'));
  t.deepEqual(await Promise.all([...Object.values(names), resultName('old', 1)].map(exists)), [
    false,
    true,
    false,
    true,
    true,
  ]);
});
