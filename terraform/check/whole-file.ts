import {randomUUID} from 'node:crypto';
import {renameSync, writeFileSync} from 'node:fs';

/** Writes a file whole or not at all: other processes and threads may be reading it, or making it too. */
export function writeWhole(file: string, content: string): void {
  const part = `${file}.${randomUUID()}`;
  writeFileSync(part, content);
  renameSync(part, file);
}
