import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {cp, mkdtemp, readdir, readFile, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import type {Jobs} from '../domain/ports.ts';
import {openLocalAccount} from '../emulator/google/local-account.ts';
import {
  asStudent,
  buildLayout,
  installFunctions,
  prefix,
  questions,
  type Start,
  secret,
  startFunction,
  storeQuestions,
} from '../testing/deployed-layout.ts';
import {startEmptyCloud} from '../testing/empty-cloud.ts';
import {need} from '../testing/need.ts';
import {type Target, targets} from './settings.ts';

const run = promisify(execFile);
const folder = await mkdtemp(path.join(tmpdir(), 'holt-deployed-'));
const built = path.join(folder, 'dist');
const installed = path.join(folder, 'app/functions');
const cloud = await startEmptyCloud();
// The client in this process signs its requests with a key of its own and asks nobody for a token.
process.env.GOOGLE_APPLICATION_CREDENTIALS = openLocalAccount(folder, 'p').file;
const {environment} = cloud;

test.before('build and install', async () => {
  await buildLayout(built);
  await installFunctions(built, installed);
  await cp(path.join(built, 'grader-job'), path.join(folder, 'app/grader-job'), {recursive: true});
});
test.after.always('remove', async () => {
  await cloud[Symbol.asyncDispose]();
  await rm(folder, {recursive: true, force: true, maxRetries: 5});
});

const start = (options: Omit<Start, 'folder'>) => startFunction({folder: installed, environment, ...options});

/** The status of the answers in `deployed-layout.ts`: a refused notebook, and events that are taken. */
const statusOf = (target: Target) => (target === 'exchange' ? 400 : 204);

for (const target of targets) {
  test.serial(`${target} answers when functions-framework's own command starts it`, async t => {
    await using served = await start({target, command: 'framework'});
    const first = questions[target];
    if (first) {
      t.is((await served.ask(...first)).status, target === 'exchange' ? 200 : 204);
    }

    t.is((await served.ask(...storeQuestions[target])).status, statusOf(target), served.getOutput());
    t.is(await served.stop(), 0);
  });
}

/** The clients that a function has loaded when it has answered the question that needs a store. */
const clients: Record<Target, string[]> = {
  exchange: ['@google-cloud/firestore'],
  dispatch: ['@google-cloud/firestore', 'jszip'],
  record: ['@google-cloud/storage'],
  passback: ['@google-cloud/firestore'],
  audit: ['@google-cloud/firestore'],
  sweep: ['@google-cloud/firestore', '@google-cloud/pubsub'],
};
const heavy = /node_modules\/(@google-cloud\/(?:firestore|storage|pubsub|run)|@octokit\/app|jszip)\//;

/** Says the address of each module that is loaded, from inside the process. */
const tellModules = `data:text/javascript,${encodeURIComponent(
  "import {registerHooks} from 'node:module';" +
    "registerHooks({load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); }});",
)}`;

/** What the loaded files were made from. */
async function readSources(output: string): Promise<string[]> {
  const {outputs} = JSON.parse(await readFile(path.join(built, 'functions.json'), 'utf8')) as {
    outputs: Record<string, {inputs: Record<string, unknown>}>;
  };
  const loaded = new Set([...output.matchAll(/^loaded file:.*\/([^/]+)$/gm)].map(([, name = '']) => name));
  return Object.entries(outputs)
    .filter(([file]) => loaded.has(path.basename(file)))
    .flatMap(([, {inputs}]) => Object.keys(inputs));
}

const clientsIn = (sources: readonly string[]) =>
  [...new Set(sources.map(source => heavy.exec(source)?.[1]).filter(name => name !== undefined))].sort();

for (const target of targets) {
  test.serial(
    `${target} answers behind serve.js, loads its own stage and clients only, and ends when asked`,
    async t => {
      await using served = await start({target, nodeOptions: ['--import', tellModules]});
      const first = questions[target];
      if (first) {
        t.is((await served.ask(...first)).status, target === 'exchange' ? 200 : 204);
        t.deepEqual(clientsIn(await readSources(served.getOutput())), [], 'no client is loaded that was not needed');
      }

      t.is((await served.ask(...storeQuestions[target])).status, statusOf(target), served.getOutput());
      const sources = await readSources(served.getOutput());
      t.deepEqual(clientsIn(sources), clients[target]);
      const stages = sources.map(source => /(?:^|\/)functions\/([\w-]+)\//.exec(source)?.[1]);
      t.deepEqual([...new Set(stages.filter(stage => stage !== undefined))], [target]);

      const askedAt = performance.now();
      t.is(await served.stop(), 0);
      t.true(performance.now() - askedAt < 5000);
    },
  );
}

type Problem = {status: number; code: string; detail: string};

test.serial('an event function tells whoever sends no event what it takes', async t => {
  await using served = await start({target: 'sweep', command: 'serve'});
  const answer = await served.ask({method: 'GET', path: '/'});
  t.is(answer.status, 405, served.getOutput());
  t.is(answer.type, 'application/problem+json');
  t.regex(answer.body, /CloudEvents by POST/);
});

test.serial('an event that the framework stumbles over is answered, and the function goes on', async t => {
  await using served = await start({target: 'audit', command: 'serve'});
  const {status} = await served.ask({method: 'POST', path: '/', headers: {traceparent: '00-1-1-01'}});
  t.is(status, 500, served.getOutput());
  t.is((await served.ask(...storeQuestions.audit)).status, 204, served.getOutput());
});

test.serial('the exchange answers broken JSON with a problem document', async t => {
  await using served = await start({target: 'exchange'});
  const {status, type, body} = await served.ask(asStudent, '{bad');
  t.deepEqual([status, type], [400, 'application/problem+json']);
  const problem = JSON.parse(body) as Problem;
  t.is(problem.status, 400);
  t.false(/\bat .*:\d+/.test(body), 'no stack');
});

const MEGABYTE = 2 ** 20;

/** Sends a body of so many megabytes to its end, whatever is answered meanwhile. Answers what came back. */
async function streamNotebook(port: number, megabytes: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', text => {
    answer += text;
  });
  const head = Object.entries({...asStudent.headers, Host: 'localhost', 'Transfer-Encoding': 'chunked'});
  socket.write(`POST ${prefix} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MEGABYTE, 'x'), Buffer.from('\r\n')]);
  for (let sent = 0; sent < megabytes; sent += 1) {
    if (!socket.write(chunk)) {
      await once(socket, 'drain', {signal: AbortSignal.timeout(10_000)});
    }
  }

  socket.end('0\r\n\r\n');
  await once(socket, 'close', {signal: AbortSignal.timeout(10_000)});
  return answer;
}

/** The most memory a process ever had. */
async function readPeakBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

test.serial('the exchange refuses a stream of 200 MB in constant memory, and its sender reads why', async t => {
  if (need(t, {what: '/proc', get: 'run it on Linux', isMissing: !existsSync('/proc/self/status')})) {
    return;
  }

  await using served = await start({target: 'exchange'});
  await served.ask(asStudent, '{bad');
  // What a smaller one took: buffers that are waiting to be collected count too.
  t.regex(await streamNotebook(served.port, 50), /^HTTP\/1\.1 413 /);
  const before = await readPeakBytes(served.pid);
  const answer = await streamNotebook(served.port, 200);
  t.regex(answer, /^HTTP\/1\.1 413 /);
  t.regex(answer, /^content-type: application\/problem\+json\r$/im);
  t.regex(answer, /"code":"too-large"/);
  const grown = ((await readPeakBytes(served.pid)) - before) / MEGABYTE;
  t.log(`memory grew by ${grown.toFixed(0)} MB`);
  t.true(grown < 100, `150 MB more of a body took ${grown.toFixed(0)} MB more of memory`);
});

async function failToStart(t: ExecutionContext, options: Omit<Start, 'folder'>): Promise<string> {
  await using served = await start(options);
  t.deepEqual(await served.exited, [1, null]);
  return served.getOutput();
}

test.serial('a missing setting stops the start with its name', async t => {
  const {HOLT_BUCKET: _, ...without} = environment;
  const output = await failToStart(t, {target: 'record', environment: without});
  t.regex(output, /^Holt cannot start\.\nHOLT_BUCKET is not set: /);
  t.false(output.includes('    at '), 'no stack');
  t.regex(
    await failToStart(t, {target: 'record', environment: without, command: 'framework'}),
    /HOLT_BUCKET is not set/,
  );
});

test.serial('a wrong setting, or a function that there is not, stops the start with a sentence', async t => {
  const wrong = {...environment, GRADER_JOB: 'otter-grader'};
  t.regex(
    await failToStart(t, {target: 'sweep', environment: wrong}),
    /^Holt cannot start\.\nGRADER_JOB is "otter-grader"/,
  );
  t.regex(
    await failToStart(t, {target: 'nothing' as Target}),
    /^Holt cannot start\.\nFUNCTION_TARGET must be one of exchange/,
  );
});

test.serial('the functions ask for functions-framework only, and their lock has all that it needs', async t => {
  const cwd = path.join(built, 'functions');
  const {dependencies} = JSON.parse(await readFile(path.join(cwd, 'package.json'), 'utf8'));
  t.deepEqual(Object.keys(dependencies), ['@google-cloud/functions-framework']);
  const {stdout} = await run('npm', ['ci', '--dry-run', '--offline', '--ignore-scripts'], {cwd});
  t.regex(stdout, /^add express 5\./m);
});

test.serial('a compile cache that was warmed once has every file, and a start adds nothing to it', async t => {
  const NODE_COMPILE_CACHE = path.join(folder, 'compile-cache');
  const list = async () => (await readdir(NODE_COMPILE_CACHE, {recursive: true})).sort();
  await run(process.execPath, ['warm.js'], {cwd: installed, env: {NODE_COMPILE_CACHE}});
  const warmed = await list();
  t.true(warmed.length > 40, `${warmed.length} files`);
  await using served = await start({target: 'audit', environment: {...environment, NODE_COMPILE_CACHE}});
  await served.ask(...storeQuestions.audit);
  t.is(await served.stop(), 0);
  const added = (await list()).filter(file => !warmed.includes(file));
  t.true(added.length <= 1, `${added.length} files more; only serve.js is not loaded to warm`);
});

test.serial('a client of the bundle starts a job, with protocols that wait in files of their own', async t => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.setHeader('Content-Type', 'application/json');
    const metadata = {'@type': 'type.googleapis.com/google.cloud.run.v2.Execution', name: 'an-execution'};
    response.end(JSON.stringify({name: 'projects/p/locations/r/operations/o', metadata, done: false}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const chunk = (await readdir(installed)).find(name => /^jobs-\w+\.js$/.test(name)) ?? '';
  const {connectJobs, makeJobs} = await import(pathToFileURL(path.join(installed, chunk)).href);
  const apiEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jobs: Jobs = makeJobs(connectJobs({projectId: 'p', apiEndpoint}), {projectId: 'p', region: 'r', job: 'j'});
  t.is(await jobs.start({tasks: 1, manifestIndexUrl: 'http://127.0.0.1/', timeoutSeconds: 60}), 'an-execution');
  t.regex(asked[0] ?? '', /^POST \/v2\/projects\/p\/locations\/r\/jobs\/j:run/);
});

test.serial('the grader job starts and names the setting that it misses', async t => {
  const job = spawn(process.execPath, [path.join(folder, 'app/grader-job/main.js')], {env: {}});
  let output = '';
  job.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  t.deepEqual(await once(job, 'close'), [2, null]);
  t.regex(JSON.parse(output).message, /MANIFEST_INDEX_URL/);
  t.true((await readdir(path.join(folder, 'app/grader-job/python'))).includes('grade.py'));
});

test.serial('without a target everything is served on the embedded engine, and finds the grader beside it', async t => {
  const lab = path.join(import.meta.dirname, '../testing/fixtures/otter-lab');
  const server = spawn(process.execPath, ['serve.js'], {
    cwd: installed,
    env: {
      HOLT_ENGINE: 'embedded',
      HOLT_DATA: path.join(folder, 'data'),
      HOLT_COURSES: `demo=${path.join(lab, 'autograders')}`,
      HOLT_JWT_SECRET: secret,
      HOLT_PYTHON: path.join(folder, 'no-python'),
      HOST: '127.0.0.1',
      PORT: '0',
    },
  });
  t.teardown(() => server.kill('SIGKILL'));
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }

  const seen = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await wait(20)) {
      const found = pattern.exec(output);
      if (found) {
        return found;
      }
    }

    throw new Error(`${pattern} is not in:\n${output}`);
  };
  const [, origin = ''] = await seen(/^ready (http:\S+)$/m);
  const notebook = await readFile(path.join(lab, 'submissions/blank.ipynb'), 'utf8');
  const {method, headers} = asStudent;
  const url = `${origin}${prefix}`;
  const response = await fetch(url, {
    method,
    headers: headers as Record<string, string>,
    body: `{"nb":${notebook}}`,
  } as RequestInit);
  t.is(response.status, 200, await response.text());
  await seen(/There is no Python at/);
  server.kill('SIGTERM');
  t.deepEqual(await once(server, 'exit'), [0, null]);
});
