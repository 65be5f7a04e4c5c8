import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {say} from '../lib/report.ts';
import {cases} from './cases.ts';
import {makeFiles} from './document.ts';
import {type Row, runCase} from './run-case.ts';
import {countStages} from './stages.ts';

/*
 * `npm run simulate [-- --check]`: simulates every case and writes the tables and the plot of `docs/scaling.md`, or says
 * whether they are what was written.
 */

const root = path.join(import.meta.dirname, '../..');
const {values} = parseArgs({options: {check: {type: 'boolean', default: false}}});
const use = await countStages();
const rows: Row[] = [];
for (const each of cases) {
  const started = performance.now();
  const row = await runCase(each, use);
  rows.push(row);
  say(`${row.id}: p95 ${row.p95} s, ${((performance.now() - started) / 1000).toFixed(1)} s of work`);
}

const files = makeFiles(await readFile(path.join(root, 'docs/scaling.md'), 'utf8'), rows);
for (const [name, text] of Object.entries(files)) {
  const file = path.join(root, name);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (!values.check) {
    await writeFile(file, text);
  } else if (known !== text) {
    say(`${name} is not what the simulation gives: run npm run simulate, and look at what changed.`);
    process.exitCode = 1;
  }
}
