import {chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync} from 'node:fs';
import path from 'node:path';
import type {UpgradeStep} from '../../domain/upgrades.ts';
import {schema} from './queries.ts';
import type {Store} from './store.ts';

/** Copies the whole database beside itself; a copy that is not whole never has the final name. */
export function backUpStore({database}: Store, file: string, version: number): string {
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const target = file.replace(/\.sqlite$/, `-version-${version}-${time}.sqlite`);
  const partial = `${file}.backup`;
  rmSync(partial, {force: true});
  database.prepare('VACUUM INTO ?').run(partial);
  chmodSync(partial, 0o600);
  syncPath(partial);
  renameSync(partial, target);
  syncPath(path.dirname(target));
  return target;
}

function syncPath(target: string): void {
  const handle = openSync(target, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Runs the steps over every record. */
export function upgradeRecords({database}: Store, steps: readonly UpgradeStep[]): void {
  if (steps.length === 0) {
    return;
  }

  for (const {name} of schema.filter(({kind}) => kind === 'table')) {
    const replace = database.prepare(`UPDATE ${name} SET data = ? WHERE id = ?`);
    for (const {id} of database.prepare(`SELECT id FROM ${name}`).all()) {
      const row = database.prepare(`SELECT data FROM ${name} WHERE id = ?`).get(id as string);
      const upgraded = steps.reduce(
        (data, {upgrade}) => upgrade(name, data),
        JSON.parse(String(row?.data)) as Record<string, unknown>,
      );
      replace.run(JSON.stringify(upgraded), id as string);
    }
  }
}
