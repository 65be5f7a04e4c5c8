import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {HoltError} from '../../domain/errors.ts';
import type {Log} from '../../domain/ports.ts';
import {findFreePort} from '../local-server.ts';
import type {Found, Programs} from './find-programs.ts';
import {makeExports} from './firestore-export.ts';
import {makeProcesses, type Program, type Running} from './processes.ts';

type Settings = {
  programs: Programs;
  folder: string;
  projectId: string;
  /** `host:port` that the Firestore emulator sends its events to. */
  eventsHost: string;
  resultsBucket: string;
  notificationTopic: string;
  log: Log;
};

const BOOT_SECONDS = 60;

/** The compiler for short lives, and the collector for small heaps: measured, twice the throughput and half the boot. */
const JAVA_FLAGS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/**
 * Starts the emulators, each in its own process group on a free port of 127.0.0.1, and waits until each answers.
 *
 * Firestore keeps its data in memory: they are written to the folder at `close` and read back at the next start, and
 * lost when it is killed. fake-gcs-server keeps its objects in the folder. Pub/Sub keeps nothing.
 */
export async function startEmulators(settings: Settings) {
  const {programs, folder, projectId, eventsHost, resultsBucket, notificationTopic, log} = settings;
  const {start} = await makeProcesses(path.join(folder, 'emulators.json'));
  const [firestorePort, pubsubPort, storagePort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const hostOf = (found: Found, port: number) => ('host' in found ? found.host : `127.0.0.1:${port}`);
  const firestoreHost = hostOf(programs.firestore, firestorePort);
  const pubsubHost = hostOf(programs.pubsub, pubsubPort);
  const exports = makeExports({folder: path.join(folder, 'firestore'), host: firestoreHost, projectId});
  const objects = path.join(folder, 'objects');
  mkdirSync(objects, {recursive: true});

  const running: {name: string; process: Running}[] = [];
  let isClosing = false;
  const run = async (name: string, program: Omit<Program, 'logFile'>) => {
    const process = await start({...program, logFile: path.join(folder, 'logs', `${name}.log`)});
    running.push({name, process});
    void process.ended.then(end => {
      if (!isClosing) {
        log('ERROR', 'An emulator has ended by itself.', {emulator: name, ...end});
      }
    });
  };
  const java = (found: Found, args: string[]) =>
    'host' in found ? undefined : {command: found.command, args: [...JAVA_FLAGS, ...found.args, ...args]};
  const firestoreArgs = ['--host', '127.0.0.1', '--port', `${firestorePort}`, '--functions_emulator', eventsHost];
  const firestore = java(programs.firestore, [...firestoreArgs, ...exports.seedArguments()]);
  const pubsub = java(programs.pubsub, ['--host=127.0.0.1', `--port=${pubsubPort}`]);
  const storageUrl = `http://127.0.0.1:${storagePort}`;
  const storageArgs = [
    ['-backend', 'filesystem', '-filesystem-root', objects, '-scheme', 'http', '-log-level', 'warn'],
    ['-host', '127.0.0.1', '-port', `${storagePort}`, '-external-url', storageUrl],
    ['-public-host', `127.0.0.1:${storagePort}`, '-event.pubsub-project-id', projectId],
    ['-event.pubsub-topic', notificationTopic, '-event.bucket', resultsBucket, '-event.list', 'finalize'],
  ].flat();

  const close = async () => {
    isClosing = true;
    if (firestore) {
      await exports.save().catch(error => log('ERROR', 'The records were not saved.', {error: String(error)}));
    }

    await Promise.all(running.map(({process}) => process.end()));
  };

  try {
    await Promise.all([
      firestore && run('firestore', firestore),
      pubsub && run('pubsub', pubsub),
      run('storage', {
        ...programs.storage,
        args: storageArgs,
        env: {PUBSUB_EMULATOR_HOST: pubsubHost, HOME: folder},
      }),
    ]);
    const dead = () => running.find(({process}) => process.hasEnded())?.name;
    const logs = path.join(folder, 'logs');
    await Promise.all([
      waitUntilUp(`http://${firestoreHost}/`, 'the Firestore emulator', logs, dead),
      waitUntilUp(`http://${pubsubHost}/v1/projects/${projectId}/topics`, 'the Pub/Sub emulator', logs, dead),
      waitUntilUp(`${storageUrl}/_internal/healthcheck`, 'fake-gcs-server', logs, dead),
    ]);
  } catch (error) {
    isClosing = true;
    await Promise.all(running.map(({process}) => process.end(0)));
    throw error;
  }

  return {
    firestoreHost,
    pubsubHost,
    storageUrl,
    processes: running.map(({name, process: {pid}}) => ({name, pid})),
    close,
  };
}

/** Asks until there is an answer, whatever it is. */
async function waitUntilUp(url: string, what: string, logs: string, dead: () => string | undefined): Promise<void> {
  const deadline = performance.now() + BOOT_SECONDS * 1000;
  for (;;) {
    const answer = await fetch(url, {signal: AbortSignal.timeout(2000)}).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer) {
      return;
    }

    if (dead() || performance.now() > deadline) {
      throw new HoltError(
        'invalid-setting',
        `${dead() ? `${dead()} has ended` : `${what} does not answer at ${url}`}: read what it says in ${logs}.`,
      );
    }

    await wait(25);
  }
}
