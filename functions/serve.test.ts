import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import {SignJWT} from 'jose';
import {HoltError} from '../domain/errors.ts';
import {makeNotebook, prefix} from '../testing/exchange-world.ts';
import {readConfig} from './config.ts';
import {startEmbedded} from './serve-embedded.ts';

const secret = 'a secret of the operator';

/** The settings of a Holt of its own, with a course whose archives do not matter. */
async function setUp(t: ExecutionContext, given: Record<string, string> = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-serve-'));
  t.teardown(() => rm(folder, {recursive: true, force: true}));
  const config = {demo: {1: {subpath_to_zips: 'zips', assignments: {lab: ''}}}};
  const course = path.join(folder, 'course');
  await mkdir(course);
  await writeFile(path.join(course, 'course-config.json'), JSON.stringify(config));
  const environment = {
    ...{HOLT_ENGINE: 'embedded', HOLT_DATA: path.join(folder, 'data'), HOLT_COURSES: `demo=${course}`},
    ...{HOLT_JWT_SECRET: secret, HOST: '127.0.0.1', PORT: '0', METADATA_SERVER_DETECTION: 'none'},
    ...given,
  };
  return {folder, environment, settings: readConfig('all', environment)};
}

const makeToken = () =>
  new SignJWT({sub: 'alice'})
    .setProtectedHeader({alg: 'HS256'})
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));

const submit = async (url: string, answer: string) => {
  const response = await fetch(url + prefix, {
    method: 'POST',
    headers: {Authorization: `Bearer ${await makeToken()}`},
    body: JSON.stringify({nb: makeNotebook(answer)}),
  });
  return {status: response.status, id: response.headers.get('holt-submission')};
};

/** A port that is in use while the test runs. */
async function takePort(t: ExecutionContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('one process serves everything, and what it took is there after the next start', async t => {
  const {settings} = await setUp(t);
  const first = await startEmbedded(settings);
  t.regex(first.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.is((await fetch(first.url + prefix)).status, 200);
  // The course comes in by itself: the first student waits for it.
  const {status, id} = await submit(first.url, '1');
  t.is(status, 200);
  await first.close();
  await t.throwsAsync(fetch(first.url + prefix));

  const second = await startEmbedded(settings);
  t.teardown(() => second.close());
  t.deepEqual(await submit(second.url, '1'), {status: 200, id});
});

test('a folder that another Holt has is left alone', async t => {
  const {settings} = await setUp(t);
  const first = await startEmbedded(settings);
  t.teardown(() => first.close());
  const error = await t.throwsAsync(startEmbedded(settings), {instanceOf: HoltError});
  t.is(error.code, 'busy');
  t.is((await submit(first.url, '1')).status, 200);
});

test('a port that is in use is a sentence, and the folder is free again', async t => {
  const {settings} = await setUp(t);
  const PORT = await takePort(t);
  const error = await t.throwsAsync(startEmbedded({...settings, PORT}), {instanceOf: HoltError});
  t.is(error.code, 'invalid-setting');
  t.is(error.message, `Port ${PORT} on 127.0.0.1 is in use by another program: choose another with PORT or --port.`);
  const {close} = await startEmbedded(settings);
  await close();
});

test('a start that fails half-way leaves nothing open', async t => {
  const {settings} = await setUp(t);
  const error = await t.throwsAsync(startEmbedded({...settings, HOLT_COURSES: 'demo'}), {instanceOf: HoltError});
  t.regex(error.message, /HOLT_COURSES/);
  const {close} = await startEmbedded(settings);
  await close();
});

/** Runs `serve.ts` as a process, until it ends or says that it is ready. */
async function run(t: ExecutionContext, environment: Record<string, string>) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'serve.ts')], {
    env: {PATH: process.env.PATH ?? '', ...environment},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  const ready = new Promise<string>(resolve => {
    child.stdout.on('data', chunk => {
      output += chunk;
      const url = /^ready (http:\S+)$/m.exec(output)?.[1];
      if (url) {
        resolve(url);
      }
    });
  });
  const errors = text(child.stderr);
  const ended = once(child, 'exit').then(async ([code, signal]) => ({code, signal, errors: await errors}));
  return {child, ready, ended};
}

test('the process says when it is ready, and ends at once and quietly when it is asked to', async t => {
  const {environment, folder} = await setUp(t);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const {child, ready, ended} = await run(t, environment);
    const url = await ready;
    t.is((await submit(url, signal)).status, 200);
    child.kill(signal);
    t.deepEqual(await ended, {code: 0, signal: null, errors: ''});
    await t.throwsAsync(fetch(url));
  }

  t.deepEqual((await readdir(folder)).sort(), ['course', 'data']);
});

const refusesToStart = test.macro({
  async exec(t, _: string, given: Record<string, string>, sentence: RegExp) {
    const {environment} = await setUp(t);
    const {ended} = await run(t, {...environment, ...given});
    const {code, errors} = await ended;
    t.is(code, 1);
    t.regex(errors, /^Holt cannot start\.\n/);
    t.regex(errors, sentence);
    t.notRegex(errors, /\n\s+at |\.ts:\d/);
  },
  title: (_, what) => `the process does not start with ${what}, and says why`,
});

test(refusesToStart, 'a missing setting', {HOLT_COURSES: ''}, /^HOLT_COURSES is not set: /m);
test(refusesToStart, 'a wrong setting', {BODY_MEMORY_BYTES: 'much'}, /^BODY_MEMORY_BYTES: /m);
test(refusesToStart, 'a wrong course', {HOLT_COURSES: 'demo'}, /^HOLT_COURSES cannot be used: /m);
test(refusesToStart, 'an unknown target', {FUNCTION_TARGET: 'exchnage'}, /^FUNCTION_TARGET must be one of /m);
test(
  refusesToStart,
  'a target and no project',
  {FUNCTION_TARGET: 'audit', HOLT_ENGINE: 'google'},
  /^GCP_PROJECT_ID is not/m,
);
test(
  refusesToStart,
  'a key that is none',
  {HOLT_JWT_SECRET: '', HOLT_JWT_PUBLIC_KEY: 'x'},
  /^HOLT_JWT_PUBLIC_KEY is not/m,
);

for (const target of [undefined, 'exchange', 'audit']) {
  test(`a port in use stops ${target ?? 'the embedded engine'} with a sentence`, async t => {
    const PORT = String(await takePort(t));
    const google = {
      HOLT_ENGINE: 'google',
      GCP_PROJECT_ID: 'p',
      HOLT_BUCKET: 'b',
      FIRESTORE_EMULATOR_HOST: '127.0.0.1:9',
    };
    const {environment} = await setUp(t, {PORT});
    const {ended} = await run(t, {...environment, ...(target && {...google, FUNCTION_TARGET: target})});
    const {code, errors} = await ended;
    t.is(code, 1);
    t.is(
      errors,
      `Holt cannot start.\nPort ${PORT} on 127.0.0.1 is in use by another program: choose another with PORT or --port.\n`,
    );
  });
}
