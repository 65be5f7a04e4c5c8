import {constants, type PathLike} from 'node:fs';
import {type FileHandle, link, mkdir, open, unlink} from 'node:fs/promises';
import path from 'node:path';
import {shareNext} from '../share-next.ts';
import {hasCode, ignoreMissing} from './storage-errors.ts';

/** A folder whose entries can be made durable. */
export type Folder = {
  path: string;
  /** Resolves when every entry made or removed before the call is on disk. Calls at the same time share a sync. */
  sync: () => Promise<void>;
  close: () => Promise<void>;
};

/** Makes a folder, readable by its owner only, and opens it. */
export async function openFolder(folder: string): Promise<Folder> {
  const made = await mkdir(folder, {recursive: true, mode: 0o700});
  if (made) {
    await syncOnce(path.dirname(made));
  }

  const handle = await open(folder, 'r');
  const sync = shareNext(() => handle.sync());
  return {path: folder, sync, close: () => handle.close()};
}

async function syncOnce(target: PathLike): Promise<void> {
  await using handle = await open(target, 'r');
  await handle.sync();
}

/** Creates a file that nobody else may read, for writing; fails when it exists. */
export const createFile = (file: string): Promise<FileHandle> =>
  open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);

/**
 * Gives a whole, synced file its name. A link, unlike a rename, never replaces: of two that want one name, one gets
 * it. Resolves when the name is durable, also when it was there already.
 */
export async function publishFile(from: string, folder: Folder, name: string): Promise<'written' | 'exists'> {
  let outcome: 'written' | 'exists' = 'written';
  try {
    await link(from, path.join(folder.path, name));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      throw error;
    }

    outcome = 'exists';
  }

  await folder.sync();
  return outcome;
}

/** Writes a file whole and synced, lets `use` take it, and removes it. */
export async function withTemporaryFile<T>(
  file: string,
  fill: (handle: FileHandle) => Promise<void>,
  use: () => Promise<T>,
): Promise<T> {
  try {
    const handle = await createFile(file);
    try {
      await fill(handle);
      await handle.datasync();
    } finally {
      await handle.close();
    }

    return await use();
  } finally {
    // Quicker than `rm`, which looks first.
    await unlink(file).catch(ignoreMissing);
  }
}
