import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import JSZip from 'jszip';
import {archiveLimits} from '../../domain/autograder.ts';
import {checkArchive} from './check-archive.ts';

const good = {'otter_config.json': '{"lang": "python"}', 'tests/q1.py': 'test = {}', 'files/data.csv': 'a,b'};
type Files = Record<string, string | Uint8Array>;

const zipOf = (files: Files, options: JSZip.JSZipFileOptions = {}) => {
  const zip = new JSZip();
  for (const [name, content] of Object.entries(files)) {
    zip.file(name, content, {createFolders: false, ...options});
  }

  return zip.generateAsync({type: 'uint8array', compression: 'DEFLATE', platform: 'UNIX'});
};

/** Replaces text of equal length wherever the archive has it; names stand in it twice. */
const patch = (zip: Uint8Array, from: string, to: string, times = Number.POSITIVE_INFINITY) => {
  const patched = Buffer.from(zip);
  for (let at = patched.indexOf(from), done = 0; at >= 0 && done < times; at = patched.indexOf(from, at + 1), done++) {
    patched.write(to, at, 'latin1');
  }

  return patched;
};

/** Sets a 32-bit field of a file's line in the table of contents. */
const patchEntry = (zip: Uint8Array, name: string, offset: number, value: number) => {
  const patched = Buffer.from(zip);
  patched.writeUInt32LE(value, patched.lastIndexOf(name) - 46 + offset);
  return patched;
};

const refuses = async (
  t: ExecutionContext,
  zip: Uint8Array,
  said: RegExp,
  limits?: Partial<Record<keyof typeof archiveLimits, number>>,
) => {
  const checked = await checkArchive(zip, {...archiveLimits, ...limits});
  t.false(checked.ok);
  t.regex(checked.ok ? '' : checked.problem, said);
};

test("takes otter assign's own archive", async t => {
  const zip = await readFile('testing/fixtures/otter-lab/autograders/demo/zips/lab-demo-autograder.zip');
  t.deepEqual(await checkArchive(zip), {ok: true});
});

test('takes archives with folders, without compression, without config, for R, and with text before and after', async t => {
  const withFolders = new JSZip().file('otter_config.json', '{}').file('tests/q1.py', '').file('files/a/b.csv', 'x');
  const stored = await withFolders.generateAsync({type: 'uint8array', comment: 'made by hand'});
  for (const zip of [
    stored,
    Buffer.concat([Buffer.from('#!/bin/sh\n'), stored]),
    await zipOf({'tests/q1.py': ''}),
    await zipOf({'tests/q1.R': 'x'}),
    await zipOf({'./tests/q1.py': 'x', './otter_config.json': '{}'}),
    await zipOf({'tests/q1.py': 'x', 'files/Übung 1/daten.csv': 'ä'}),
  ]) {
    t.deepEqual(await checkArchive(zip), {ok: true});
  }
});

test('refuses what is no zip, or half of one', async t => {
  const zip = await zipOf(good);
  for (const content of [new Uint8Array(), Buffer.from('hello'), Buffer.alloc(100_000), zip.subarray(0, -30)]) {
    await refuses(t, content, /not a zip file/);
  }

  await refuses(t, zip.subarray(100), /zip file/);
  await refuses(t, Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), /Git LFS/);
});

test('refuses an archive without tests, with its files in a folder, or with a broken config', async t => {
  await refuses(t, await new JSZip().generateAsync({type: 'uint8array'}), /no tests/);
  await refuses(t, await zipOf({...good, 'tests/q1.py': ''}).then(zip => patch(zip, 'q1.py', 'q1.md')), /no tests/);
  await refuses(t, await zipOf({'lab1/dist/tests/q1.py': ''}), /inside the folder "lab1\/dist"/);
  for (const config of ['{', '[]', 'null', `"${'x'.repeat(2 ** 20)}"`]) {
    await refuses(
      t,
      await zipOf({...good, 'otter_config.json': config}),
      /otter_config\.json that is not a JSON object/,
    );
  }
});

for (const name of [
  '../evil.py',
  'files/../../evil.py',
  '/etc/cron.d/evil',
  'C:/evil.py',
  'files\\..\\evil.py',
  'files/a\nb',
  `files/${'x'.repeat(300)}`,
  '../',
]) {
  test(`refuses the name ${JSON.stringify(name).slice(0, 40)}`, async t => {
    await refuses(t, await zipOf({...good, [name]: 'x'}), /holds the name .*outside its folder/s);
  });
}

