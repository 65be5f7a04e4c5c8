import {readdirSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {notebookName} from '../../domain/object-names.ts';
import {makeFolder, openTestEngine, testSettings} from '../../testing/contracts/embedded-engine.ts';
import {sampleSubmission} from '../../testing/contracts/samples.ts';
import {openEmbeddedEngine} from './open.ts';

/** A closed store of version 1 with one submission and its notebook. */
async function makeOldStore(t: ExecutionContext): Promise<string> {
  const folder = makeFolder(t);
  const engine = await openEmbeddedEngine(testSettings(folder));
  await engine.objects.write(notebookName('submission-1'), new Uint8Array(50_000), 'application/json');
  await engine.transact(async ({create}) => create('submissions', sampleSubmission()));
  await engine.close();
  return folder;
}

const backupsIn = (folder: string) => readdirSync(folder).filter(name => name.includes('-version-'));
const toVersion3 = {
  schemaVersion: 3,
  upgradeSteps: [2, 1].map(from => ({
    from,
    upgrade: (collection: string, data: Record<string, unknown>) => ({
      ...data,
      trace: `${data.trace},${collection}${from}`,
    }),
  })),
};

test('an older store is backed up beside itself and upgraded step by step', async t => {
  const folder = await makeOldStore(t);
  const engine = await openTestEngine(t, {folder, ...toVersion3});
  t.is((await engine.find('submissions', 'submission-1'))?.trace, 'trace-1,submissions1,submissions2');
  t.truthy(await engine.objects.read(notebookName('submission-1'), 50_000));

  const [backup = '', ...others] = backupsIn(folder);
  t.deepEqual(others, []);
  t.regex(backup, /^holt-version-1-\d{4}-\d{2}-\d{2}T[\d-]+Z\.sqlite$/);
  t.is(statSync(path.join(folder, backup)).mode & 0o777, 0o600);
  const database = new DatabaseSync(path.join(folder, backup), {readOnly: true});
  const row = database.prepare('SELECT data FROM submissions').get();
  t.deepEqual(JSON.parse(String(row?.data)), sampleSubmission(), 'the backup is what was there before');
  t.is(database.prepare('PRAGMA user_version').get()?.user_version, 1);
  database.close();
});

test('an upgraded store is opened without another backup', async t => {
  const folder = await makeOldStore(t);
  await (await openEmbeddedEngine({...testSettings(folder), ...toVersion3})).close();
  const engine = await openTestEngine(t, {folder, ...toVersion3, allowUpgrade: false});
  t.is((await engine.find('submissions', 'submission-1'))?.trace, 'trace-1,submissions1,submissions2');
  t.is(backupsIn(folder).length, 1);
});

test('a backup opens as a store of its own version', async t => {
  const folder = await makeOldStore(t);
  await (await openEmbeddedEngine({...testSettings(folder), ...toVersion3})).close();
  const [backup = ''] = backupsIn(folder);
  const restored = makeFolder(t);
  const bytes = new DatabaseSync(path.join(folder, backup));
  bytes.prepare('VACUUM INTO ?').run(path.join(restored, 'holt.sqlite'));
  bytes.close();
  const engine = await openTestEngine(t, {folder: restored});
  t.deepEqual(await engine.find('submissions', 'submission-1'), sampleSubmission());
});

test('an upgrade that is not allowed is refused, and the store stays as it was', async t => {
  const folder = await makeOldStore(t);
  const error = await t.throwsAsync(openEmbeddedEngine({...testSettings(folder), ...toVersion3, allowUpgrade: false}), {
    instanceOf: HoltError,
  });
  t.is(error.code, 'incompatible-store');
  t.regex(error.message, /version 1 .* needs 3: start without --no-upgrade/);
  t.deepEqual(backupsIn(folder), []);
  const engine = await openTestEngine(t, {folder, allowUpgrade: false});
  t.deepEqual(await engine.find('submissions', 'submission-1'), sampleSubmission());
});

test('a newer store is refused with a sentence and left alone', async t => {
  const folder = await makeOldStore(t);
  await (await openEmbeddedEngine({...testSettings(folder), ...toVersion3})).close();
  const error = await t.throwsAsync(openEmbeddedEngine(testSettings(folder)), {instanceOf: HoltError});
  t.is(error.code, 'incompatible-store');
  t.regex(error.message, /version 3 .* up to 1: start the newer Holt/);
});

test('an upgrade step that throws leaves the store as it was', async t => {
  const folder = await makeOldStore(t);
  const upgrade = () => {
    throw new HoltError('incompatible-store', 'This record cannot be upgraded.');
  };
  await t.throwsAsync(
    openEmbeddedEngine({...testSettings(folder), schemaVersion: 2, upgradeSteps: [{from: 1, upgrade}]}),
    {message: 'This record cannot be upgraded.'},
  );
  const engine = await openTestEngine(t, {folder});
  t.deepEqual(await engine.find('submissions', 'submission-1'), sampleSubmission());
});

test('a file that is no database, and a database of another program, are refused', async t => {
  const text = makeFolder(t);
  writeFileSync(path.join(text, 'holt.sqlite'), 'not a database, but long enough to be looked at as one'.repeat(100));
  const noDatabase = await t.throwsAsync(openEmbeddedEngine(testSettings(text)), {code: 'incompatible-store'});
  t.regex(noDatabase?.message ?? '', /is not a database/);

  const other = makeFolder(t);
  const database = new DatabaseSync(path.join(other, 'holt.sqlite'));
  database.exec('CREATE TABLE things (id TEXT)');
  database.close();
  const foreign = await t.throwsAsync(openEmbeddedEngine(testSettings(other)), {code: 'incompatible-store'});
  t.regex(foreign?.message ?? '', /belongs to another program/);
});

test('a folder that cannot be made is a sentence', async t => {
  const folder = makeFolder(t);
  writeFileSync(path.join(folder, 'file'), '');
  const error = await t.throwsAsync(openEmbeddedEngine(testSettings(path.join(folder, 'file', 'data'))), {
    code: 'storage-unavailable',
  });
  t.regex(error?.message ?? '', /a part of its path is a file: choose another folder/);
});
