import {randomBytes} from 'node:crypto';
import {createWriteStream} from 'node:fs';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {HoltError} from '../domain/errors.ts';
import {startCompanions} from './companions.ts';
import {findCourses, help, type Options, readOptions} from './options.ts';
import {runSample} from './sample-run.ts';
import {clientId, openSecrets, prefix, type Stack, type StackSettings} from './stack.ts';
import {watchSources} from './watch-sources.ts';

/* The local stack that `emulator.sh` starts: it wires the parts, says what happens, and ends all of it together. */

const say = (line: string) => process.stdout.write(`${line}\n`);

async function startStack(engine: Options['engine'], settings: StackSettings): Promise<Stack> {
  if (engine === 'google') {
    const {startGoogleStack} = await import('./google-stack.ts');
    return startGoogleStack(settings);
  }

  const {startEmbeddedStack} = await import('./embedded-stack.ts');
  return startEmbeddedStack(settings);
}

async function run(options: Options, closers: (() => unknown)[]): Promise<void> {
  const startedAt = performance.now();
  const names = findCourses(options.course);
  const dataFolder = options.data ?? (await mkdtemp(path.join(tmpdir(), 'holt-demo-')));
  await mkdir(dataFolder, {recursive: true, mode: 0o700});
  if (!options.data) {
    closers.push(() => rm(dataFolder, {recursive: true, force: true}));
  }

  const logFile = path.join(dataFolder, 'holt.log');
  const logStream = createWriteStream(logFile, {flags: 'a', mode: 0o600});
  closers.push(() => new Promise(resolve => logStream.end(resolve)));
  const secrets = openSecrets(dataFolder);
  const companions = await startCompanions({...secrets, prefix, clientId, dataFolder});
  closers.push(companions.close);

  const realHub = options.hub
    ? await (await import('./real-hub.ts')).startRealHub({options, dataFolder, secrets, say})
    : undefined;
  if (realHub) {
    closers.push(realHub.close);
  }

  const stack = await startStack(options.engine, {
    port: options.port,
    dataFolder,
    courses: Object.fromEntries(names.map(name => [name, options.course])),
    secrets,
    companionsUrl: companions.url,
    hub: realHub?.environment,
    upgrade: options.upgrade,
    onLine: line => logStream.write(`${line}\n`),
    onUnexpectedExit: reason =>
      fail(new HoltError('storage-unavailable', `${reason}: its last words are in ${logFile}.`)),
  });
  closers.push(stack.close);
  say(`ready ${stack.url}`);
  say(
    `  started in ${((performance.now() - startedAt) / 1000).toFixed(1)} s on the ${options.engine} engine; log in ${logFile}`,
  );
  if (options.sample) {
    const student = `student-${randomBytes(2).toString('hex')}`;
    const closing = await runSample({origin: stack.url, prefix, student, findScore: companions.findScore, say});
    say(closing);
    if (options.demo) {
      return;
    }
  }

  say(`\nYour submissions   ${stack.url}${prefix}submissions   (any name)`);
  say(`Demo LMS           ${companions.url}/`);
  say(
    'Submit a notebook  npm run holt -- submit NOTEBOOK --as NAME' +
      (options.port === 10101 ? '' : ` --url ${stack.url}`),
  );
  realHub?.tell();
  say('Ctrl-C ends everything; what was submitted stays.');
  closers.push(
    watchSources(async file => {
      const restarted = await stack.restart(file);
      say(restarted.length > 0 ? `${file} changed: restarted ${restarted.join(', ')}` : `${file} changed`);
    }),
  );
  await new Promise(() => {});
}

const closers: (() => unknown)[] = [];

let closing: Promise<void> | undefined;

/** Ends everything, in the opposite order of its start; asked twice, it is done once. */
function closeAll(): Promise<void> {
  closing ??= (async () => {
    for (const close of closers.toReversed()) {
      await close();
    }
  })();
  return closing;
}

async function fail(error: unknown): Promise<void> {
  await closeAll();
  process.stderr.write(`${error instanceof HoltError ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exit(1);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    say(help);
  } else {
    // Asked to end while it starts or works on the sample, it still leaves no process behind.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => void closeAll().then(() => process.exit(options.demo ? 130 : 0)));
    }

    await run(options, closers);
    await closeAll();
    process.exit(0);
  }
} catch (error) {
  await fail(error);
}
