import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir} from 'node:fs/promises';
import path from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {forLines} from '../emulator/node-child.ts';
import {root, sampleLab} from '../emulator/options.ts';
import {readCpuSeconds} from './lib/cpu.ts';
import {occupyGrader, runRounds, toFigures} from './lib/load.ts';
import {report, say} from './lib/report.ts';
import {withFolder} from './lib/work-folder.ts';

/* Accepted submissions a second on the embedded engine: the server that `npm start` starts, each answer durable. */

const secret = 'a secret of this bench only';

/** Starts `functions/serve.ts` as a process of its own; `HOLT_BENCH_NODE_OPTIONS` goes to it, for a profile. */
async function startServer(folder: string) {
  const options = (process.env.HOLT_BENCH_NODE_OPTIONS ?? '').split(' ').filter(option => option !== '');
  const server = spawn(process.execPath, [...options, 'functions/serve.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOLT_ENGINE: 'embedded',
      HOLT_DATA: folder,
      HOLT_COURSES: JSON.stringify({demo: path.join(sampleLab, 'autograders')}),
      HOLT_JWT_SECRET: secret,
      HOLT_PYTHON: process.env.HOLT_PYTHON ?? path.join(root, '.holt/python/bin/python'),
      HOST: '127.0.0.1',
      PORT: '0',
      MAX_PARALLEL_TASKS: '1',
    },
  });
  const exited = once(server, 'exit');
  const origin = await new Promise<string>((resolve, reject) => {
    server.once('exit', code => reject(new Error(`the server ended with code ${code}`)));
    forLines(server.stdout, line => line.startsWith('ready ') && resolve(line.slice('ready '.length)));
  });
  return {
    pid: server.pid ?? 0,
    url: `${origin}/services/otter_grade/`,
    async close() {
      server.kill('SIGTERM');
      await exited;
    },
  };
}

/** What the store really holds afterwards. */
async function countStored(folder: string) {
  const database = new DatabaseSync(path.join(folder, 'holt.sqlite'));
  const count = (sql: string) => Number(database.prepare(sql).get()?.count);
  const submissions = count('SELECT count(*) AS count FROM submissions WHERE data NOT LIKE \'%"sleeper"%\'');
  const events = count('SELECT count(*) AS count FROM outbox');
  database.close();
  const notebooks = (await readdir(path.join(folder, 'objects/work-notebooks'))).length - 1;
  return {submissions, notebooks, events};
}

await withFolder(async folder => {
  const server = await startServer(folder);
  try {
    const target = {url: server.url, secret};
    await occupyGrader(target);
    const before = readCpuSeconds(server.pid);
    const rounds = await runRounds(target, 3);
    const cpuSeconds = readCpuSeconds(server.pid) - before;
    await server.close();
    const accepted = rounds.reduce((sum, round) => sum + round.accepted, 0);
    const stored = await countStored(folder);
    say(`  ${accepted} accepted; stored: ${JSON.stringify(stored)}`);
    if (stored.submissions !== accepted || stored.notebooks !== accepted) {
      throw new Error(`${accepted} were accepted, and the store holds ${JSON.stringify(stored)}`);
    }

    await report([
      ...toFigures('embedded', rounds, {perSecond: {least: 300}, p95: {most: 80}}),
      {
        name: 'processor time of a submission, embedded engine',
        value: (1000 * cpuSeconds) / accepted,
        unit: 'ms',
        note: 'all of the server, audit and dispatch included',
      },
      {
        name: 'stored of what was accepted, embedded engine',
        value: (100 * stored.submissions) / accepted,
        unit: '%',
        target: {least: 100},
        note: `${stored.submissions} submissions with their notebooks`,
      },
    ]);
  } finally {
    await server.close();
  }
});
