import {createHash} from 'node:crypto';
import {constants} from 'node:fs';
import {type FileHandle, open, readdir, readFile, realpath, stat} from 'node:fs/promises';
import path from 'node:path';
import {HoltError} from '../domain/errors.ts';
import type {CourseSource} from '../domain/ports.ts';

const CONFIG = 'course-config.json';
// A wrong setting such as a home folder would otherwise be walked once a minute.
const MAX_FILES = 20_000;
/** Errors that say: there is no file of this name. */
const missing = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'];

/**
 * A course kept in a local folder.
 *
 * Shape:  a revision is a hash of all names, sizes and times, and of the content of `course-config.json`. Names that
 *         begin with a dot (`.git`) are no part of it. `readFile` reads the folder as it is now.
 * Throws: `invalid-course` when there is no such folder, `source-unavailable` when it cannot be read at the moment.
 */
export const makeFolderSource = (folder: string): CourseSource => ({
  async findRevision() {
    const root = await findRoot(folder);
    const files: string[] = [];
    try {
      await describe(root, '', files);
      const config = await readFile(path.join(root, CONFIG)).catch(() => '');
      return createHash('sha256').update(files.sort().join('\n')).update('\0').update(config).digest('hex');
    } catch (error) {
      throw toHoltError(error, folder);
    }
  },

  async readFile(_revision, name, maxBytes) {
    const root = await findRoot(folder);
    try {
      // Links are resolved first: one that points out of the folder is as good as no file.
      const file = await realpath(path.join(root, name));
      if (path.isAbsolute(name) || name.split(/[/\\]/).includes('..') || !file.startsWith(`${root}${path.sep}`)) {
        return undefined;
      }

      return await readRegularFile(file, name, maxBytes);
    } catch (error) {
      if (missing.includes(codeOf(error))) {
        return undefined;
      }

      throw toHoltError(error, folder);
    }
  },
});

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException | null)?.code);

const toHoltError = (error: unknown, folder: string): unknown =>
  error instanceof HoltError || !(error instanceof Error && 'syscall' in error)
    ? error
    : new HoltError(
        'source-unavailable',
        `The course folder ${folder} cannot be read (${codeOf(error)}): check its permissions and its disk.`,
        {cause: error},
      );

async function findRoot(folder: string): Promise<string> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw missing.includes(codeOf(cause)) ? notFound(folder, cause) : toHoltError(cause, folder);
  });
  if (!(await stat(root)).isDirectory()) {
    throw notFound(folder);
  }

  return root;
}

const notFound = (folder: string, cause?: unknown) =>
  new HoltError('invalid-course', `There is no course folder ${folder}: create it, or correct HOLT_COURSES.`, {cause});

/** Adds one line for each file below a folder. What vanishes meanwhile is left out: the next look sees a change. */
async function describe(root: string, below: string, files: string[]): Promise<void> {
  const entries = await readdir(path.join(root, below), {withFileTypes: true}).catch(ignoreVanished);
  for (const entry of entries ?? []) {
    if (entry.name.startsWith('.')) {
      continue;
    }

    const name = path.join(below, entry.name);
    if (entry.isDirectory()) {
      await describe(root, name, files);
      continue;
    }

    // The time of the last change of any kind sees a file that was replaced by one of equal size and time.
    const found = await stat(path.join(root, name), {bigint: true}).catch(ignoreVanished);
    if (found?.isFile()) {
      files.push(JSON.stringify([name, String(found.size), String(found.mtimeNs), String(found.ctimeNs)]));
    }

    if (files.length > MAX_FILES) {
      throw new HoltError(
        'invalid-course',
        `The course folder ${root} holds more than ${MAX_FILES} files: name the folder that has course-config.json.`,
      );
    }
  }
}

const ignoreVanished = (error: unknown): undefined => {
  if (!missing.includes(codeOf(error))) {
    throw error;
  }
};

async function readRegularFile(file: string, name: string, maxBytes: number): Promise<Uint8Array | undefined> {
  // Without NONBLOCK, a pipe in the folder would stop the caller until somebody writes into it.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const found = await handle.stat();
    return found.isFile() ? await readAtMost(handle, name, found.size, maxBytes) : undefined;
  } finally {
    await handle.close();
  }
}

async function readAtMost(handle: FileHandle, name: string, size: number, maxBytes: number): Promise<Uint8Array> {
  if (size > maxBytes) {
    throw new HoltError('too-large', `The file ${name} has ${size} bytes; at most ${maxBytes} are read.`);
  }

  const content = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const {bytesRead} = await handle.read(content, filled, size - filled, filled);
    if (bytesRead === 0) {
      break;
    }

    filled += bytesRead;
  }

  return new Uint8Array(content.buffer, content.byteOffset, filled);
}
