import {execFile} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {startLocal} from '../emulator/local.ts';
import {root, sampleLab} from '../emulator/options.ts';
import {type Answer, type Sending, send, signToken} from '../testing/moodle/client.ts';
import {answerNotebook, makeMaster} from '../testing/moodle/demo.ts';
import {report, say} from './lib/report.ts';
import {median, percentile} from './lib/statistics.ts';
import {withFolder} from './lib/work-folder.ts';

/*
 * Moodle's requests to the embedded engine: an activity made, in turn with plain `otter assign` and `otter run` of the same
 * notebook by the same Python; submissions one after the other; eight at a time, and a trivial request meanwhile.
 */

const pairs = Number(process.env.HOLT_BENCH_PAIRS ?? '5');
const python = process.env.HOLT_PYTHON ?? path.join(root, '.holt/python/bin/python');
const otter = path.join(path.dirname(python), 'otter');
const secret = 'a secret that has enough characters';
const master = makeMaster();
const run = promisify(execFile);
const submissions = 20;
const rounds = 5;

async function measure<T>(work: () => Promise<T>): Promise<{seconds: number; value: T}> {
  const startedAt = performance.now();
  const value = await work();
  return {seconds: (performance.now() - startedAt) / 1000, value};
}

/** Seconds of a plain `otter assign`, and of a plain `otter run` of its solution. */
async function runOtter(folder: string): Promise<{assign: number; grade: number}> {
  await mkdir(folder);
  await writeFile(path.join(folder, 'demo.ipynb'), master);
  const assign = await measure(() => run(otter, ['assign', '--no-pdfs', 'demo.ipynb', 'dist'], {cwd: folder}));
  const {stdout} = await run('sh', ['-c', 'ls dist/autograder/*.zip'], {cwd: folder});
  const parameters = ['run', '-a', stdout.trim(), '-o', folder, 'dist/autograder/demo.ipynb'];
  const grade = await measure(() => run(otter, parameters, {cwd: folder}));
  return {assign: assign.seconds, grade: grade.seconds};
}

const expect = (answer: Answer, status: number): Answer => {
  if (answer.status !== status) {
    throw new Error(`answered ${answer.status}: ${answer.text}`);
  }

  return answer;
};

await withFolder(async folder => {
  const local = await startLocal({
    engine: 'embedded',
    port: 0,
    dataFolder: path.join(folder, 'data'),
    course: path.join(sampleLab, 'autograders'),
    environment: {JWT_SECRET: secret},
    onUnexpectedExit(reason) {
      throw new Error(reason);
    },
  });
  try {
    const token = await signToken(secret);
    const call = (method: string, address: string, sending: Sending = {}) =>
      send(method, local.stack.url + address, {token, ...sending});
    const create = (activity: number) =>
      measure(async () =>
        expect(await call('POST', `/1/${activity}`, {file: {name: 'demo.ipynb', content: master}}), 201),
      );

    let made = await create(0);
    const created: number[] = [];
    const plain: number[] = [];
    for (let pair = 1; pair <= pairs; pair += 1) {
      made = await create(pair);
      created.push(made.seconds);
      const {assign, grade} = await runOtter(path.join(folder, `pair-${pair}`));
      plain.push(assign + grade);
      say(`  pair ${pair}: create ${made.seconds.toFixed(2)} s, otter assign and run ${(assign + grade).toFixed(2)} s`);
    }

    const student = Buffer.from((made.value.json() as {'demo.ipynb': string})['demo.ipynb'], 'base64');
    let notebooks = 0;
    const submit = () =>
      measure(async () => {
        notebooks += 1;
        const content = answerNotebook(student, ['q1', 'q3'], `number = ${notebooks}\n`);
        const file = {name: 'demo.ipynb', content};
        return expect(await call('POST', `/1/${pairs}/student-${notebooks}`, {file}), 200);
      });
    await submit();
    const alone: number[] = [];
    for (let index = 0; index < submissions; index += 1) {
      alone.push((await submit()).seconds);
    }

    const together: number[] = [];
    const trivial: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      let isOver = false;
      const asking = (async () => {
        while (!isOver) {
          trivial.push((await measure(async () => expect(await call('GET', '/1/1'), 405))).seconds);
          await sleep(20);
        }
      })();
      const eight = await Promise.all(Array.from({length: 8}, submit));
      isOver = true;
      await asking;
      together.push(...eight.map(({seconds}) => seconds));
    }

    const [most, note] = [Math.round(median(plain) * 100) / 100, `median of ${pairs}, in turn with`];
    await report([
      {name: 'Moodle: an activity made', value: median(created), unit: 's', target: {most}, note},
      {name: 'otter assign, then otter run', value: median(plain), unit: 's', note: 'the same notebook and Python'},
      {name: 'Moodle: submit, warm, median', value: median(alone), unit: 's', target: {most: 1}},
      {name: 'Moodle: eight at a time, median', value: median(together), unit: 's'},
      {name: 'Moodle: eight at a time, p95', value: percentile(together, 0.95), unit: 's', target: {most: 4}},
      {
        name: 'a trivial request meanwhile, p99',
        value: percentile(trivial, 0.99) * 1000,
        unit: 'ms',
        target: {most: 100},
        note: `of ${trivial.length}; median ${(median(trivial) * 1000).toFixed(0)} ms, slowest ${(Math.max(...trivial) * 1000).toFixed(0)} ms`,
      },
    ]);
  } finally {
    await local.close();
  }
});
