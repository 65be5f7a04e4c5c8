import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {homedir, tmpdir} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {cloudEvent} from '@google-cloud/functions-framework';
import {getTestServer} from '@google-cloud/functions-framework/testing';
import anyTest, {type ExecutionContext, type TestFn} from 'ava';
import {HoltError} from '../../domain/errors.ts';
import type {StageEvent} from '../../domain/events.ts';
import {type EventRouter, startEventRouter} from '../../emulator/google/event-router.ts';
import {findPrograms, getPrograms} from '../../emulator/google/find-programs.ts';
import {startJobsServer} from '../../emulator/google/jobs-server.ts';
import {listenToRecords} from '../../emulator/google/listen-to-records.ts';
import {openLocalAccount} from '../../emulator/google/local-account.ts';
import {startEmulators} from '../../emulator/google/start-emulators.ts';
import {startStorageDoor} from '../../emulator/google/storage-door.ts';
import {createBuckets, createTopics, createTriggers, notificationTopic} from '../../emulator/google/wiring.ts';
import {listen} from '../../emulator/local-server.ts';
import {type Events, eventsContract, type Stage} from '../../testing/contracts/events.ts';
import {jobsContract, taskProgram} from '../../testing/contracts/jobs.ts';
import {objectsContract} from '../../testing/contracts/objects.ts';
import {recordsContract} from '../../testing/contracts/records.ts';
import {buildLayout} from '../../testing/deployed-layout.ts';
import {need} from '../../testing/need.ts';
import {connectJobs, makeJobs} from './jobs.ts';
import {connectStorage, makeObjects} from './objects.ts';
import {connectFirestore, makeRecords} from './records.ts';
import {connectPubSub, makeWakeUps} from './wake-ups.ts';

const projectId = 'holt-test';
const folder = mkdtempSync(path.join(tmpdir(), 'holt-google-'));
const places = {
  environment: {...process.env, FIRESTORE_EMULATOR_HOST: undefined, PUBSUB_EMULATOR_HOST: undefined},
  home: homedir(),
  tools: path.resolve('.holt/tools'),
};
const {missing} = findPrograms(places);
const account = openLocalAccount(folder, projectId);
process.env.GOOGLE_APPLICATION_CREDENTIALS = account.file;
process.env.METADATA_SERVER_DETECTION = 'none';
const log = () => {};

/** A test that needs the emulators, and says which are missing. */
const withEmulators = ((title: string, run: (t: ExecutionContext) => Promise<void>) =>
  anyTest(title, async t => {
    const [first] = missing;
    if (!first || !need(t, {what: first.name, get: first.command, isMissing: true})) {
      await run(t);
    }
  })) as unknown as TestFn;
const serially = ((title: string, run: (t: ExecutionContext) => Promise<void>) =>
  anyTest.serial(title, async t => {
    const [first] = missing;
    if (!first || !need(t, {what: first.name, get: first.command, isMissing: true})) {
      await run(t);
    }
  })) as unknown as TestFn;

/** The same tests, of the adapters as the deployed layout has them: with less of Google's clients. */
const builtTest = (test: TestFn) =>
  ((title: string, run: (t: ExecutionContext) => Promise<void>) => test(`${title} (as built)`, run)) as TestFn;

/** An adapter out of the deployed layout. */
async function importBuilt<Adapter>(name: string): Promise<Adapter> {
  const layout = path.join(folder, 'dist/functions');
  const chunk = readdirSync(layout).find(file => new RegExp(`^${name}-\\w+\\.js$`).test(file));
  return import(pathToFileURL(path.join(layout, chunk ?? name)).href);
}

const functions: Partial<Record<Stage, (event: StageEvent) => Promise<void>>> = {};
let emulators: Awaited<ReturnType<typeof startEmulators>>;
let router: EventRouter;
let doorUrl: string;
let functionUrls: Record<Stage, string>;
const closers: (() => Promise<unknown>)[] = [];

anyTest.before('start the emulators', async () => {
  if (missing.length > 0) {
    return;
  }

  functionUrls = await serveFunctions();
  router = await startEventRouter({projectId, resultsBucket: 'none', log, firstRetryMs: 20});
  router.registerFunctions(functionUrls);
  emulators = await startEmulators({
    programs: getPrograms(places),
    folder,
    projectId,
    eventsHost: new URL(router.url).host,
    resultsBucket: 'none',
    notificationTopic: 'none',
    log,
  });
  const door = await startStorageDoor({storageUrl: emulators.storageUrl, publicKey: account.publicKey});
  doorUrl = door.url;
  closers.push(door.close, emulators.close, router.close);
  await buildLayout(path.join(folder, 'dist'));
});

anyTest.after.always('end them', async () => {
  for (const close of closers) {
    await close();
  }

  rmSync(folder, {recursive: true, force: true});
});

/** The functions, each behind functions-framework, handing on to what the running test gives. */
async function serveFunctions(): Promise<Record<Stage, string>> {
  const urls: Partial<Record<Stage, string>> = {};
  for (const stage of ['dispatch', 'record', 'passback', 'audit'] as const) {
    cloudEvent(stage, async (event: StageEvent) => functions[stage]?.(event));
    const local = await listen(getTestServer(stage));
    urls[stage] = local.url;
    closers.push(local.close);
  }

  return urls as Record<Stage, string>;
}

