import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {availableParallelism, tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {type Cause, JobResult} from '../domain/result.ts';
import {
  addCode,
  findProcesses,
  labArchive,
  limits,
  needSandbox,
  readNotebook,
  setUpPython,
  until,
} from '../testing/grader.ts';
import {type JobStore, startJobStore} from '../testing/job-store.ts';

type Ended = {code: number | null; lines: {severity: string; message: string}[]};

const headers = {'content-type': 'application/json', 'x-goog-if-generation-match': '0'};

let store: JobStore;
const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));

test.serial.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  store = await startJobStore();
});

test.after.always(async () => {
  await store?.close();
  rmSync(folder, {recursive: true, force: true});
});

type Works = readonly (readonly [name: string, content: Uint8Array])[];

/** A manifest with one entry for each notebook. With `next` its task looks there for another list. */
function makeManifest(batch: string, works: Works, next?: string): string {
  const autograder = store.write('archive', labArchive);
  const entries = works.map(([name, content]) => ({
    kind: 'grade',
    submissionId: name.replace('/', '-'),
    run: 1,
    autograder,
    limits,
    notebook: {url: store.write(`${batch}/${name}`, content).url},
    result: {url: store.url(`${batch}/results/${name}`), headers},
  }));
  const url = next && store.url(next);
  return JSON.stringify({
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    entries,
    ...(url && {next: {url, close: {url, headers}, seconds: 6}}),
  });
}

/** Writes a manifest, and answers its URL. */
const writeManifest = (batch: string, works: Works, next?: string): string =>
  store.write(`${batch}/manifest`, makeManifest(batch, works, next)).url;

const writeIndex = (...tasks: string[]) =>
  store.write(`index-${tasks[0]}`, JSON.stringify({schemaVersion: 1, tasks})).url;

function start(environment: Record<string, string>, detached = false): ChildProcess & {ended: Promise<Ended>} {
  const {PATH = ''} = process.env;
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url))], {
    env: {PATH, TMPDIR: folder, HOLT_SECRET: 'do not tell', ...environment},
    stdio: ['ignore', 'pipe', 'inherit'],
    detached,
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const ended = once(child, 'close').then(([code]): Ended => {
    const lines = said.trim() === '' ? [] : said.trim().split('\n');
    return {code, lines: lines.map(line => JSON.parse(line))};
  });
  return Object.assign(child, {ended});
}

const findResult = (batch: string, name: string) => {
  const result = store.findResult(`${batch}/results/${name}`);
  return result ? JobResult.parse(result) : undefined;
};

/** Notebooks, and what becomes of them: points of 15, cause, and a part of the sentence for the student. */
const notebooks: [name: string, earned: number, cause: Cause, message: RegExp][] = [
  ['submissions/solution', 15, 'student', /^$/],
  ['submissions/partial', 12, 'student', /^$/],
  ['submissions/blank', 0, 'student', /^$/],
  ['submissions/missing_cells', 13, 'student', /^$/],
  ['submissions/syntax_error', 12, 'student', /^$/],
  ['submissions/r_kernel', 15, 'student', /^$/],
  ['submissions/no_kernelspec', 15, 'student', /^$/],
  ['submissions/os_exit', 5, 'student', /Python process ended before/],
  ['submissions/segv', 5, 'student', /Python process ended before/],
  ['submissions/invalid_json', 0, 'student', /damaged: it is not JSON/],
  ['submissions/empty', 0, 'student', /damaged: it is not JSON/],
  ['submissions/not_notebook', 0, 'student', /not a Jupyter notebook/],
  ['submissions/nbformat3', 0, 'student', /old format 3/],
  ['submissions/wrong_assignment', 0, 'student', /is of the assignment "lab-other", but .* for "lab-demo"/],
  ['submissions/no_otter_metadata', 0, 'student', /does not say which assignment/],
  ['attacks/network', 0, 'student', /^$/],
  ['attacks/env_secrets', 0, 'student', /^$/],
];

const half = (task: number) => notebooks.filter((_, index) => index % 2 === task).map(([name]) => name);
const batchOf = (name: string) => `half-${half(0).includes(name) ? 0 : 1}`;
let halves: Ended[] = [];
let archiveDownloads = 0;

