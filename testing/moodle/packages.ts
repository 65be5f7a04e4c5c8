import {execFile} from 'node:child_process';
import {chmod, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import type {Local} from '../../emulator/local.ts';
import {type Created, detailOf, type Graded, openAsMoodle} from './cycle.ts';
import {answerNotebook, makeMaster} from './demo.ts';

const master = {
  config: 'requirements:\n  - cowsay==6.1\n',
  first: [{cell_type: 'code' as const, source: 'import cowsay'}],
  solution: {q3: '"otter" if cowsay.char_names else ""'},
};

/** Makes an empty folder for layers, for a stack that is started with it as `HOLT_LAYERS`. */
export async function makeLayersFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-layers-'));
  // Student code, which imports out of it, is another user.
  await chmod(folder, 0o755);
  t.teardown(() => rm(folder, {recursive: true, force: true}));
  return folder;
}

/** Sends an author's notebook that asks for a package which the grader has not, does what the author is told, and again. */
export async function goThroughPackages(t: ExecutionContext, local: Local, layers: string): Promise<void> {
  const call = await openAsMoodle(local);
  const create = () => call('POST', '/8/1', {file: {name: 'demo.ipynb', content: makeMaster(master)}});
  const refused = await create();
  t.is(refused.status, 503);
  t.regex(
    detailOf(refused),
    /^The autograder asks for cowsay==6\.1, and .+ missing: whoever runs Holt has to run npm run make-layer/,
  );

  const list = path.join(layers, 'requirements.txt');
  await writeFile(list, 'cowsay==6.1\n');
  const program = fileURLToPath(new URL('../../cli/make-layer.ts', import.meta.url));
  const parameters = [program, '--locks', path.join(layers, 'locks'), list];
  await promisify(execFile)(process.execPath, parameters, {env: {...process.env, HOLT_LAYERS: layers}});
  const created = await create();
  t.is(created.status, 201, created.text);
  const student = Buffer.from((created.json() as Created)['demo.ipynb'], 'base64');
  const content = answerNotebook(student, ['q1', 'q2', 'q3'], 'assert cowsay.char_names\n');
  const graded = await call('POST', '/8/1/alice', {file: {name: 'demo.ipynb', content}});
  t.is((graded.json() as Graded).total, 3, graded.text);
}
