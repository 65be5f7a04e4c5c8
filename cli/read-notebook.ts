import {readFile} from 'node:fs/promises';

/** Reads a notebook that was named on the command line. Throws a sentence for what is none. */
export async function readNotebook(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(error => {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): give the path of a notebook.`);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not a notebook: give the path of a .ipynb file.`);
  }
}
