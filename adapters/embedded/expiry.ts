import {readdir, rm, stat} from 'node:fs/promises';
import path from 'node:path';
import type {Log} from '../../domain/ports.ts';
import {type Collection, indexes} from '../../domain/records.ts';
import {hasCode} from './storage-errors.ts';
import type {Store} from './store.ts';

const HOUR_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS;

/** Folders of objects that end by age, as the lifecycle rules of a bucket end them. */
const lifetimes = {'work-parked': 15 * DAY_MILLISECONDS, 'work-manifests': 7 * DAY_MILLISECONDS} as const;

const expiring = (Object.keys(indexes) as Collection[]).filter(collection =>
  (indexes[collection] as readonly (readonly string[])[]).some(fields => fields[0] === 'expireAt'),
);

/**
 * Removes what has expired, a day later: stages check `expireAt` when they read, and until then may tell that
 * something has expired. What Firestore's time to live and a bucket's lifecycle do on Google Cloud.
 */
export async function removeExpired(store: Store, objectsRoot: string, now: number): Promise<void> {
  const limit = new Date(now - DAY_MILLISECONDS).toISOString();
  store.writeAll(() => {
    for (const collection of expiring) {
      store.prepare(`DELETE FROM ${collection} WHERE json_extract(data, '$.expireAt') < ?`).run(limit);
    }
  });

  for (const [folder, lifetime] of Object.entries(lifetimes)) {
    for (const file of await listFiles(path.join(objectsRoot, folder))) {
      const found = await stat(file).catch(() => undefined);
      if (found && found.mtimeMs < now - lifetime) {
        await rm(file, {force: true});
      }
    }
  }
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).map(name => path.join(folder, name));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) {
      return [];
    }

    throw error;
  }
}

/** Removes what has expired now and every hour. Returns how to stop. */
export function startExpiry(store: Store, objectsRoot: string, log: Log): () => Promise<void> {
  let current = Promise.resolve();
  const run = () => {
    current = removeExpired(store, objectsRoot, Date.now()).catch(error =>
      log('WARNING', 'what has expired could not be removed', {error: String(error)}),
    );
  };
  run();
  const timer = setInterval(run, HOUR_MILLISECONDS).unref();
  return () => {
    clearInterval(timer);
    return current;
  };
}
