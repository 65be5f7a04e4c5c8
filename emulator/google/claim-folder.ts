import {mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {findFingerprint} from '../../adapters/embedded/processes.ts';
import {HoltError} from '../../domain/errors.ts';

/**
 * Takes a folder for this process, and answers what gives it back.
 *
 * Throws: `busy` when another running stack has it: its emulators would be taken for leftovers, and ended.
 */
export function claimFolder(folder: string): () => void {
  mkdirSync(folder, {recursive: true});
  const file = path.join(folder, 'stack.pid');
  const [pid, fingerprint] = readOwner(file);
  if (pid && findFingerprint(pid) === fingerprint) {
    throw new HoltError(
      'busy',
      `The folder ${folder} is in use by process ${pid}: end that one, or choose another folder.`,
    );
  }

  writeFileSync(file, `${process.pid}\n${findFingerprint(process.pid)}\n`);
  return () => rmSync(file, {force: true});
}

function readOwner(file: string): [pid: number, fingerprint: string] {
  try {
    const [pid, fingerprint = ''] = readFileSync(file, 'utf8').split('\n');
    return [Number(pid), fingerprint];
  } catch {
    return [0, ''];
  }
}
