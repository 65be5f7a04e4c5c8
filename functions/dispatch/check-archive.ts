import JSZip from 'jszip';
import {archiveLimits} from '../../domain/autograder.ts';
import {readZipDirectory, type ZipEntry} from './zip-directory.ts';

export type ArchiveCheck = {ok: true} | {ok: false; problem: string};
/** What is checked beside the form; smaller in tests. */
type ArchiveLimits = {[limit in keyof typeof archiveLimits]: number};

const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;
const MAX_CONFIG_BYTES = 2 ** 20;
const CONFIG = 'otter_config.json';

/** A problem on its way out of the check; it never leaves this file. */
class Problem extends Error {}

/**
 * Checks an autograder archive before anything opens it for use.
 *
 * Memory stays bounded whatever the archive says of itself: contents are unpacked piece by piece, counted and dropped.
 *
 * Shape:  `problem` is a clause for staff that says what is wrong and what to do, without the archive's name.
 * Source: `otter run` of otter-grader 7 needs the folder `tests`; `otter_config.json` may be missing, but not be broken.
 */
export async function checkArchive(bytes: Uint8Array, limits: ArchiveLimits = archiveLimits): Promise<ArchiveCheck> {
  try {
    if (bytes.byteLength > limits.packedBytes) {
      throw new Problem(`has more than ${inMegabytes(limits.packedBytes)}: leave out what grading does not need`);
    }

    const entries = readEntries(bytes, limits);
    checkNames(entries);
    checkTests(entries);
    await checkContents(bytes, entries, limits);
    return {ok: true};
  } catch (error) {
    if (error instanceof Problem) {
      return {ok: false, problem: error.message};
    }

    throw error;
  }
}

const inMegabytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MB`;

function readEntries(bytes: Uint8Array, limits: ArchiveLimits): ZipEntry[] {
  const entries = readZipDirectory(bytes, limits.entries);
  if (!entries) {
    const isPointer = new TextDecoder().decode(bytes.subarray(0, 40)).startsWith('version https://git-lfs');
    throw new Problem(
      isPointer
        ? 'is only a pointer to Git LFS: commit the archive itself'
        : 'is not a zip file, or a damaged one: make it again with "otter assign"',
    );
  }

  if (entries.length > limits.entries) {
    throw new Problem(`holds more than ${limits.entries} files: leave out what grading does not need`);
  }

  if (entries.reduce((sum, {unpackedBytes}) => sum + unpackedBytes, 0) > limits.unpackedBytes) {
    throw tooLarge(limits);
  }

  return entries;
}

const tooLarge = (limits: ArchiveLimits) =>
  new Problem(`unpacks to more than ${inMegabytes(limits.unpackedBytes)}: leave out what grading does not need`);

function checkNames(entries: readonly ZipEntry[]): void {
  const seen = new Set<string>();
  for (const {name, mode} of entries) {
    checkName(name);
    if (mode !== 0 && mode !== REGULAR_FILE && mode !== FOLDER) {
      throw new Problem(`holds ${JSON.stringify(name)}, which is a link or a device: put the file itself in its place`);
    }

    const plain = toPlain(name);
    if (seen.has(plain)) {
      throw new Problem(`holds ${JSON.stringify(name)} twice: make it again with "otter assign"`);
    }

    seen.add(plain);
  }
}

/** A name as it is extracted: without `.` and empty parts. */
const toPlain = (name: string) =>
  name
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/');

function checkName(name: string): void {
  const leaves = /^[/\\]|^[a-z]:/i.test(name) || name.split(/[/\\]/).includes('..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (name === '' || leaves || /[\u0000-\u001f\\]|[^/]{256}/.test(name) || name.length > 1000) {
    throw new Problem(
      `holds the name ${JSON.stringify(name.slice(0, 100))}, which could end up outside its folder: make it again with "otter assign"`,
    );
  }
}

function checkTests(entries: readonly ZipEntry[]): void {
  const names = entries.map(({name}) => toPlain(name));
  if (names.some(name => /^tests\/[^/]+\.(py|r)$/i.test(name))) {
    return;
  }

  const [nested] = names.flatMap(name => /^(.+)\/tests\/[^/]+\.(py|r)$/i.exec(name)?.[1] ?? []);
  throw new Problem(
    nested
      ? `has its files inside the folder ${JSON.stringify(nested)}: zip the folder's contents, not the folder`
      : 'has no tests (no file tests/*.py): make it again with "otter assign"',
  );
}

async function checkContents(bytes: Uint8Array, entries: readonly ZipEntry[], limits: ArchiveLimits): Promise<void> {
  const zip = await JSZip.loadAsync(bytes).catch((error: Error) => {
    throw new Problem(
      `cannot be opened as a zip file (${error.message.slice(0, 200)}): make it again with "otter assign"`,
    );
  });
  const files = Object.values(zip.files);
  // Names stand in an archive twice; what is extracted may be the other one.
  if (files.length !== entries.length) {
    throw new Problem('contradicts its own table of contents: make it again with "otter assign"');
  }

  let left = limits.unpackedBytes;
  for (const file of files) {
    checkName(file.unsafeOriginalName ?? file.name);
    left -= file.dir ? 0 : await measure(file, left, limits);
  }

  await checkConfig(zip, entries);
}

/** Unpacks a file to count its bytes, and stops as soon as they are too many. */
const measure = (file: JSZip.JSZipObject, atMost: number, limits: ArchiveLimits): Promise<number> =>
  new Promise((resolve, reject) => {
    let bytes = 0;
    const content = file.nodeStream('nodebuffer');
    content
      .on('data', (piece: Uint8Array) => {
        bytes += piece.byteLength;
        if (bytes > atMost) {
          content.pause();
          reject(tooLarge(limits));
        }
      })
      .on('error', () => {
        const name = JSON.stringify(file.name.slice(0, 100));
        reject(new Problem(`is damaged: ${name} cannot be unpacked; make it again with "otter assign"`));
      })
      .on('end', () => resolve(bytes));
  });

async function checkConfig(zip: JSZip, entries: readonly ZipEntry[]): Promise<void> {
  const entry = entries.find(({name}) => toPlain(name) === CONFIG);
  if (!entry) {
    return;
  }

  if (entry.unpackedBytes <= MAX_CONFIG_BYTES) {
    const text = (await zip.file(CONFIG)?.async('string')) ?? '';
    try {
      const config: unknown = JSON.parse(text);
      if (typeof config === 'object' && config !== null && !Array.isArray(config)) {
        return;
      }
    } catch {
      // Told below.
    }
  }

  throw new Problem(`has an ${CONFIG} that is not a JSON object: make it again with "otter assign"`);
}
