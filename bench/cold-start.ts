import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import {type Target, targets} from '../functions/settings.ts';
import {
  buildLayout,
  installFunctions,
  type Question,
  questions,
  startFunction,
  storeQuestions,
} from '../testing/deployed-layout.ts';
import {startEmptyCloud} from '../testing/empty-cloud.ts';
import {type Figure, report, say} from './lib/report.ts';
import {median} from './lib/statistics.ts';

/*
 * Cold start of each function in the deployed layout: from the start of the process to the end of its first answer.
 * Twice for each: an answer that needs no store, and one that does, so that the client is loaded, connected and asked.
 * The compile cache is filled as the image does it. The stores are empty ones on this machine that answer at once.
 */

const runs = 7;
const most = 300;

// Not below the repository: there the functions would find packages that they do not bring.
const folder = await mkdtemp(path.join(tmpdir(), 'holt-bench-'));
const installed = path.join(folder, 'functions');
const compileCache = path.join(folder, 'compile-cache');

type Environment = Record<string, string>;

/** Milliseconds, and how many of them the main thread had a core: on a busy machine the rest is waiting for one. */
type Start = {taken: number; busy: number};

async function readBusy(pid: number): Promise<number> {
  const [nanoseconds] = (await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '')).split(' ');
  return nanoseconds ? Number(nanoseconds) / 1e6 : Number.NaN;
}

async function timeStart(target: Target, [options, body]: Question, environment: Environment): Promise<Start> {
  await using served = await startFunction({folder: installed, target, environment});
  const {status} = await served.ask(options, body);
  const taken = performance.now() - served.startedAt;
  const busy = await readBusy(served.pid);
  if (status >= 500) {
    throw new Error(`${target} answered ${status}:\n${served.getOutput()}`);
  }

  await served.stop();
  return {taken, busy};
}

/** What starting a process costs that does nothing: no function can be below it. */
async function timeNode(): Promise<number> {
  const startedAt = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], {env: {}}), 'exit');
  return performance.now() - startedAt;
}

async function repeat<T>(time: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < runs) {
    results.push(await time());
  }

  return results;
}

async function measure(target: Target, what: string, question: Question, cloud: Environment): Promise<Figure> {
  const warm = await repeat(() => timeStart(target, question, {...cloud, NODE_COMPILE_CACHE: compileCache}));
  const cold = await repeat(() => timeStart(target, question, cloud));
  const takes = warm.map(({taken}) => taken);
  const ms = (value: number) => value.toFixed(0);
  const note = [
    `${ms(Math.min(...takes))} to ${ms(Math.max(...takes))} ms`,
    `${ms(median(warm.map(({busy}) => busy)))} ms on a core`,
    `without the compile cache ${ms(median(cold.map(({taken}) => taken)))} ms`,
  ].join('; ');
  say(`  ${target}, ${what}: ${ms(median(takes))} ms (${note})`);
  return {name: `cold start of ${target}, ${what}`, value: median(takes), unit: 'ms', note};
}

try {
  await buildLayout(path.join(folder, 'dist'));
  await installFunctions(path.join(folder, 'dist'), installed);
  await promisify(execFile)(process.execPath, ['warm.js'], {cwd: installed, env: {NODE_COMPILE_CACHE: compileCache}});
  await using cloud = await startEmptyCloud();
  const nothing = await repeat(timeNode);
  const figures: Figure[] = [
    {name: 'a Node process that does nothing', value: median(nothing), unit: 'ms', note: `${runs} starts each`},
  ];
  for (const target of targets) {
    // Whatever dispatch and sweep are asked needs a store, but for a probe.
    const first = questions[target] ?? [{path: '/'}];
    figures.push(
      await measure(target, questions[target] ? 'first answer' : 'a refused probe', first, cloud.environment),
    );
    figures.push({
      ...(await measure(target, 'first answer from a store', storeQuestions[target], cloud.environment)),
      target: {most},
    });
  }

  await report(figures);
} finally {
  await rm(folder, {recursive: true, force: true, maxRetries: 5});
}
