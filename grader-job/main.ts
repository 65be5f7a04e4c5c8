import {existsSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';
import {Manifest, ManifestIndex} from '../domain/manifest.ts';
import type {Log} from '../domain/ports.ts';
import {makeGrader} from './grade-notebook.ts';
import {startJudge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';
import {findSandbox} from './probe.ts';
import {makeRunPython} from './run-python.ts';
import {makeRunTask} from './run-task.ts';
import type {Places, Sandbox} from './sandbox.ts';
import {makeStop, type Stop} from './stop.ts';
import {makeTransfer} from './transfer.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
/** Where the grader's Python may be: in the image, and in a checkout, run from its sources or from its built layout. */
const pythons = [
  '/opt/holt/python/bin/python',
  path.join(here, '../.holt/python/bin/python'),
  path.join(here, '../../.holt/python/bin/python'),
] as const;

const Settings = z.object({
  MANIFEST_INDEX_URL: z.url(),
  CLOUD_RUN_TASK_INDEX: z.coerce.number().int().min(0).default(0),
  HOLT_PYTHON: z.string().default(pythons.find(file => existsSync(file)) ?? pythons[1]),
  HOLT_LAYERS: z.string().optional(),
  HOLT_UNSAFE_NO_SANDBOX: z.enum(['0', '1', '']).default('0'),
});

const MAX_MANIFEST_BYTES = 16 * 2 ** 20;
/** What a shell says of a process that SIGTERM has ended. */
const STOPPED = 143;

const log: Log = (severity, message, fields) => console.log(JSON.stringify({severity, message, ...fields}));

/** One task of the job: its manifest, its sandbox, its entries. Answers the exit code. */
async function main(environment: NodeJS.ProcessEnv, stop: Stop): Promise<number> {
  const settings = Settings.safeParse(environment);
  if (!settings.success) {
    log('ERROR', `a setting is missing or wrong: ${z.prettifyError(settings.error)}`);
    return 2;
  }

  const {MANIFEST_INDEX_URL, CLOUD_RUN_TASK_INDEX, HOLT_PYTHON, HOLT_LAYERS, HOLT_UNSAFE_NO_SANDBOX} = settings.data;
  const places = {
    python: path.resolve(HOLT_PYTHON),
    scripts: path.join(here, 'python'),
    ...(HOLT_LAYERS && {layers: path.resolve(HOLT_LAYERS)}),
  };
  const transfer = makeTransfer(stop.moving);
  const getJson = async (what: string, url: string): Promise<unknown> =>
    JSON.parse(Buffer.from(await transfer.get(what, url, MAX_MANIFEST_BYTES)).toString('utf8'));
  const getManifest = async () => {
    const {tasks} = ManifestIndex.parse(await getJson('The list of manifests', MANIFEST_INDEX_URL));
    const url = tasks[CLOUD_RUN_TASK_INDEX];
    return url === undefined ? undefined : Manifest.parse(await getJson('The manifest', url));
  };

  const [sandbox, manifest] = await Promise.all([
    existsSync(places.python)
      ? findSandbox(places, {isBareAllowed: HOLT_UNSAFE_NO_SANDBOX === '1', log})
      : {reason: `There is no Python at ${places.python}: run grader-job/python/setup.sh, or set HOLT_PYTHON.`},
    getManifest(),
  ]);
  if (!manifest) {
    log('WARNING', 'the list of manifests has none for this task', {task: CLOUD_RUN_TASK_INDEX});
    return 0;
  }

  if ('reason' in sandbox) {
    log('ERROR', sandbox.reason);
  }

  const parallelism = Math.min(availableParallelism(), manifest.entries.length);
  const grader = 'reason' in sandbox ? sandbox : openGrader(sandbox, places, parallelism, stop.grading);
  const runTask = makeRunTask({...transfer, grader, parallelism, now: () => new Date().toISOString(), log, stop});
  try {
    const notDone = await runTask(manifest);
    return notDone === 0 ? 0 : stop.asked.aborted ? STOPPED : 1;
  } finally {
    await ('close' in grader ? grader.close() : undefined);
  }
}

/** The judge where there are namespaces; without them plain otter, and the result says that nothing kept it apart. */
function openGrader(sandbox: Sandbox, places: Places, parallelism: number, signal: AbortSignal) {
  const plain = makeGrader(makeRunPython(sandbox, places));
  const {isolation} = sandbox;
  if (isolation === 'none') {
    return {...plain, isolation};
  }

  const openJudge = (archive: Uint8Array) => startJudge(archive, places, parallelism);
  return {...makeJudgedGrader({plain, openJudge, signal}), isolation};
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