let tests = 0;
const newPrefix = () => {
  tests += 1;
  return `t${tests}-`;
};
let sharedDb: ReturnType<typeof connectFirestore> | undefined;
const openRecords = (prefix: string) => {
  sharedDb ??= connectFirestore({projectId, emulatorHost: emulators.firestoreHost});
  return makeRecords(sharedDb, {prefix});
};

recordsContract(withEmulators, async () => openRecords(newPrefix()));

/** A bundle has a HoltError of its own. */
const rethrowOurs = (error: HoltError): never => {
  throw error.name === 'HoltError' ? new HoltError(error.code, error.message, {cause: error}) : error;
};
let builtDb: ReturnType<typeof connectFirestore> | undefined;
recordsContract(builtTest(withEmulators), async () => {
  const built = await importBuilt<typeof import('./records.ts')>('records');
  builtDb ??= built.connectFirestore({projectId, emulatorHost: emulators.firestoreHost});
  const records = built.makeRecords(builtDb, {prefix: newPrefix()});
  return {
    find: (...parameters) => records.find(...parameters).catch(rethrowOurs),
    list: query => records.list(query).catch(rethrowOurs),
    count: query => records.count(query).catch(rethrowOurs),
    transact: work => records.transact(work).catch(rethrowOurs),
  };
});

async function openObjects(prefix: string, storageUrl: string, apiEndpoint: string) {
  const buckets = {work: `${prefix}work`, results: `${prefix}results`};
  await createBuckets(storageUrl, projectId, Object.values(buckets));
  return makeObjects(connectStorage({projectId, apiEndpoint}), buckets);
}

objectsContract(withEmulators, async () => openObjects(newPrefix(), emulators.storageUrl, doorUrl));

const openJobs = async (t: ExecutionContext, adapter: typeof import('./jobs.ts')) => {
  const program = {command: process.execPath, args: [taskProgram], env: {PATH: process.env.PATH ?? ''}};
  const server = await startJobsServer({folder: path.join(folder, newPrefix()), jobs: {grader: program}, log});
  t.teardown(server.close);
  const clients = adapter.connectJobs({projectId, apiEndpoint: server.url});
  return adapter.makeJobs(clients, {projectId, region: 'here', job: 'grader'});
};

jobsContract(serially, t => openJobs(t, {connectJobs, makeJobs}));
jobsContract(builtTest(serially), async t => openJobs(t, await importBuilt('jobs')));

/** An empty engine for one test: its own prefix, buckets, topics, fake-gcs-server and router of messages. */
async function openEvents(
  t: ExecutionContext,
  deliver: (stage: Stage, event: StageEvent) => Promise<void>,
  hear: (prefix: string) => Promise<() => Promise<void>>,
  wakeUps: typeof import('./wake-ups.ts') = {connectPubSub, makeWakeUps},
): Promise<Events> {
  const prefix = newPrefix();
  for (const stage of ['dispatch', 'record', 'passback', 'audit'] as const) {
    functions[stage] = async event => {
      // Triggers of tests before this one are still there.
      if (!event.subject?.startsWith('documents/') || event.subject.startsWith(`documents/${prefix}`)) {
        await deliver(stage, event);
      }
    };
  }

  const {firestoreHost, pubsubHost} = emulators;
  const resultsBucket = `${prefix}results`;
  const messages = await startEventRouter({projectId, resultsBucket, log, firstRetryMs: 20});
  messages.registerFunctions(functionUrls);
  const own = await startEmulators({
    programs: {...getPrograms(places), firestore: {host: firestoreHost}, pubsub: {host: pubsubHost}},
    folder: path.join(folder, prefix),
    projectId,
    eventsHost: 'nowhere',
    resultsBucket,
    notificationTopic: notificationTopic(prefix),
    log,
  });
  const door = await startStorageDoor({storageUrl: own.storageUrl, publicKey: account.publicKey});
  await createTopics(pubsubHost, {projectId, prefix, routerUrl: messages.url});
  const unhear = await hear(prefix);
  const pubsub = wakeUps.connectPubSub({projectId, emulatorHost: pubsubHost});
  t.teardown(async () => {
    await unhear();
    await pubsub.close();
    await Promise.all([door.close(), own.close(), messages.close()]);
  });
  const objects = await openObjects(prefix, own.storageUrl, door.url);
  return {records: openRecords(prefix), objects, ...wakeUps.makeWakeUps(pubsub, {prefix}), prefix};
}

eventsContract(serially, (t, deliver) =>
  openEvents(t, deliver, async prefix => {
    await createTriggers(emulators.firestoreHost, {projectId, prefix});
    return async () => {};
  }),
);

const named = ((title: string, run: (t: ExecutionContext) => Promise<void>) =>
  serially(`${title} (by a listener, as built)`, run)) as unknown as TestFn;

eventsContract(named, async (t, deliver) => {
  const listen = async (prefix: string) => {
    const emulatorHost = emulators.firestoreHost;
    const deliverUntilTaken = router.deliverUntilTaken;
    const listener = await listenToRecords({projectId, prefix, emulatorHost, deliver: deliverUntilTaken, log});
    return listener.close;
  };
  return openEvents(t, deliver, listen, await importBuilt('wake-ups'));
});

anyTest('a refused connection is a job that did not start', async t => {
  const closed = await listen(createServer());
  await closed.close();
  const jobs = makeJobs(connectJobs({projectId, apiEndpoint: closed.url}), {projectId, region: 'here', job: 'grader'});
  const error = await t.throwsAsync(jobs.start({tasks: 1, manifestIndexUrl: 'http://x.test', timeoutSeconds: 5}));
  t.like(error, {code: 'jobs-refused'});
});
