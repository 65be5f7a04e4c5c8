import {fork} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {root} from '../emulator/options.ts';
import {describeMachine, readLoad} from './lib/machine.ts';
import {type Figure, isMet, say, toTable} from './lib/report.ts';

/* `npm run bench [NAME…] [-- --out FILE]`: the benches one after the other, each a process of its own. */

const names = [
  'disk',
  'boot',
  'cold-start',
  'throughput-embedded',
  'throughput-google',
  'submit-to-grade',
  'moodle',
  'grader',
];

type Run = {name: string; figures: Figure[]; load: {before: number; after: number}; failed: boolean};

const {positionals, values} = parseArgs({
  allowPositionals: true,
  options: {out: {type: 'string', default: path.join(root, '.holt/bench.json')}},
});
const unknown = positionals.filter(name => !names.includes(name));
if (unknown.length > 0) {
  say(`There is no bench ${unknown.join(', ')}: there are ${names.join(', ')}.`);
  process.exit(2);
}

/** Runs a bench to its end. What it measured comes as a message. */
async function runBench(name: string): Promise<Run> {
  say(name);
  const before = readLoad();
  const child = fork(path.join(import.meta.dirname, `${name}.ts`), {cwd: root});
  const figures: Figure[] = [];
  child.on('message', (message: {figures: Figure[]}) => figures.push(...message.figures));
  const [code] = await once(child, 'exit');
  return {name, figures, load: {before, after: readLoad()}, failed: code !== 0 || figures.length === 0};
}

const machine = describeMachine();
const runs: Run[] = [];
for (const name of names) {
  const isWanted = positionals.length === 0 || positionals.includes(name);
  if (isWanted && existsSync(path.join(import.meta.dirname, `${name}.ts`))) {
    runs.push(await runBench(name));
  }
}

const figures = runs.flatMap(run => run.figures);
const {cores, cpu, memoryGb, system, node} = machine;
console.log(
  `\n${cores} × ${cpu}, ${memoryGb} GB, ${system}, Node ${node}; load before and after each: ${sayLoads(runs)}\n`,
);
console.log(toTable(figures));
await mkdir(path.dirname(path.resolve(values.out)), {recursive: true});
await writeFile(values.out, `${JSON.stringify({takenAt: new Date().toISOString(), machine, runs}, undefined, 2)}\n`);

// A target that is missed is a figure, not a fault; a bench that broke off is one.
const failed = runs.filter(run => run.failed).map(({name}) => name);
const missed = figures.filter(figure => isMet(figure) === false).length;
console.log(
  `\n${figures.length} figures, ${missed} beside their target${failed.length > 0 ? `; failed: ${failed.join(', ')}` : ''}`,
);
process.exitCode = failed.length > 0 ? 1 : 0;

function sayLoads(runs: readonly Run[]): string {
  return runs.map(({name, load}) => `${name} ${load.before}–${load.after}`).join(', ');
}
