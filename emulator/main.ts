import {randomBytes} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {HoltError} from '../domain/errors.ts';
import {makeCourseLayers} from './course-layers.ts';
import {type Local, startLocal} from './local.ts';
import {help, type Options, readOptions} from './options.ts';
import {runSample} from './sample-run.ts';
import {prefix} from './stack.ts';
import {watchSources} from './watch-sources.ts';

/* What `emulator.sh` starts: the local stack, the sample on its way through it, and one end for all of it. */

const say = (line: string) => process.stdout.write(`${line}\n`);
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

async function run(options: Options): Promise<void> {
  const startedAt = performance.now();
  const dataFolder = options.data ?? (await mkdtemp(path.join(tmpdir(), 'holt-demo-')));
  if (!options.data) {
    closers.push(() => rm(dataFolder, {recursive: true, force: true}));
  }

  const hub = options.hub ? await import('./real-hub.ts') : undefined;
  const local = await startLocal({
    ...options,
    dataFolder,
    layers: makeCourseLayers(options.course, say),
    startHub: hub && (secrets => hub.startRealHub({port: options.port, dataFolder, secrets, say})),
    onUnexpectedExit: reason => void fail(new HoltError('storage-unavailable', reason)),
  });
  closers.push(local.close);
  say(`ready ${local.stack.url}`);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`  started in ${seconds} s on the ${options.engine} engine; log in ${local.logFile}`);
  if (options.sample && !options.hub) {
    const student = `student-${randomBytes(2).toString('hex')}`;
    say(await runSample({origin: local.stack.url, prefix, student, findScore: local.companions.findScore, say}));
  }

  if (!options.demo) {
    tellWhatNext(local, options);
    hub?.tellWhatNext(say);
    closers.push(watchSources(file => restartFor(file, local)));
    await new Promise(() => {});
  }
}

function tellWhatNext({stack, companions}: Local, {port, hub}: Options): void {
  const address = port === 10101 ? '' : ` --url ${stack.url}`;
  say('');
  if (!hub) {
    say(`Your submissions   ${stack.url}${prefix}submissions   (log in as anybody)`);
    say(`Submit a notebook  npm run holt -- submit NOTEBOOK --as NAME${address}`);
  }

  say(`The demo LMS       ${companions.url}/`);
  say('Ctrl-C ends everything; what was submitted stays.');
}

async function restartFor(file: string, {stack}: Local): Promise<void> {
  try {
    const restarted = await stack.restart(file);
    say(restarted.length > 0 ? `${file} changed: restarted ${restarted.join(', ')}` : `${file} changed`);
  } catch (error) {
    // A slip in the middle of an edit: the next change starts it again.
    say(`${file} changed, and what it belongs to does not start:\n${describe(error)}`);
  }
}

const describe = (error: unknown): string =>
  error instanceof HoltError ? error.message : String((error as Error).stack ?? error);

async function fail(error: unknown): Promise<void> {
  await closeAll();
  process.stderr.write(`${describe(error)}\n`);
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

    await run(options);
    await closeAll();
    process.exit(0);
  }
} catch (error) {
  await fail(error);
}
