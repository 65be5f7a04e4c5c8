import {execFile} from 'node:child_process';
import {copyFile, mkdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {promisify} from 'node:util';
import {Limits} from '../domain/limits.ts';
import {root, sampleLab} from '../emulator/options.ts';
import {type Judge, startJudge} from '../grader-job/judge.ts';
import {listTree, readSharedMemory} from './lib/memory.ts';
import {type Figure, report, say} from './lib/report.ts';
import {median, percentile} from './lib/statistics.ts';
import {withFolder} from './lib/work-folder.ts';

/*
 * The judge against plain `otter run`, with the same Python, the same archive and the same notebook, in turn. And against
 * the least that grading can take: the same cells and checks in a child of the same warm process, without a sandbox.
 */

const python = process.env.HOLT_PYTHON ?? path.join(root, '.holt/python/bin/python');
const archiveFile = path.join(sampleLab, 'autograders/demo/zips/lab-demo-autograder.zip');
const notebookFile = path.join(sampleLab, 'submissions/solution.ipynb');
const archive = await readFile(archiveFile);
const notebook = await readFile(notebookFile);
const limits = Limits.parse({notebookSeconds: 60});
const run = promisify(execFile);
const WORKERS = 2;
const BATCH = 50;
const OTTER_BATCH = 8;
const ROUNDS = 3;

type Timed = {seconds: number; cells: number; checks: number};

async function grade(judge: Judge): Promise<Timed> {
  const startedAt = performance.now();
  const verdict = await judge.grade(notebook, limits);
  if ('problem' in verdict) {
    throw new Error(verdict.message);
  }

  const {cells = 0, checks = 0} = verdict.seconds;
  return {seconds: (performance.now() - startedAt) / 1000, cells, checks};
}

/** Notebooks a second, graded by this judge, and the most memory that all its processes had together. */
async function gradeBatch(judge: Judge): Promise<{perSecond: number; bytes: number}> {
  let bytes = 0;
  const watch = setInterval(() => {
    bytes = Math.max(bytes, readSharedMemory(listTree(judge.pid)));
  }, 250);
  const startedAt = performance.now();
  await Promise.all(Array.from({length: BATCH}, () => grade(judge)));
  clearInterval(watch);
  return {perSecond: BATCH / ((performance.now() - startedAt) / 1000), bytes};
}

/** Notebooks a second of `otter run -P 2`. */
async function runOtter(folder: string): Promise<number> {
  const otter = path.join(path.dirname(python), 'otter');
  const names = Array.from({length: OTTER_BATCH}, (_, index) => `${index}.ipynb`);
  await mkdir(folder);
  await Promise.all(names.map(name => copyFile(notebookFile, path.join(folder, name))));
  const startedAt = performance.now();
  const waiting = [...names];
  const work = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const out = path.join(folder, `${name}.out`);
      await mkdir(out);
      await run(otter, ['run', '-a', archiveFile, '-o', out, path.join(folder, name)], {cwd: folder});
    }
  };
  await Promise.all(Array.from({length: WORKERS}, work));
  return OTTER_BATCH / ((performance.now() - startedAt) / 1000);
}

async function runBare(times: number): Promise<number[]> {
  const script = path.join(import.meta.dirname, 'lib/bare_run.py');
  const {stdout} = await run(python, [script, archiveFile, notebookFile, `${times}`]);
  return stdout.trim().split('\n').map(Number);
}

const warmUps: number[] = [];
const singles: Timed[] = [];
const bare: number[] = [];
const ours: number[] = [];
const otters: number[] = [];
let bytes = 0;
await withFolder(async folder => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    const judge = await startJudge(archive, {python, scripts: path.join(root, 'grader-job/python')}, WORKERS);
    warmUps.push((performance.now() - startedAt) / 1000);
    await grade(judge);
    for (let time = 0; time < 15; time += 1) {
      singles.push(await grade(judge));
    }

    bare.push(...(await runBare(15)).slice(1));
    const batch = await gradeBatch(judge);
    ours.push(batch.perSecond);
    bytes = Math.max(bytes, batch.bytes);
    await judge.close();
    otters.push(await runOtter(path.join(folder, `otter-${round}`)));
    say(`  round ${round + 1}: ${ours.at(-1)?.toFixed(1)}/s, otter run ${otters.at(-1)?.toFixed(2)}/s`);
  }
});

const seconds = singles.map(single => single.seconds);
const figures: Figure[] = [
  {name: 'one notebook, warm, sandboxed, median', value: median(seconds), unit: 's', target: {most: 0.25}},
  {name: 'one notebook, warm, sandboxed, p95', value: percentile(seconds, 0.95), unit: 's'},
  {name: '– until its cells are done and it is sealed', value: median(singles.map(({cells}) => cells)), unit: 's'},
  {name: '– until its checks are judged', value: median(singles.map(({checks}) => checks)), unit: 's'},
  {name: 'the same cells and checks without a sandbox, median', value: median(bare), unit: 's'},
  {name: 'overhead over that', value: median(seconds) / median(bare), unit: 'times', target: {most: 2.5}},
  {name: `${BATCH} notebooks, ${WORKERS} workers`, value: median(ours), unit: '/s'},
  {name: `otter run, ${WORKERS} at a time`, value: median(otters), unit: '/s', note: `${OTTER_BATCH} notebooks`},
  {name: 'times as many notebooks a second', value: median(ours) / median(otters), unit: 'times', target: {least: 12}},
  {name: 'warm-up of a judge', value: median(warmUps), unit: 's', target: {most: 2.5}},
  {name: `memory at ${WORKERS} workers, most`, value: bytes / 2 ** 20, unit: 'MB', target: {most: 900}},
];
await report(figures);
