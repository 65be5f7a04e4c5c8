import {randomBytes} from 'node:crypto';
import type {ExecutionContext, TestFn} from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {
  archiveName,
  manifestName,
  notebookName,
  type ObjectName,
  parkedName,
  resultName,
} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';
import {type SignaturePromises, signedUrlsContract} from './signed-urls.ts';

/** Opens an empty object store for one test, signed URLs served, and ends it with the test. */
export type MakeObjects = (t: ExecutionContext) => Promise<Objects>;

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (content: Uint8Array | undefined) => content && new TextDecoder().decode(content);

/**
 * Registers what every engine's objects must do.
 *
 * `verifiesSignatures`, `enforcesSize`, `enforcesExpiry`: false where an emulator does not look at them; those tests
 * are left out.
 */
export function objectsContract(test: TestFn, makeObjects: MakeObjects, promises: SignaturePromises = {}): void {
  test('objects: what was written is read, byte by byte', async t => {
    const {write, read} = await makeObjects(t);
    const content = randomBytes(300_000);
    t.is(await write(notebookName('s-1'), content, 'application/json'), 'written');
    const found = await read(notebookName('s-1'), 300_000);
    t.true(found && content.equals(found));
  });

  test('objects: an empty object is an object', async t => {
    const {write, read, exists} = await makeObjects(t);
    t.is(await write(notebookName('s-1'), bytes(''), 'application/json'), 'written');
    t.is((await read(notebookName('s-1'), 10))?.length, 0);
    t.true(await exists(notebookName('s-1')));
  });

  test('objects: the second write of a name changes nothing and answers exists', async t => {
    const {write, read} = await makeObjects(t);
    t.is(await write(notebookName('s-1'), bytes('first'), 'text/plain'), 'written');
    t.is(await write(notebookName('s-1'), bytes('second'), 'text/plain'), 'exists');
    t.is(textOf(await read(notebookName('s-1'), 100)), 'first');
  });

  test('objects: of ten that write one name at once, exactly one wins, and its content is whole', async t => {
    const {write, read} = await makeObjects(t);
    const contents = Array.from({length: 10}, (_, index) => `${index}`.repeat(50_000));
    const ends = await Promise.all(contents.map(text => write(notebookName('s-1'), bytes(text), 'text/plain')));
    t.is(ends.filter(end => end === 'written').length, 1);
    t.is(textOf(await read(notebookName('s-1'), 100_000)), contents[ends.indexOf('written')]);
  });

  test('objects: every kind of name is kept apart, and the buckets too', async t => {
    const {write, read, exists} = await makeObjects(t);
    const result = resultName('s-1', 1);
    const names: ObjectName[] = [
      notebookName('s-1'),
      parkedName('s-1'),
      archiveName('a'.repeat(64)),
      manifestName('batch-1', 0),
      manifestName('batch-1', 10),
      result,
      resultName('s-1', 2),
    ];
    await Promise.all(names.map(name => write(name, bytes(name.name), 'text/plain')));
    for (const name of names) {
      t.is(textOf(await read(name, 1000)), name.name);
    }

    t.false(await exists({bucket: 'work', name: result.name}));
  });

  test('objects: what is missing is undefined and does not exist', async t => {
    const {read, exists} = await makeObjects(t);
    t.is(await read(notebookName('nothing'), 10), undefined);
    t.false(await exists(notebookName('nothing')));
  });

  test('objects: reading stops at the limit, which is inclusive', async t => {
    const {write, read} = await makeObjects(t);
    await write(notebookName('s-1'), bytes('0123456789'), 'text/plain');
    t.is((await read(notebookName('s-1'), 10))?.length, 10);
    const error = await t.throwsAsync(read(notebookName('s-1'), 9), {instanceOf: HoltError});
    t.is(error.code, 'too-large');
  });

  test('objects: removing removes, twice as well as once, and frees the name', async t => {
    const {write, read, remove, exists} = await makeObjects(t);
    await write(notebookName('s-1'), bytes('first'), 'text/plain');
    await remove(notebookName('s-1'));
    await remove(notebookName('s-1'));
    t.false(await exists(notebookName('s-1')));
    t.is(await write(notebookName('s-1'), bytes('second'), 'text/plain'), 'written');
    t.is(textOf(await read(notebookName('s-1'), 100)), 'second');
  });

  test('objects: a copy is whole, stands by itself and never replaces', async t => {
    const {write, read, remove, copy} = await makeObjects(t);
    await write(parkedName('s-1'), bytes('parked'), 'application/json');
    t.is(await copy(parkedName('s-1'), notebookName('s-1')), 'written');
    t.is(await copy(parkedName('s-1'), notebookName('s-1')), 'exists');
    await write(parkedName('s-2'), bytes('another'), 'application/json');
    t.is(await copy(parkedName('s-2'), notebookName('s-1')), 'exists');
    await remove(parkedName('s-1'));
    t.is(textOf(await read(notebookName('s-1'), 100)), 'parked');
  });

  test('objects: copying what is missing fails with not-found and makes nothing', async t => {
    const {copy, exists} = await makeObjects(t);
    const error = await t.throwsAsync(copy(parkedName('nothing'), notebookName('s-1')), {instanceOf: HoltError});
    t.is(error.code, 'not-found');
    t.false(await exists(notebookName('s-1')));
  });

  test('objects: of five copies to one name at once, exactly one wins', async t => {
    const {write, copy} = await makeObjects(t);
    await write(parkedName('s-1'), randomBytes(50_000), 'application/json');
    const ends = await Promise.all(Array.from({length: 5}, () => copy(parkedName('s-1'), notebookName('s-1'))));
    t.is(ends.filter(end => end === 'written').length, 1);
  });

  signedUrlsContract(test, makeObjects, promises);
}
