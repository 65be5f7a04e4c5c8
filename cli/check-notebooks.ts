/** Reads a file of a course by its path from the root; undefined when there is none. */
export type Read = (path: string) => Promise<Uint8Array | undefined>;

type Found = {where: string; content: Uint8Array};
/** Where to look: a reader, and folders in it, from the root. */
export type Place = {name: string; read: Read; folders: readonly string[]};

const join = (...parts: string[]) => parts.filter(part => part !== '').join('/');

/** The folders around an archive: its own, one of the assignment's name in it, and the one above. */
export function listFolders(archivePath: string, assignment: string): string[] {
  const own = archivePath.split('/').slice(0, -1);
  const above = own.length > 0 ? [own.slice(0, -1).join('/')] : [];
  return [own.join('/'), join(...own, assignment), ...above];
}

/**
 * Finds an assignment's solution and its student notebook.
 *
 * Shape:  beside `autograder/<name>.ipynb` and `student/<name>.ipynb`, as otter assign writes them, there are
 *         `<name>-solution.ipynb` and `<name>.ipynb`.
 * Rule:   one file is never both: in the folder `autograder` itself, `<name>.ipynb` is the solution.
 * Source: otter-service's release validation submits `<lab>-solution.ipynb`, under the name `<lab>.ipynb`, and `<lab>.ipynb`.
 */
export async function findNotebooks(
  places: readonly Place[],
  assignment: string,
): Promise<{solution: Uint8Array | undefined; student: Uint8Array | undefined}> {
  const file = `${assignment}.ipynb`;
  const solution = await findFirst(places, [`autograder/${file}`, `${assignment}-solution.ipynb`]);
  const others = [`student/${file}`, file];
  const student = await findFirst(places, others, solution?.where);
  return {solution: solution?.content, student: student?.content};
}

/** Every folder is searched for the first name before any is searched for the second. */
async function findFirst(
  places: readonly Place[],
  files: readonly string[],
  taken?: string,
): Promise<Found | undefined> {
  for (const file of files) {
    for (const {name, read, folders} of places) {
      for (const folder of folders) {
        const path = join(folder, file);
        const where = `${name}/${path}`;
        const content = where === taken ? undefined : await read(path);
        if (content) {
          return {where, content};
        }
      }
    }
  }

  return undefined;
}

/**
 * Has a notebook call itself by the name that its file has in the sandbox.
 *
 * Rule: under any other, otter checks every question at the end, and not where the notebook does.
 */
export function renameNotebook(notebook: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(notebook);
  return Buffer.from(text.replace(/(Notebook\(\\?["'])\w[\w .-]{0,100}\.ipynb(?=\\?["'])/g, '$1submission.ipynb'));
}