test.serial.before('two tasks grade the notebooks', async t => {
  t.timeout(400_000);
  const index = writeIndex(
    ...[0, 1].map(task =>
      writeManifest(
        `half-${task}`,
        half(task).map(name => [name, readNotebook(name)] as const),
      ),
    ),
  );
  const tasks = ['0', '1'].map(task => start({MANIFEST_INDEX_URL: index, CLOUD_RUN_TASK_INDEX: task}));
  halves = await Promise.all(tasks.map(({ended}) => ended));
  archiveDownloads = store.requests.filter(({name}) => name === 'archive').length;
});

for (const [name, earned, cause, message] of notebooks) {
  test(`${name}: ${earned} of 15, cause ${cause}`, async t => {
    if (!(await needSandbox(t))) {
      return;
    }

    const result = findResult(batchOf(name), name);
    if (result?.kind !== 'grade') {
      return t.fail(JSON.stringify(halves));
    }

    t.is(result.cause, cause, result.log);
    t.regex(result.message, message);
    t.is(
      result.questions.reduce((sum, question) => sum + question.earned, 0),
      earned,
    );
    t.is(
      result.questions.reduce((sum, question) => sum + question.possible, 0),
      15,
    );
    t.is(result.submissionId, name.replace('/', '-'));
    t.is(result.grader.otter, '7.0.0');
    t.is(result.grader.isolation, 'judge');
    t.true((result.grader.probed?.length ?? 0) > 20, 'what the sandbox was tried for');
  });
}

test('what attacks wrote is nowhere on this machine', t => {
  t.deepEqual(
    ['/tmp/PWNED_NET', '/tmp/PWNED_ENV'].filter(file => existsSync(file)),
    [],
  );
});

test('a student is not told what the hidden cases are', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const result = findResult(batchOf('submissions/partial'), 'submissions/partial');
  const q3 = result?.kind === 'grade' ? result.questions[2] : undefined;
  t.regex(q3?.output ?? '', /Kyoto/);
  t.is(q3?.publicOutput, 'q3 results: All test cases passed!');
});

test('a task that uploaded everything ends with 0 and leaves no file', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  t.deepEqual(
    halves.map(({code}) => code),
    [0, 0],
  );
  t.deepEqual(readdirSync(folder), []);
});

test('a result goes up with exactly the headers that were signed', t => {
  const put = store.requests.find(({method, name}) => method === 'PUT' && name.startsWith('half-'));
  t.like(put?.headers, headers);
  t.is(put?.headers['transfer-encoding'], undefined);
});

test('an archive is downloaded once for a task', t => {
  t.is(archiveDownloads, 2);
});

/** A notebook that tells by a process of that name that it runs, and then does something. */
function makeMarked(then: string) {
  const mark = `43219${process.pid}.${performance.now().toFixed(3).replace('.', '')}`;
  const popen = `import subprocess, time\nsubprocess.Popen(['sleep', '${mark}'], start_new_session=True)\n`;
  const isThere = async () => (await findProcesses(mark)).length > 0;
  return {notebook: addCode('submissions/solution', popen + then), isThere};
}

const endless = 'while True: pass\n';

test.serial('a task that has graded its list takes another, and says that it ends when there is no more', async t => {
  t.timeout(120_000);
  if (!(await needSandbox(t))) {
    return;
  }

  const manifest = writeManifest('first', [['one', readNotebook('submissions/solution')]], 'first/next');
  const task = start({MANIFEST_INDEX_URL: writeIndex(manifest)});
  t.true(await until(async () => findResult('first', 'one') !== undefined, 60));
  store.write('first/next', makeManifest('second', [['two', readNotebook('submissions/partial')]], 'first/last'));
  const {code, lines} = await task.ended;
  t.is(code, 0);
  const result = findResult('second', 'two');
  t.is(result?.kind === 'grade' ? result.questions.reduce((sum, {earned}) => sum + earned, 0) : lines, 12);
  t.deepEqual(store.findResult('first/last') as unknown, {ended: true});
  t.is(store.requests.filter(({name}) => name === 'archive').length - archiveDownloads, 1, 'the archive is kept');
});

test.serial('SIGTERM while a task looks for more: it ends at once, and says so', async t => {
  t.timeout(120_000);
  const manifest = writeManifest('looking', [['one', readNotebook('submissions/blank')]], 'looking/next');
  const task = start({MANIFEST_INDEX_URL: writeIndex(manifest)});
  t.true(await until(async () => store.requests.some(({name}) => name === 'looking/next'), 60));
  task.kill('SIGTERM');
  t.is((await task.ended).code, 0);
  t.deepEqual(store.findResult('looking/next') as unknown, {ended: true});
});

