import {existsSync} from 'node:fs';
import {availableParallelism, totalmem} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';
import {Manifest, ManifestIndex} from '../domain/manifest.ts';
import type {Log} from '../domain/ports.ts';
import {makeAssignNotebook} from './assign-notebook.ts';
import {makeGrader} from './grade-notebook.ts';
import {startJudge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';
import {findSandbox} from './probe.ts';
import {makeRunPython} from './run-python.ts';
import {makeRunTask} from './run-task.ts';
import type {Places, Sandbox} from './sandbox.ts';
import {serveTasks, watchGrader} from './serve-tasks.ts';
import {Kept, OneTask} from './settings.ts';
import {makeStop, type Stop} from './stop.ts';
import {makeTakeMore} from './take-more.ts';
import {makeTransfer} from './transfer.ts';

const here = path.dirname(fileURLToPath(import.meta.url));

const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
/** What a shell says of a process that SIGTERM has ended. */
const STOPPED = 143;

const log: Log = (severity, message, fields) => console.log(JSON.stringify({severity, message, ...fields}));

/** What a process keeps that does one task after the other: a judge and what it has warm hold about 400 MB. */
const kept = {mostJudges: Math.max(Math.min(Math.floor(totalmem() / 2 ** 31), 8), 2), mostArchives: 8};
/** A task's memory is what one notebook may use and a judge; more are kept only while they grade. */
const keptInTask = {mostJudges: 1, mostArchives: 8};

/** One task of the job, with the lists that it takes, or one task after the other. Answers the exit code. */
async function main(environment: NodeJS.ProcessEnv, stop: Stop): Promise<number> {
  const settings = (environment.HOLT_WORKERS ? Kept : OneTask).safeParse(environment);
  if (!settings.success) {
    log('ERROR', `a setting is missing or wrong: ${z.prettifyError(settings.error)}`);
    return 2;
  }

  const {MANIFEST_INDEX_URL, HOLT_WORKERS, CLOUD_RUN_TASK_INDEX, HOLT_PYTHON, HOLT_LAYERS, HOLT_UNSAFE_NO_SANDBOX} =
    settings.data;
  const places = {
    python: path.resolve(HOLT_PYTHON),
    scripts: path.join(here, 'python'),
    ...(HOLT_LAYERS && {layers: path.resolve(HOLT_LAYERS)}),
  };
  const transfer = makeTransfer(stop.moving);
  const getJson = async (what: string, url: string): Promise<unknown> =>
    JSON.parse(Buffer.from(await transfer.get(what, url, MAX_MANIFEST_BYTES)).toString('utf8'));
  const getManifest = async (indexUrl: string, task: number) => {
    const {tasks} = ManifestIndex.parse(await getJson('The list of manifests', indexUrl));
    const url = tasks[task];
    if (url === undefined) {
      log('WARNING', 'the list of manifests has none for this task', {task});
      return undefined;
    }

    return Manifest.parse(await getJson('The manifest', url));
  };

  const [sandbox, manifest] = await Promise.all([
    existsSync(places.python)
      ? findSandbox(places, {isBareAllowed: HOLT_UNSAFE_NO_SANDBOX === '1', log})
      : {reason: `There is no Python at ${places.python}: run grader-job/python/setup.sh, or set HOLT_PYTHON.`},
    MANIFEST_INDEX_URL === undefined ? undefined : getManifest(MANIFEST_INDEX_URL, CLOUD_RUN_TASK_INDEX),
  ]);
  if (MANIFEST_INDEX_URL !== undefined && !manifest) {
    return 0;
  }

  if ('reason' in sandbox) {
    log('ERROR', sandbox.reason);
  }

  const parallelism = HOLT_WORKERS ?? Math.min(availableParallelism(), manifest?.entries.length ?? 1);
  const most = manifest ? keptInTask : kept;
  const opened = 'reason' in sandbox ? undefined : openGrader(sandbox, places, {parallelism, ...most}, stop.grading);
  const {watched, isSpoilt} = opened ? watchGrader(opened) : {watched: undefined, isSpoilt: () => true};
  const grader = 'reason' in sandbox || !watched ? {reason: 'reason' in sandbox ? sandbox.reason : ''} : watched;
  const runTask = makeRunTask({
    ...transfer,
    ...most,
    grader,
    parallelism,
    now: () => new Date().toISOString(),
    log,
    stop,
  });
  try {
    if (!manifest) {
      await serveTasks({getManifest, runTask, isSpoilt, asked: stop.asked, log});
      return stop.asked.aborted ? STOPPED : 0;
    }

    const takeMore = makeTakeMore({...transfer, log, asked: stop.asked, maxBytes: MAX_MANIFEST_BYTES});
    let notDone = 0;
    for (let list: Manifest | undefined = manifest; list; list = await takeMore(list.next)) {
      notDone += await runTask(list);
    }

    return notDone === 0 ? 0 : stop.asked.aborted ? STOPPED : 1;
  } finally {
    await (opened && 'close' in opened ? opened.close() : undefined);
  }
}

/** The judge where there are namespaces; without them plain otter, and the result says that nothing kept it apart. */
function openGrader(
  sandbox: Sandbox,
  places: Places,
  {parallelism, ...most}: {parallelism: number; mostJudges?: number},
  signal: AbortSignal,
) {
  const plain = makeGrader(makeRunPython(sandbox, places));
  // What is not made yet asks for no packages.
  const makeAssigned = makeRunPython(sandbox, places, async () => ({folder: null}));
  const {isolation} = sandbox;
  if (isolation === 'none') {
    return {...plain, isolation, assignNotebook: makeAssignNotebook(makeAssigned, plain)};
  }

  const openJudge = (archive: Uint8Array) => startJudge(archive, places, parallelism);
  const judged = makeJudgedGrader({plain, openJudge, signal, ...most});
  return {...judged, isolation, assignNotebook: makeAssignNotebook(makeAssigned, judged)};
}

const stop = makeStop();
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, stop.ask);
}

process.exitCode = await main(process.env, stop).catch(error => {
  const stopped = stop.asked.aborted;
  log(stopped ? 'NOTICE' : 'ERROR', stopped ? 'stopped before the end' : 'the task failed', {error: String(error)});
  return stopped ? STOPPED : 1;
});
