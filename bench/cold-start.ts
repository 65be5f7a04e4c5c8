import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
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

async function timeStart(target: Target, [options, body]: Question, environment: Environment): Promise<number> {
  await using served = await startFunction({folder: installed, target, environment});
  const {status} = await served.ask(options, body);
  const taken = performance.now() - served.startedAt;
  if (status >= 500) {
    throw new Error(`${target} answered ${status}:\n${served.getOutput()}`);
  }

  await served.stop();
  return taken;
}

/** What starting a process costs that does nothing: no function can be below it. */
async function timeNode(): Promise<number> {
  const startedAt = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], {env: {}}), 'exit');
  return performance.now() - startedAt;
}

async function repeat(time: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  while (taken.length < runs) {
    taken.push(await time());
  }

  return taken.toSorted((a, b) => a - b);
}

async function measure(target: Target, what: string, question: Question, cloud: Environment): Promise<Figure> {
  const warm = await repeat(() => timeStart(target, question, {...cloud, NODE_COMPILE_CACHE: compileCache}));
  const cold = await repeat(() => timeStart(target, question, cloud));
  const range = `${warm[0]?.toFixed(0)} to ${warm.at(-1)?.toFixed(0)} ms`;
  say(
    `  ${target}, ${what}: ${median(warm).toFixed(0)} ms (${range}), without the compile cache ${median(cold).toFixed(0)} ms`,
  );
  return {
    name: `cold start of ${target}, ${what}`,
    value: median(warm),
    unit: 'ms',
    target: {most},
    note: `${range}; ${median(cold).toFixed(0)} without the compile cache`,
  };
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
    const first = questions[target];
    if (first) {
      figures.push(await measure(target, 'first answer', first, cloud.environment));
    }

    figures.push(await measure(target, 'first answer from a store', storeQuestions[target], cloud.environment));
  }

  await report(figures);
} finally {
  await rm(folder, {recursive: true, force: true, maxRetries: 5});
}
