import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {homedir, tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {findFingerprint} from '../../adapters/embedded/processes.ts';
import {connectGoogle} from '../../adapters/google/connect.ts';
import {HoltError} from '../../domain/errors.ts';
import {notebookName} from '../../domain/object-names.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {sampleSubmission} from '../../testing/contracts/samples.ts';
import {need} from '../../testing/need.ts';
import {listen} from '../local-server.ts';
import {findPrograms} from './find-programs.ts';
import {startGoogleStack} from './start-google-stack.ts';

const tools = path.resolve('.holt/tools');
const environment = {...process.env, FIRESTORE_EMULATOR_HOST: undefined, PUBSUB_EMULATOR_HOST: undefined};
const [missing] = findPrograms({environment, home: homedir(), tools}).missing;
const lacks = (t: ExecutionContext) =>
  missing !== undefined && need(t, {what: missing.name, get: missing.command, isMissing: true});
const job = {command: process.execPath, args: ['-e', ''], env: {}};

const newFolder = (t: ExecutionContext) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-stack-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
};

/** A stack, and the engine as a function's process would open it. */
async function startStack(
  t: ExecutionContext,
  folder: string,
  environmentName?: string,
  places: Record<string, string | undefined> = environment,
) {
  const logged: string[] = [];
  const log = (severity: string, message: string) => void logged.push(`${severity} ${message}`);
  const stack = await startGoogleStack({
    folder,
    tools,
    job,
    log,
    environment: places,
    environmentName,
    sweepSeconds: 1,
  });
  t.teardown(stack.close);
  Object.assign(process.env, {
    GOOGLE_APPLICATION_CREDENTIALS: stack.environment.GOOGLE_APPLICATION_CREDENTIALS,
    METADATA_SERVER_DETECTION: stack.environment.METADATA_SERVER_DETECTION,
  });
  const engine = connectGoogle(stack.environment, environmentName ? `${environmentName}-` : '');
  return {stack, engine, logged};
}

/** A function that remembers the events it hears. */
async function startFunction(t: ExecutionContext) {
  const subjects: string[] = [];
  const server = await listen(
    createServer((request, response) => {
      subjects.push(String(request.headers['ce-subject'] ?? request.headers['ce-source']));
      request.resume().on('end', () => response.end());
    }),
  );
  t.teardown(server.close);
  return {url: server.url, subjects};
}

test.serial('what its environment names works together, and outlives a restart', async t => {
  if (lacks(t)) {
    return;
  }

  const folder = newFolder(t);
  const first = await startStack(t, folder, 'staging');
  const {url, subjects} = await startFunction(t);
  first.stack.registerFunctions({audit: url, dispatch: url, sweep: url});
  const {transact} = await first.engine.records();
  const objects = await first.engine.objects();
  const {wake} = await first.engine.wakeUps();
  const jobs = await first.engine.jobs();
  await transact(async ({create}) => create('submissions', sampleSubmission()));
  await objects.write(notebookName('submission-1'), Buffer.from('{}'), 'application/json');
  const signed = await objects.signGet(notebookName('submission-1'), 3600);
  const execution = await jobs.start({tasks: 1, manifestIndexUrl: signed, timeoutSeconds: 60});
  await wake();
  const hears = (subject: string) => pollUntil(subject, () => subjects.includes(subject));
  await hears('documents/staging-submissions/submission-1');
  await hears('//pubsub.googleapis.com/projects/holt-local/topics/dispatch');
  await hears('//pubsub.googleapis.com/projects/holt-local/topics/sweep');
  await pollUntil('the end of the job', async () => (await jobs.findState(execution)) === 'ended');
  await first.stack.close();
  t.deepEqual(
    first.stack.processes.filter(({pid}) => findFingerprint(pid) !== undefined),
    [],
    'nothing runs on',
  );

  const second = await startStack(t, folder, 'staging');
  const {find} = await second.engine.records();
  t.deepEqual(await find('submissions', 'submission-1'), sampleSubmission());
  const kept = await second.engine.objects();
  t.is(String(await kept.read(notebookName('submission-1'), 10)), '{}');
  // The port is another one, and the key is the same.
  const again = new URL(signed);
  again.port = new URL(second.stack.urls.storage).port;
  t.is((await fetch(again)).status, 200);
  t.is(await (await second.engine.jobs()).findState(execution), 'ended');
});

test.serial('a folder that a running stack has is refused', async t => {
  if (lacks(t)) {
    return;
  }

  const folder = newFolder(t);
  await startStack(t, folder);
  const error = await t.throwsAsync(startStack(t, folder), {instanceOf: HoltError});
  t.is(error?.code, 'busy');
});

test.serial('an emulator that ends by itself is reported', async t => {
  if (lacks(t)) {
    return;
  }

  const {stack, logged} = await startStack(t, newFolder(t));
  const pubsub = stack.processes.find(({name}) => name === 'pubsub');
  process.kill(pubsub?.pid ?? 0, 'SIGKILL');
  await pollUntil('the report', () => logged.includes('ERROR An emulator has ended by itself.'));
  t.pass();
});

test.serial('the emulators of a stack that was killed are ended by the next one', async t => {
  if (lacks(t)) {
    return;
  }

  const folder = newFolder(t);
  const script = `
    const {startGoogleStack} = await import(${JSON.stringify(new URL('start-google-stack.ts', import.meta.url).href)});
    const job = {command: process.execPath, args: [], env: {}};
    const stack = await startGoogleStack({folder: process.env.FOLDER, tools: process.env.TOOLS, job, log: () => {}});
    console.log(JSON.stringify(stack.processes));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: {...environment, FOLDER: folder, TOOLS: tools},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', chunk => {
    output += chunk;
  });
  const line = await pollUntil('the stack', () => output.endsWith('\n') && output, 60);
  const orphans: {pid: number}[] = JSON.parse(line);
  child.kill('SIGKILL');
  await pollUntil('its end', () => child.signalCode);
  t.is(orphans.filter(({pid}) => findFingerprint(pid) !== undefined).length, 3, 'they live on');

  await startStack(t, folder);
  t.is(orphans.filter(({pid}) => findFingerprint(pid) !== undefined).length, 0);
});

test.serial('emulators of somebody else are used, heard by a listener, and left running', async t => {
  if (lacks(t)) {
    return;
  }

  const owner = await startStack(t, newFolder(t));
  const {FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST} = owner.stack.environment;
  const places = {...environment, FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST};
  const {stack, engine} = await startStack(t, newFolder(t), 'guest', places);
  t.deepEqual(
    stack.processes.map(({name}) => name),
    ['storage'],
  );
  const {url, subjects} = await startFunction(t);
  stack.registerFunctions({audit: url, dispatch: url});
  const {transact} = await engine.records();
  await transact(async ({create}) => create('submissions', sampleSubmission()));
  await (await engine.wakeUps()).wake();
  const hears = (subject: string) => pollUntil(subject, () => subjects.includes(subject));
  await hears('documents/guest-submissions/submission-1');
  await hears('//pubsub.googleapis.com/projects/holt-local/topics/dispatch');
  await stack.close();
  t.true(owner.stack.processes.every(({pid}) => findFingerprint(pid) !== undefined));
});
