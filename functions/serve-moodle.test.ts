import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {send, signToken} from '../testing/moodle/client.ts';
import {readConfig} from './config.ts';
import {startEmbedded} from './serve-embedded.ts';

test('a server for Moodle alone starts without a hub and without courses, and answers', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-moodle-'));
  const secret = 'a secret that has enough characters';
  const environment = {HOLT_ENGINE: 'embedded', HOLT_DATA: folder, PORT: '0', JWT_SECRET: secret};
  const {url, close} = await startEmbedded(readConfig('all', environment));
  t.teardown(async () => {
    await close();
    rmSync(folder, {recursive: true});
  });
  t.is((await send('DELETE', `${url}/1/2`)).status, 401);
  const answer = await send('DELETE', `${url}/1/2`, {token: await signToken(secret)});
  t.deepEqual(answer.json(), {detail: 'The assignment you tried to delete does not exist.'});
});
