import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import path from 'node:path';
import {root} from '../../emulator/options.ts';

/** Lends a folder on the project's own disk: a system's temporary folder may be in memory, where a sync costs nothing. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(path.join(root, '.holt'), {recursive: true});
  const folder = await mkdtemp(path.join(root, '.holt/bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, {recursive: true, force: true, maxRetries: 5});
  }
}
