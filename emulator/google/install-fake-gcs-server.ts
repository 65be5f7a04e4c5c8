import {execFile} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {promisify} from 'node:util';
import {HoltError} from '../../domain/errors.ts';
import type {Log} from '../../domain/ports.ts';
import {FAKE_GCS_SERVER, findOnPath, findPrograms, type Places} from './find-programs.ts';

const INSTALL_MINUTES = 15;

/**
 * Builds fake-gcs-server into the stack's own tools when the machine has Go and lacks it. Takes two minutes, once.
 *
 * Throws: `invalid-setting` with the end of what Go said.
 */
export async function installFakeGcsServer(places: Places, log: Log): Promise<void> {
  const go = findOnPath(places, 'go');
  if (findPrograms(places).storage || !go) {
    return;
  }

  log('NOTICE', 'Building fake-gcs-server, once; this takes about two minutes.', {version: FAKE_GCS_SERVER});
  mkdirSync(places.tools, {recursive: true});
  try {
    await promisify(execFile)(go, ['install', FAKE_GCS_SERVER], {
      env: {...places.environment, HOME: places.home, GOBIN: places.tools},
      timeout: INSTALL_MINUTES * 60_000,
    });
  } catch (cause) {
    const said = String((cause as {stderr?: string}).stderr ?? cause).slice(-500);
    throw new HoltError('invalid-setting', `go install ${FAKE_GCS_SERVER} failed; mend what it says: ${said}`, {cause});
  }
}
