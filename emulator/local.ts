import {createWriteStream} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {type Companions, startCompanions} from './companions.ts';
import {findFreePort} from './local-server.ts';
import {findCourses} from './options.ts';
import {clientId, openSecrets, prefix, type Secrets, type Stack, type StackSettings} from './stack.ts';
import {makeStandInToken} from './stand-in-hub.ts';

const COURSES_MILLISECONDS = 30_000;

export type LocalSettings = {
  engine: 'embedded' | 'google';
  port: number;
  dataFolder: string;
  course: string;
  upgrade?: boolean;
  /** More settings of Holt, by their names in the environment. */
  environment?: Record<string, string>;
  /** Settles when the packages of the course are there; nothing is graded before. Never rejects. */
  layers?: Promise<void>;
  /** Starts a real hub beside it; answers the settings that point Holt at it. */
  startHub?: (secrets: Secrets) => Promise<{environment: Record<string, string>; close: () => Promise<void>}>;
  onUnexpectedExit: (reason: string) => void;
};

export type Local = {
  stack: Stack;
  companions: Companions;
  /** Everything the parts log, one JSON line each. */
  logFile: string;
  close: () => Promise<void>;
};

/**
 * Starts a local stack: demo LMS, hub, Holt on the chosen engine. What was started before something fails is ended.
 *
 * Throws: `invalid-setting` with a sentence, for a port in use or a tool that is missing.
 */
export async function startLocal(settings: LocalSettings): Promise<Local> {
  const {engine, port, dataFolder, course, upgrade = true, startHub, onUnexpectedExit} = settings;
  const names = findCourses(course);
  await mkdir(dataFolder, {recursive: true, mode: 0o700});
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).toReversed()) {
      await end();
    }
  };

  try {
    const logFile = path.join(dataFolder, 'holt.log');
    const logStream = createWriteStream(logFile, {flags: 'a', mode: 0o600});
    closers.push(() => new Promise(resolve => logStream.end(resolve)));
    const secrets = openSecrets(dataFolder);
    const companions = await startCompanions({...secrets, prefix, clientId, dataFolder});
    closers.push(companions.close);
    const hub = await startHub?.(secrets);
    closers.push(async () => hub?.close());
    await settings.layers;
    const stack = await startStack(engine, {
      // Holt compares origins, so it must know its port before it listens.
      port: port === 0 ? await findFreePort() : port,
      dataFolder,
      courses: Object.fromEntries(names.map(name => [name, course])),
      secrets,
      companionsUrl: companions.url,
      hub: {...hub?.environment, ...settings.environment},
      upgrade,
      onLine: line => logStream.write(`${line}\n`),
      onUnexpectedExit: reason => onUnexpectedExit(`${reason}: its last words are in ${logFile}.`),
    });
    closers.push(stack.close);
    await waitForCourses(stack.url, names);
    return {stack, companions, logFile, close};
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until the courses were read, so that the first student of a new stack meets no unknown course. */
async function waitForCourses(url: string, names: readonly string[]): Promise<void> {
  const headers = {Authorization: `token ${makeStandInToken('staff')}`};
  const until = Date.now() + COURSES_MILLISECONDS;
  for (const name of names) {
    const address = `${url}${prefix}courses/${encodeURIComponent(name)}/submissions?limit=1`;
    // A real hub knows no such token; there a person logs in, long after the courses were read.
    for (let status = 404; status === 404 && Date.now() < until; ) {
      ({status} = await fetch(address, {headers}));
      await sleep(10);
    }
  }
}

async function startStack(engine: LocalSettings['engine'], settings: StackSettings): Promise<Stack> {
  if (engine === 'google') {
    const {startGoogleStack} = await import('./google-stack.ts');
    return startGoogleStack(settings);
  }

  const {startEmbeddedStack} = await import('./embedded-stack.ts');
  return startEmbeddedStack(settings);
}
