import type {DatabaseSync, StatementSync} from 'node:sqlite';
import type {Collection} from '../../domain/records.ts';

/** The database, with every statement prepared once. */
export type Store = {
  database: DatabaseSync;
  prepare: (sql: string) => StatementSync;
  /** A record's JSON; undefined when there is none. */
  read: (collection: Collection, id: string) => string | undefined;
  /** Runs `work` as one SQLite transaction: all of it or nothing, on disk when this returns. */
  writeAll: <T>(work: () => T) => T;
};

/** Wraps an open database. */
export function makeStore(database: DatabaseSync): Store {
  const statements = new Map<string, StatementSync>();
  const prepare = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known) {
      return known;
    }

    const made = database.prepare(sql);
    statements.set(sql, made);
    return made;
  };

  return {
    database,
    prepare,
    read(collection, id) {
      const row = prepare(`SELECT data FROM ${collection} WHERE id = ?`).get(id);
      return row?.data as string | undefined;
    },
    writeAll(work) {
      prepare('BEGIN IMMEDIATE').run();
      try {
        const result = work();
        prepare('COMMIT').run();
        return result;
      } catch (error) {
        // SQLite has rolled back by itself after some errors, a full disk among them.
        if (database.isTransaction) {
          database.exec('ROLLBACK');
        }

        throw error;
      }
    },
  };
}
