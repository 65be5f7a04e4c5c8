import {closeSync, openSync} from 'node:fs';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {HoltError} from '../../domain/errors.ts';
import type {Log} from '../../domain/ports.ts';
import {SCHEMA_VERSION} from '../../domain/records.ts';
import {planUpgrade, type UpgradeStep, upgrades} from '../../domain/upgrades.ts';
import {schema} from './queries.ts';
import {hasCode, tellStorageError} from './storage-errors.ts';
import {makeStore, type Store} from './store.ts';
import {backUpStore, upgradeRecords} from './upgrade-store.ts';

/** "HOLT" in a database's header, so that another program's database is not taken for one. */
const APPLICATION_ID = 0x484f4c54;
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

/** Tables beside the collections': events on their way, executions and the processes of their tasks. */
const ownTables = `
  CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, event TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS executions (
    name TEXT PRIMARY KEY, state TEXT NOT NULL, startedAt TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS children (
    pid INTEGER PRIMARY KEY, execution TEXT NOT NULL, fingerprint TEXT NOT NULL) STRICT;`;

export type DatabaseSettings = {
  folder: string;
  log: Log;
  /** False refuses an older store instead of upgrading it. */
  allowUpgrade?: boolean | undefined;
  /** The version to bring the store to, and the steps; the domain's unless a test says otherwise. */
  schemaVersion?: number | undefined;
  upgradeSteps?: readonly UpgradeStep[] | undefined;
};

/**
 * Opens the folder's database, alone, and brings it to the current version.
 *
 * Throws: `busy` when another Holt runs on the folder; `incompatible-store` for a newer store, an older one that may
 *         not be upgraded, or another program's file; `storage-unavailable` when the disk refuses.
 */
export function openDatabase(settings: DatabaseSettings): Store {
  const {folder} = settings;
  const file = path.join(folder, 'holt.sqlite');
  let database: DatabaseSync | undefined;
  try {
    createPrivately(file);
    database = new DatabaseSync(file);
    // Without shared memory, and the first read takes the lock that keeps every other process out.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    // macOS acknowledges an ordinary sync before the disk has the data.
    database.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;');
    // A larger log makes checkpoints, which stop everything for a moment, rare.
    database.exec('PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 67108864; BEGIN IMMEDIATE; COMMIT;');
    const store = makeStore(database);
    prepareSchema(store, file, settings);
    return store;
  } catch (error) {
    database?.close();
    throw tellOpenError(error, folder);
  }
}

/** Makes the file, if it is missing, with the rights that SQLite gives the files beside it as well. */
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) {
      throw error;
    }
  }
}

function tellOpenError(error: unknown, folder: string): HoltError {
  const code = ((error as {errcode?: number}).errcode ?? 0) & 0xff;
  if (code === SQLITE_BUSY) {
    return new HoltError(
      'busy',
      `Another Holt already runs on the folder ${folder}: stop it, or give this one another folder.`,
      {cause: error},
    );
  }

  if (code === SQLITE_NOTADB) {
    return new HoltError(
      'incompatible-store',
      `The file holt.sqlite in ${folder} is not a database: restore a backup, or choose another folder.`,
      {cause: error},
    );
  }

  return tellStorageError(error, folder);
}

const readPragma = ({database}: Store, name: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

function prepareSchema(store: Store, file: string, settings: DatabaseSettings): void {
  const {schemaVersion = SCHEMA_VERSION, upgradeSteps = upgrades, allowUpgrade = true, log} = settings;
  const isNew = readPragma(store, 'schema_version') === 0;
  if (!isNew && readPragma(store, 'application_id') !== APPLICATION_ID) {
    throw new HoltError('incompatible-store', `${file} belongs to another program: choose another folder.`);
  }

  const stored = isNew ? schemaVersion : readPragma(store, 'user_version');
  const steps = planUpgrade(stored, schemaVersion, upgradeSteps);
  if (steps.length > 0 && !allowUpgrade) {
    throw new HoltError(
      'incompatible-store',
      `The stored data has version ${stored} and this Holt needs ${schemaVersion}: start without --no-upgrade to back it up and upgrade it.`,
    );
  }

  if (steps.length > 0) {
    const backup = backUpStore(store, file, stored);
    log('NOTICE', 'the store is backed up and will be upgraded', {from: stored, to: schemaVersion, backup});
  }

  store.writeAll(() => {
    createTables(store);
    upgradeRecords(store, steps);
    store.database.exec(`PRAGMA user_version = ${schemaVersion}; PRAGMA application_id = ${APPLICATION_ID}`);
  });
}

/** Makes what is missing and drops indexes that no query needs any more; nothing is done when all is there. */
function createTables({database}: Store): void {
  const known = new Map(
    database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL")
      .all()
      .map(row => [String(row.name), String(row.sql)]),
  );
  database.exec(ownTables);
  const wanted = new Set(schema.map(({name}) => name));
  for (const name of known.keys()) {
    if (name.includes('_by_') && !wanted.has(name)) {
      database.exec(`DROP INDEX ${name}`);
    }
  }

  for (const {sql} of schema.filter(entry => !known.has(entry.name))) {
    database.exec(sql);
  }
}
