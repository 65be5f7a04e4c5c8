import {mkdtempSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {type EmbeddedEngine, type EmbeddedSettings, openEmbeddedEngine} from '../../adapters/embedded/open.ts';
import {taskProgram} from './jobs.ts';

/** Makes an empty folder that is removed with the test. */
export function makeFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-embedded-'));
  t.teardown(() => rm(folder, {recursive: true, force: true}));
  return folder;
}

/** Settings for tests: tasks run the contract suite's program, and what is logged is dropped. */
export const testSettings = (folder: string): EmbeddedSettings => ({
  folder,
  origin: () => 'http://127.0.0.1:0',
  jobs: {command: [process.execPath, taskProgram], environment: {PATH: '/usr/bin:/bin'}, graceSeconds: 0.2},
  log() {},
});

/** Opens an engine with its signed URLs served, on a new folder unless one is given, and closes it with the test. */
export async function openTestEngine(
  t: ExecutionContext,
  settings: Partial<EmbeddedSettings> = {},
): Promise<EmbeddedEngine> {
  const folder = settings.folder ?? makeFolder(t);
  const server = createServer(async (request, response) => {
    if (!(await engine.handleSigned(request, response))) {
      response.writeHead(404).end();
    }
  });
  const engine = await openEmbeddedEngine({
    ...testSettings(folder),
    origin: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...settings,
  });
  t.teardown(() => engine.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return engine;
}
