import {execFile} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {openBrowser, pressSubmit} from '../emulator/as-otter-submit.ts';
import {type Local, startLocal} from '../emulator/local.ts';
import {root, sampleLab} from '../emulator/options.ts';
import {prefix} from '../emulator/stack.ts';
import {makeStandInToken} from '../emulator/stand-in-hub.ts';
import {readSubmission} from './lib/notebook.ts';
import {report, say} from './lib/report.ts';
import {median} from './lib/statistics.ts';
import {withFolder} from './lib/work-folder.ts';

/*
 * One notebook from the press on Submit to its score at the LMS, in turn with a plain `otter run` of the same notebook
 * by the same Python on the same machine. The stack is warm: its archive was inspected before.
 */

const pairs = Number(process.env.HOLT_BENCH_PAIRS ?? '11');
const python = process.env.HOLT_PYTHON ?? path.join(root, '.holt/python/bin/python');
const otter = path.join(path.dirname(python), 'otter');
const archive = path.join(sampleLab, 'autograders/demo/zips/lab-demo-autograder.zip');
const notebook = readSubmission('solution').toString('utf8');
const run = promisify(execFile);

/** Seconds from the request to the score that the LMS holds. */
async function submit({stack, companions}: Local, student: string): Promise<{seconds: number; id: string}> {
  const browser = openBrowser();
  await browser.send(`${stack.url}/hub/login`, {
    method: 'POST',
    headers: {'Content-Type': 'application/x-www-form-urlencoded', Origin: stack.url},
    body: new URLSearchParams({username: student}).toString(),
  });
  const startedAt = performance.now();
  const response = await pressSubmit(browser, {origin: stack.url, prefix, student, notebook, path: 'lab-demo.ipynb'});
  const id = response.headers.get('holt-submission');
  if (!response.ok || !id) {
    throw new Error(`not accepted: ${response.status} ${await response.text()}`);
  }

  await response.text();
  while (companions.findScore(student) === undefined) {
    if (performance.now() - startedAt > 120_000) {
      throw new Error(`no grade of ${student} reached the LMS in two minutes`);
    }

    await sleep(5);
  }

  return {seconds: (performance.now() - startedAt) / 1000, id};
}

/** Seconds between the stages of a submission, by its own timeline: until a grader had it, in the grader, from there to the LMS. */
async function readParts({stack}: Local, student: string, id: string): Promise<[number, number, number]> {
  const headers = {Authorization: `token ${makeStandInToken(student)}`, Accept: 'application/json'};
  const until = performance.now() + 10_000;
  while (performance.now() < until) {
    // The score reaches the LMS a moment before Holt has noted it.
    const response = await fetch(`${stack.url}${prefix}submissions/${id}`, {headers});
    const {timeline} = (await response.json()) as {timeline: {stage: string; at: string}[]};
    const at = (name: string) => Date.parse(timeline.find(({stage}) => stage === name)?.at ?? '');
    const between = (from: string, to: string) => (at(to) - at(from)) / 1000;
    if (at('passed back')) {
      return [between('submitted', 'grading'), between('grading', 'graded'), between('graded', 'passed back')];
    }

    await sleep(20);
  }

  throw new Error(`submission ${id} is in the LMS, and its timeline does not say so`);
}

/** Seconds of a plain `otter run`. */
async function runOtter(folder: string): Promise<number> {
  await mkdir(folder);
  const file = path.join(folder, 'lab-demo.ipynb');
  await writeFile(file, notebook);
  const startedAt = performance.now();
  await run(otter, ['run', '-a', archive, '-o', folder, file], {cwd: folder});
  return (performance.now() - startedAt) / 1000;
}

await withFolder(async folder => {
  const local = await startLocal({
    engine: 'embedded',
    port: 0,
    dataFolder: path.join(folder, 'data'),
    course: path.join(sampleLab, 'autograders'),
    onUnexpectedExit(reason) {
      throw new Error(reason);
    },
  });
  try {
    await submit(local, 'warm-up');
    await runOtter(path.join(folder, 'warm-up'));
    const holt: number[] = [];
    const plain: number[] = [];
    const parts: [number, number, number][] = [];
    for (let pair = 1; pair <= pairs; pair += 1) {
      const {seconds, id} = await submit(local, `student-${pair}`);
      parts.push(await readParts(local, `student-${pair}`, id));
      holt.push(seconds);
      plain.push(await runOtter(path.join(folder, `pair-${pair}`)));
      say(`  pair ${pair}: submit to grade ${seconds.toFixed(2)} s, otter run ${plain.at(-1)?.toFixed(2)} s`);
    }

    const part = (name: string, at: 0 | 1 | 2) => ({
      name: `submit to grade: ${name}`,
      value: median(parts.map(each => each[at])),
      unit: 's',
    });
    await report([
      {name: 'submit to grade at the LMS', value: median(holt), unit: 's', note: `median of ${pairs}, in turn with`},
      part('until a grader had it', 0),
      part('in the grader', 1),
      part('from the grader to the LMS', 2),
      {name: 'a plain otter run', value: median(plain), unit: 's', note: 'the same notebook and Python'},
      {
        name: 'submit to grade beyond otter run',
        value: median(holt.map((seconds, pair) => seconds - (plain[pair] ?? 0))),
        unit: 's',
        target: {most: 0.8},
        note: 'median of the pairs’ differences',
      },
    ]);
  } finally {
    await local.close();
  }
});
