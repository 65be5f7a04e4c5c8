import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';

/** Writes the whole folder or none, and never into one that is there. */
export async function writeFolder(root: string, files: Record<string, string>): Promise<void> {
  const half = path.join(path.dirname(root), `.${path.basename(root)}.new-${process.pid}`);
  await mkdir(half, {recursive: true});
  try {
    for (const [file, content] of Object.entries(files)) {
      await writeFile(path.join(half, file), content);
    }

    // Of two that write the same name one has the folder; an empty one would be replaced by a plain rename.
    await mkdir(root);
    await rename(half, root);
  } catch (error) {
    await rm(half, {recursive: true, force: true});
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? new Error(`${root} is there already: choose another name, or change what is in it.`)
      : error;
  }
}