test.serial('SIGTERM: what runs has seconds to finish, and the rest is given back at once', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const slow = makeMarked('time.sleep(2)\n');
  const others = Array.from({length: availableParallelism() - 1}, () => makeMarked(endless));
  const waiting = ['waiting-1', 'waiting-2'];
  const manifest = writeManifest('stopped', [
    ['slow', slow.notebook],
    ...others.map(({notebook}, index) => [`endless-${index}`, notebook] as const),
    ...waiting.map(name => [name, readNotebook('submissions/solution')] as const),
  ]);
  const task = start({MANIFEST_INDEX_URL: writeIndex(manifest)});
  t.true(await until(async () => (await Promise.all([slow, ...others].map(one => one.isThere()))).every(Boolean)));
  task.kill('SIGTERM');
  const isBack = (name: string) => findResult('stopped', name)?.givenBack === true;
  t.true(await until(async () => waiting.every(isBack), 2), 'what was not begun is not waited for');
  t.is((await task.ended).code, 143);
  const graded = findResult('stopped', 'slow');
  t.is(graded?.kind === 'grade' ? graded.questions.reduce((sum, {earned}) => sum + earned, 0) : graded, 15);
  t.true(others.every((_, index) => isBack(`endless-${index}`)));
  for (const one of others) {
    t.true(await until(async () => !(await one.isThere()), 5), 'the notebook ends with the task');
  }

  t.deepEqual(readdirSync(folder), []);
});

test.serial('SIGTERM before a task knows its work: everything is given back', async t => {
  const manifest = writeManifest('early', [['one', readNotebook('submissions/solution')]]);
  store.faults.set('early/manifest', [503, 503, 503]);
  const task = start({MANIFEST_INDEX_URL: writeIndex(manifest)});
  t.true(await until(async () => store.requests.some(({name}) => name === 'early/manifest')));
  task.kill('SIGTERM');
  t.is((await task.ended).code, 143);
  t.true(findResult('early', 'one')?.givenBack);
  t.false(
    store.requests.some(({name}) => name === 'early/one'),
    'the notebook is not even read',
  );
});

const ended = test.macro({
  async exec(t, signals: readonly NodeJS.Signals[], expected: number | null) {
    if (!(await needSandbox(t))) {
      return;
    }

    const {notebook, isThere} = makeMarked(endless);
    const batch = signals.join('-');
    const task = start({MANIFEST_INDEX_URL: writeIndex(writeManifest(batch, [['endless', notebook]]))});
    t.true(await until(isThere));
    for (const signal of signals) {
      task.kill(signal);
      // Two signals that nobody has looked at yet are one.
      await sleep(500);
    }

    const began = performance.now();
    t.is((await task.ended).code, expected);
    t.true(performance.now() - began < 4000);
    t.true(await until(async () => !(await isThere()), 5), 'the notebook ends with the task');
    t.is(findResult(batch, 'endless'), undefined);
  },
  title: (_, signals: readonly NodeJS.Signals[]) => `${signals.join(' and ')} in the middle ends everything`,
});

test.serial(ended, ['SIGTERM', 'SIGTERM'], 143);
test.serial(ended, ['SIGKILL'], null);

test('an archive is inspected by the judge, and signs of tampering come with a result', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const forging = readFileSync(
    new URL('../testing/fixtures/grader/attacks/forged_registrations_at_checks.ipynb', import.meta.url),
  );
  const inspect = {
    ...{kind: 'inspect', run: 1, limits, autograder: store.write('archive', labArchive)},
    result: {url: store.url('inspected/results/archive'), headers},
  };
  const inspection = store.write(
    'inspected/manifest',
    JSON.stringify({schemaVersion: 1, createdAt: new Date().toISOString(), entries: [inspect]}),
  ).url;
  const index = writeIndex(inspection, writeManifest('forging', [['forging', forging]]));
  const tasks = ['0', '1'].map(task => start({MANIFEST_INDEX_URL: index, CLOUD_RUN_TASK_INDEX: task}));
  await Promise.all(tasks.map(({ended}) => ended));
  const inspected = findResult('inspected', 'archive');
  t.like(inspected, {kind: 'inspect', cause: 'student', unsupported: [], grader: {otter: '7.0.0', isolation: 'judge'}});
  t.deepEqual(
    inspected?.kind === 'inspect' &&
      inspected.questions.map(({name, possible, forgeable}) => [name, possible, forgeable]),
    [
      ['q1', 2, []],
      ['q2', 3, []],
      ['q3', 2, []],
      ['q4', 3, [2]],
      ['q5', 4, [1, 2]],
      ['q6', 1, [1]],
    ],
  );
  const graded = findResult('forging', 'forging');
  t.regex(graded?.kind === 'grade' ? graded.review.join('\n') : '', /^\d+ registrations of snapshots were refused\.$/);
});

