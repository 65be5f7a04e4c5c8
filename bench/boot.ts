import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {forLines} from '../emulator/node-child.ts';
import {root} from '../emulator/options.ts';
import {report, say} from './lib/report.ts';
import {median} from './lib/statistics.ts';
import {withFolder} from './lib/work-folder.ts';

/* `./emulator.sh`, everything installed, from its start to the line that says where it serves. */

const runs = {embedded: 7, google: 3} as const;

async function bootOnce(engine: keyof typeof runs, dataFolder: string): Promise<number> {
  const startedAt = performance.now();
  const args = ['--no-sample', '--engine', engine, '--port', '0', '--data', dataFolder];
  const child = spawn('./emulator.sh', args, {cwd: root, stdio: ['ignore', 'pipe', 'inherit']});
  const exited = once(child, 'exit');
  const seconds = await new Promise<number>((resolve, reject) => {
    child.once('exit', code => reject(new Error(`emulator.sh ended with code ${code}`)));
    forLines(child.stdout, line => line.startsWith('ready ') && resolve((performance.now() - startedAt) / 1000));
  });
  child.kill('SIGTERM');
  await exited;
  return seconds;
}

async function boot(engine: keyof typeof runs): Promise<number> {
  const taken: number[] = [];
  for (let run = 0; run < runs[engine]; run += 1) {
    const seconds = await withFolder(folder => bootOnce(engine, path.join(folder, 'data')));
    say(`  ${engine}: ${seconds.toFixed(2)} s`);
    taken.push(seconds);
  }

  return median(taken);
}

const note = (engine: keyof typeof runs) => `median of ${runs[engine]}, each on an empty folder`;
await report([
  {
    name: 'boot, embedded engine',
    value: await boot('embedded'),
    unit: 's',
    target: {most: 3},
    note: note('embedded'),
  },
  {name: 'boot, google engine', value: await boot('google'), unit: 's', note: note('google')},
]);
