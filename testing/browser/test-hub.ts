import {execFile} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {type HubOptions, type RunningHub, startHub} from '../../emulator/hub/start-hub.ts';

export type TestHub = RunningHub & {password: string; apiToken: string};

const root = path.join(import.meta.dirname, '../..');
/** Where the hub’s Python environment is. */
export const python = path.join(root, '.holt/hub-python');

/** Makes the hub's Python environment when it is missing, once for all tests. */
export const setUpHub = (): Promise<unknown> =>
  promisify(execFile)(path.join(root, 'emulator/hub/setup.sh'), [python], {timeout: 600_000});

/** Starts a real JupyterHub on a free port, with its data in a temporary folder. */
export async function startTestHub(
  options: Pick<HubOptions, 'serviceUrl' | 'groups' | 'notebooks' | 'log'>,
): Promise<TestHub> {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'holt-hub-'));
  const secrets = {password: 'otters-den', apiToken: 'a-secret-of-hub-and-holt'};
  const hub = await startHub({...options, ...secrets, python, port: 0, dataFolder});
  return {
    ...hub,
    ...secrets,
    async close() {
      await hub.close();
      await rm(dataFolder, {recursive: true, force: true});
    },
  };
}
