import {existsSync, readFileSync, renameSync, writeFileSync} from 'node:fs';

/** One student's score for one block, as it stands. `count` is how many times it was sent. */
export type Entry = {
  student: string;
  courseId: string;
  blockId: string;
  score: number;
  receivedAt: string;
  count: number;
};

export type Gradebook = {entries: () => Entry[]; put: (entry: Omit<Entry, 'count'>) => void};

/** Makes a gradebook that survives a restart when it is given a file. */
export function makeGradebook(file: string | undefined): Gradebook {
  const keyOf = ({courseId, blockId, student}: Omit<Entry, 'count'>) => JSON.stringify([courseId, blockId, student]);
  const stored: Entry[] = file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const held = new Map(stored.map(entry => [keyOf(entry), entry]));
  return {
    entries: () => [...held.values()].map(entry => ({...entry})),
    put(entry) {
      const key = keyOf(entry);
      held.set(key, {...entry, count: (held.get(key)?.count ?? 0) + 1});
      if (file) {
        // Renaming replaces it whole: whoever is killed here leaves the old one or the new one.
        writeFileSync(`${file}.new`, `${JSON.stringify([...held.values()], null, 2)}\n`);
        renameSync(`${file}.new`, file);
      }
    },
  };
}