test.serial('what a task left that was killed with everything it had started is removed by the next', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const {notebook, isThere} = makeMarked(endless);
  const task = start({MANIFEST_INDEX_URL: writeIndex(writeManifest('group', [['endless', notebook]]))}, true);
  t.true(await until(isThere));
  process.kill(-(task.pid ?? Number.NaN), 'SIGKILL');
  await task.ended;
  t.true(await until(async () => !(await isThere()), 5), 'the notebook ends with the task');
  t.is(readdirSync(folder).length, 1, 'nobody was left to remove it');
  const solution = readNotebook('submissions/solution');
  await start({MANIFEST_INDEX_URL: writeIndex(writeManifest('next', [['solution', solution]]))}).ended;
  t.is(findResult('next', 'solution')?.cause, 'student');
  t.deepEqual(readdirSync(folder), []);
});

test('faults of the store are tried again, and a result that is there is success', async t => {
  const damaged = new TextEncoder().encode('{');
  const manifest = writeManifest('faults', [
    ['one', damaged],
    ['two', damaged],
  ]);
  store.write('faults/results/two', '"the first answer was lost"');
  store.faults.set('faults/manifest', ['reset']);
  store.faults.set('faults/one', ['cut', 503]);
  store.faults.set('faults/results/one', [503, 'reset']);
  const {code} = await start({MANIFEST_INDEX_URL: writeIndex(manifest)}).ended;
  t.is(code, 0);
  t.truthy(findResult('faults', 'one'));
  t.is(store.findResult('faults/results/two') as unknown, 'the first answer was lost');
});

test('a notebook that is not in the store is a fault of ours, and the rest goes on', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const manifest = writeManifest('gone', [
    ['gone', new Uint8Array()],
    ['two', new Uint8Array()],
  ]);
  store.faults.set('gone/gone', [404]);
  const {code} = await start({MANIFEST_INDEX_URL: writeIndex(manifest)}).ended;
  t.is(code, 0);
  const result = findResult('gone', 'gone');
  t.is(result?.cause, 'infrastructure');
  t.is(result?.message, 'The notebook could not be moved: the store answered 404.');
  t.truthy(findResult('gone', 'two'));
});

test('a result that the store refuses is said, and the task fails', async t => {
  const manifest = writeManifest('refused', [['one', new Uint8Array()]]);
  store.faults.set('refused/results/one', [403]);
  const {code, lines} = await start({MANIFEST_INDEX_URL: writeIndex(manifest)}).ended;
  t.is(code, 1);
  t.true(lines.some(({severity, message}) => severity === 'ERROR' && message === 'a result could not be uploaded'));
});

test('without a Python environment every entry is a fault of ours', async t => {
  const manifest = writeManifest('bare', [['one', new Uint8Array()]]);
  const environment = {MANIFEST_INDEX_URL: writeIndex(manifest), HOLT_PYTHON: '/nowhere/bin/python'};
  const {code} = await start(environment).ended;
  t.is(code, 0);
  t.regex(findResult('bare', 'one')?.message ?? '', /no Python at \/nowhere\/bin\/python: run .*setup\.sh/);
});

test('a missing setting stops the start with its name', async t => {
  const {code, lines} = await start({}).ended;
  t.is(code, 2);
  t.regex(lines[0]?.message ?? '', /MANIFEST_INDEX_URL/);
});

test('a task that has no manifest does nothing', async t => {
  const index = writeIndex(writeManifest('few', [['one', new Uint8Array()]]));
  const {code} = await start({MANIFEST_INDEX_URL: index, CLOUD_RUN_TASK_INDEX: '5'}).ended;
  t.is(code, 0);
  t.is(findResult('few', 'one'), undefined);
});
