import {open} from 'node:fs/promises';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {report} from './lib/report.ts';
import {median} from './lib/statistics.ts';
import {withFolder} from './lib/work-folder.ts';

/* What this disk takes to make something durable: every accepted submission pays for it, so other figures hang on it. */

const times = 200;

async function timeEach(act: (number: number) => Promise<unknown> | unknown): Promise<number[]> {
  const taken: number[] = [];
  for (let number = 0; number < times; number += 1) {
    const startedAt = performance.now();
    await act(number);
    taken.push(performance.now() - startedAt);
  }

  return taken;
}

/** A file grows by a block and is synced. */
async function timeSync(folder: string): Promise<number> {
  await using file = await open(path.join(folder, 'synced'), 'w');
  const block = Buffer.alloc(4096, 1);
  return median(
    await timeEach(async () => {
      await file.write(block);
      await file.datasync();
    }),
  );
}

/** New files of a notebook's size, several at once, as the exchange writes them. Answers files a second. */
async function countFiles(folder: string): Promise<number> {
  const content = Buffer.alloc(100_000, 1);
  let number = 0;
  const startedAt = performance.now();
  const writeFiles = async () => {
    while (number < 3 * times) {
      number += 1;
      await using file = await open(path.join(folder, `notebook-${number}`), 'wx');
      await file.writeFile(content);
      await file.datasync();
    }
  };
  await Promise.all(Array.from({length: 16}, writeFiles));
  return number / ((performance.now() - startedAt) / 1000);
}

/** One row in a transaction of its own, as durable as the embedded engine's. */
async function timeCommit(folder: string): Promise<number> {
  const database = new DatabaseSync(path.join(folder, 'commits.sqlite'));
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('CREATE TABLE rows (data TEXT) STRICT');
  const insert = database.prepare('INSERT INTO rows VALUES (?)');
  const taken = await timeEach(() => insert.run('x'.repeat(500)));
  database.close();
  return median(taken);
}

await withFolder(async folder => {
  const name = (what: string) => `disk: ${what}`;
  await report([
    {name: name('4 kB written and synced (fdatasync)'), value: await timeSync(folder), unit: 'ms', note: 'median'},
    {name: name('SQLite commit, WAL, synchronous FULL'), value: await timeCommit(folder), unit: 'ms', note: 'median'},
    {name: name('new files of 100 kB synced, 16 at once'), value: await countFiles(folder), unit: '/s'},
  ]);
});
