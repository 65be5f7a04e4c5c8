import {randomUUID} from 'node:crypto';
import {type FileHandle, open, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import {HoltError} from '../../domain/errors.ts';
import type {ObjectName} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';
import {type Folder, openFolder, publishFile, withTemporaryFile} from './durable-files.ts';
import {hasCode, ignoreMissing, tellStorageError} from './storage-errors.ts';

/** The objects of a folder, and what the signed URLs' server needs beside the port. */
export type ObjectFiles = Omit<Objects, 'signGet' | 'signPut'> & {
  /** Stores what `fill` writes to a file; nothing when it throws. */
  store: (object: ObjectName, fill: (handle: FileHandle) => Promise<void>) => Promise<'written' | 'exists'>;
  /** Opens an object for reading; undefined when it is missing. */
  open: (object: ObjectName) => Promise<{handle: FileHandle; bytes: number} | undefined>;
  close: () => Promise<void>;
};

/**
 * Splits an object's name into a folder and a file: `results/s-1/1.json` is `results,s-1,1.json` in
 * `<bucket>-results`. Few folders, so that a name is made durable by one sync that many share.
 *
 * Throws: `malformed-request` for a name that is not made by `domain/object-names.ts`.
 */
export function toFilePlace({bucket, name}: ObjectName): {folder: string; file: string} {
  const parts = name.split('/');
  if (!/^[\w./-]{1,240}$/.test(name) || parts.some(part => part === '' || part === '.' || part === '..')) {
    throw new HoltError('malformed-request', 'This is no name of an object: names are made by Holt alone.');
  }

  return {folder: `${bucket}-${parts.length > 1 ? parts[0] : ''}`, file: parts.join(',')};
}

/** Keeps objects as files in `root`, which nobody else writes to. `onWritten` runs before a write resolves. */
export async function openObjectFiles(
  root: string,
  onWritten: (object: ObjectName) => Promise<void>,
): Promise<ObjectFiles> {
  const temporary = path.join(root, 'unfinished');
  await rm(temporary, {recursive: true, force: true});
  const folders = new Map<string, Promise<Folder>>([[temporary, openFolder(temporary)]]);
  await folders.get(temporary);

  const placeOf = async (object: ObjectName) => {
    const place = toFilePlace(object);
    const folderPath = path.join(root, place.folder);
    const known = folders.get(folderPath) ?? openFolder(folderPath);
    folders.set(folderPath, known);
    // A folder that could not be made is tried again by the next.
    known.catch(() => folders.delete(folderPath));
    const folder = await known;
    return {folder, file: place.file, path: path.join(folder.path, place.file)};
  };

  const openObject: ObjectFiles['open'] = async object => {
    const place = await placeOf(object);
    try {
      const handle = await open(place.path, 'r');
      return {handle, bytes: (await handle.stat()).size};
    } catch (error) {
      if (hasCode(error, 'ENOENT')) {
        return undefined;
      }

      throw error;
    }
  };

  const store: ObjectFiles['store'] = async (object, fill) => {
    const {folder, file} = await placeOf(object);
    const unfinished = path.join(temporary, randomUUID());
    const outcome = await withTemporaryFile(unfinished, fill, () => publishFile(unfinished, folder, file));
    if (outcome === 'written') {
      await onWritten(object);
    }

    return outcome;
  };

  /** Turns what the disk says into a sentence. */
  const telling =
    <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await act(...args);
      } catch (error) {
        throw tellStorageError(error, root);
      }
    };

  return {
    store: telling(store),
    open: telling(openObject),
    write: telling((object, content) => store(object, handle => handle.writeFile(content))),

    read: telling(async (object, maxBytes) => {
      const found = await openObject(object);
      if (!found) {
        return undefined;
      }

      await using handle = found.handle;
      if (found.bytes > maxBytes) {
        throw new HoltError(
          'too-large',
          `The object has ${found.bytes} bytes, more than the ${maxBytes} that may be read.`,
        );
      }

      return handle.readFile();
    }),

    exists: telling(async object => {
      const place = await placeOf(object);
      return (await stat(place.path).catch(ignoreMissing)) !== undefined;
    }),

    remove: telling(async object => {
      const place = await placeOf(object);
      await rm(place.path, {force: true});
      await place.folder.sync();
    }),

    // Objects never change, so a second name for the same file is a copy.
    copy: telling(async (from, to) => {
      const [source, target] = await Promise.all([placeOf(from), placeOf(to)]);
      try {
        const outcome = await publishFile(source.path, target.folder, target.file);
        if (outcome === 'written') {
          await onWritten(to);
        }

        return outcome;
      } catch (error) {
        if (hasCode(error, 'ENOENT')) {
          throw new HoltError('not-found', 'The object to be copied is not there.', {cause: error});
        }

        throw error;
      }
    }),

    async close() {
      const opened = await Promise.allSettled(folders.values());
      await Promise.all(opened.map(folder => folder.status === 'fulfilled' && folder.value.close()));
    },
  };
}