test('refuses a name that only the second place in the archive tells', async t => {
  const zip = await zipOf({...good, 'files/xx/evil.py': 'x'});
  await refuses(t, patch(zip, 'files/xx/evil.py', 'files/../../e.py', 1), /outside its folder|contradicts/);
});

test('refuses links and devices', async t => {
  for (const mode of [0o120777, 0o020666, 0o010666]) {
    const zip = await zipOf({...good, 'files/secret': '/etc/passwd'});
    await refuses(
      t,
      patchEntry(zip, 'files/secret', 38, mode * 2 ** 16),
      /"files\/secret", which is a link or a device/,
    );
  }

  await refuses(t, await zipOf(good, {unixPermissions: 0o120777}), /link/);
});

test('refuses a name that is there twice', async t => {
  const zip = await zipOf({...good, 'tests/q2.py': 'test = {}'});
  await refuses(t, patch(zip, 'tests/q2.py', 'tests/q1.py'), /"tests\/q1\.py" twice/);
  await refuses(t, await zipOf({...good, './tests/q1.py': ''}), /twice/);
  // Different names in the table of contents, one name at the contents themselves.
  await refuses(t, patch(zip, 'tests/q2.py', 'tests/q1.py', 1), /contradicts its own table of contents/);
});

test('refuses an archive that is too large, packed or by its own account', async t => {
  const zip = await zipOf({...good, 'files/zeros': new Uint8Array(2 * 2 ** 20)});
  await refuses(t, zip, /more than 1 MB: /, {packedBytes: 2 ** 20, unpackedBytes: 2 ** 20});
  await refuses(t, zip, /has more than 0 MB/, {packedBytes: 100});
  await refuses(t, patchEntry(zip, 'files/zeros', 24, 0xffffffff), /unpacks to more than 512 MB/);
});

// Alone, so that the memory it looks at is its own.
test.serial('a bomb that says it is small is stopped while it unpacks, in little memory', async t => {
  const zip = await zipOf({...good, 'files/zeros': new Uint8Array(256 * 2 ** 20)});
  const bomb = patchEntry(zip, 'files/zeros', 24, 10);
  const before = process.memoryUsage().rss;
  await refuses(t, bomb, /unpacks to more than 1 MB/, {unpackedBytes: 2 ** 20});
  t.true(process.memoryUsage().rss - before < 128 * 2 ** 20);
});

test('a file that unpacks to another size than it says, or not at all, is damaged', async t => {
  const zip = await zipOf({...good, 'files/text': 'hello '.repeat(1000)});
  await refuses(t, patchEntry(zip, 'files/text', 24, 10), /damaged: "files\/text" cannot be unpacked/);
  const broken = Buffer.from(zip);
  broken.fill(0xff, broken.indexOf('files/text') + 10, broken.indexOf('files/text') + 30);
  await refuses(t, broken, /damaged: "files\/text"/);
});

test('refuses an encrypted archive and an unknown compression', async t => {
  const zip = await zipOf(good);
  const flags = (value: number) => patchEntry(zip, 'tests/q1.py', 8, value);
  await refuses(t, flags(0x0008_0001), /cannot be opened.*[Ee]ncrypted/);
  await refuses(t, flags(0x0063_0000), /cannot be opened.*compression/);
});

test('counts 20 000 files without opening one, whatever the archive says', async t => {
  const many = await zipOf({
    ...good,
    ...Object.fromEntries(Array.from({length: 20_000}, (_, at) => [`files/${at}`, ''])),
  });
  await refuses(t, many, /holds more than 10000 files/);
  const lying = Buffer.from(many);
  lying.writeUInt16LE(4, lying.length - 22 + 8);
  lying.writeUInt16LE(4, lying.length - 22 + 10);
  await refuses(t, lying, /holds more than 10000 files/);
});

test('never throws, wherever a byte is wrong', async t => {
  const zip = await zipOf(good);
  for (let at = 0; at < zip.length; at++) {
    const wrong = Uint8Array.from(zip);
    wrong[at] = (wrong[at] ?? 0) ^ 0xff;
    const checked = await checkArchive(wrong);
    t.true(checked.ok || checked.problem.length > 10);
  }
});
