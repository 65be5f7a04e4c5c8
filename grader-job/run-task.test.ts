import {createHash} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import type {Manifest} from '../domain/manifest.ts';
import {JobResult} from '../domain/result.ts';
import {limits} from '../testing/grader.ts';
import type {Grader} from './grade-notebook.ts';
import {makeRunTask, type Needs} from './run-task.ts';
import {makeStop} from './stop.ts';

const archive = Buffer.from('archive');
const sha256 = createHash('sha256').update(archive).digest('hex');
const url = (name: string) => `http://127.0.0.1/${name}`;

const common = {run: 2, autograder: {url: url('archive'), sha256}, limits};
const manifest: Manifest = {
  schemaVersion: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  entries: [
    {...common, kind: 'grade', submissionId: 's1', notebook: {url: url('s1')}, result: {url: url('r1'), headers: {}}},
    {...common, kind: 'inspect', result: {url: url('r2'), headers: {}}},
  ],
};
/** An author's notebook, and where its assignment goes. */
const assignment: Manifest = {
  ...manifest,
  entries: [
    {
      kind: 'assign',
      run: 2,
      limits,
      creationId: 'c1',
      notebook: {url: url('master'), name: 'demo.ipynb'},
      archive: {url: url('a1'), headers: {}},
      student: {url: url('n1'), headers: {}},
      result: {url: url('r1'), headers: {}},
    },
  ],
};

const made = {archive, autograderSha256: sha256, student: Buffer.from('student')};
const question = {name: 'q1', earned: 1, possible: 2, output: 'o', publicOutput: ''};
const done = {cause: 'student', message: '', log: '', otter: '7.0.0'} as const;
const grader: Exclude<Needs['grader'], {reason: string}> = {
  isolation: 'bubblewrap',
  assignNotebook: async () => ({...done, questions: [{name: 'q1', possible: 2}], made}),
  gradeNotebook: async () => ({...done, questions: [question]}),
  inspectArchive: async () => ({...done, questions: [{name: 'q1', possible: 2}]}),
};

/** The task over plain functions; answers what was uploaded, and how many entries have no result. */
async function run(needs: Partial<Needs>, work = manifest) {
  const results: Record<string, JobResult> = {};
  const runTask = makeRunTask({
    parallelism: 1,
    get: async (_, from) => (from === url('archive') ? archive : Buffer.from('notebook')),
    put: async (target, body) => {
      results[target.url.slice(-2)] = JobResult.parse(JSON.parse(Buffer.from(body).toString('utf8')));
    },
    grader,
    now: () => '2026-01-01T00:00:00.000Z',
    log() {},
    stop: makeStop(),
    ...needs,
  });
  return {missing: await runTask(work), results};
}

test('a task uploads what the grader found', async t => {
  const {missing, results} = await run({});
  t.is(missing, 0);
  t.like(results.r1, {kind: 'grade', submissionId: 's1', run: 2, cause: 'student', autograderSha256: sha256});
  t.like(results.r2, {kind: 'inspect', run: 2, grader: {otter: '7.0.0', isolation: 'bubblewrap'}});
});

test('a task uploads what staff are to know of a notebook and of an archive', async t => {
  const {results} = await run({
    grader: {
      ...grader,
      gradeNotebook: async () => ({...done, questions: [question], review: ['It lies.']}),
      inspectArchive: async () => ({
        ...done,
        questions: [{name: 'q1', possible: 2, forgeable: [0, 3]}],
        unsupported: ['tests/q2.py computes test.'],
      }),
    },
  });
  t.like(results.r1, {cause: 'student', review: ['It lies.']});
  t.like(results.r2, {cause: 'student', unsupported: ['tests/q2.py computes test.']});
  t.deepEqual(results.r2?.questions, [{name: 'q1', possible: 2, forgeable: [0, 3]}]);
});

test('a task uploads what it made of an author’s notebook, and then says so', async t => {
  const uploads: string[] = [];
  const put: Needs['put'] = async (target, body) => {
    const text = Buffer.from(body).toString('utf8');
    uploads.push(target.url.endsWith('r1') ? JSON.parse(text) : text);
  };
  t.is((await run({put}, assignment)).missing, 0);
  t.deepEqual(uploads.slice(0, 2).toSorted(), ['archive', 'student']);
  t.like(uploads[2], {kind: 'assign', creationId: 'c1', cause: 'student', autograderSha256: sha256});

  const {results} = await run(
    {grader: {...grader, assignNotebook: async () => ({...done, questions: []})}},
    assignment,
  );
  t.like(results.r1, {kind: 'assign', autograderSha256: null, questions: []});
});

test('what cannot be uploaded was not made', async t => {
  const results: JobResult[] = [];
  const put: Needs['put'] = async (target, body) => {
    if (target.url.endsWith('n1')) {
      throw new Error('down');
    }

    if (target.url.endsWith('r1')) {
      results.push(JSON.parse(Buffer.from(body).toString('utf8')));
    }
  };
  await run({put}, assignment);
  t.like(results[0], {cause: 'infrastructure', autograderSha256: null, message: 'down'});
});

test('a machine that cannot isolate grades nothing and says why', async t => {
  const {missing, results} = await run({grader: {reason: 'no namespaces'}});
  t.is(missing, 0);
  t.like(results.r1, {cause: 'infrastructure', message: 'no namespaces'});
  t.like(results.r2, {cause: 'infrastructure', message: 'no namespaces'});
});

test('a crash of the grading code is a result too, and the next entry goes on', async t => {
  const gradeNotebook = () => Promise.reject(new TypeError('bug'));
  const {results} = await run({grader: {...grader, gradeNotebook}});
  t.like(results.r1, {cause: 'infrastructure', message: 'bug'});
  t.like(results.r2, {cause: 'student'});
});

test('an outcome that breaks the form of a result is a fault of ours', async t => {
  const gradeNotebook = async () => ({...done, questions: [{...question, earned: Number.NaN}]});
  const {results} = await run({grader: {...grader, gradeNotebook}});
  t.like(results.r1, {cause: 'infrastructure'});
});

test('an archive with another content is not used', async t => {
  const {results} = await run({get: async () => Buffer.from('another')});
  t.like(results.r1, {cause: 'infrastructure'});
  t.regex(results.r1?.message ?? '', /not the one that was announced/);
});

test('a failed download of the archive is tried again for the next entry', async t => {
  let tries = 0;
  const get: Needs['get'] = async (_, from) => {
    if (from === url('archive') && tries++ === 0) {
      throw new Error('down');
    }

    return archive;
  };
  const {results} = await run({get});
  t.like(results.r1, {cause: 'infrastructure', message: 'down'});
  t.like(results.r2, {cause: 'student'});
});

test('an upload that fails is counted', async t => {
  const {missing} = await run({put: () => Promise.reject(new Error('down'))});
  t.is(missing, 2);
});

const tooLate: Grader['gradeNotebook'] = async () => {
  await sleep(1000);
  return {...done, questions: [question]};
};

/** A task that is asked to stop while its first entry is graded; answers what became of both. */
async function stopWithin(finish: number, gradeNotebook: Grader['gradeNotebook'], more: Partial<Needs> = {}) {
  const stop = makeStop({finish, giveBack: 5});
  const grade: Grader['gradeNotebook'] = work => {
    stop.ask();
    return gradeNotebook(work);
  };
  return run({stop, grader: {...grader, gradeNotebook: grade}, ...more});
}

test('a task that is asked to stop finishes what it has begun and gives back the rest', async t => {
  const {missing, results} = await stopWithin(5, grader.gradeNotebook);
  t.like(results.r1, {cause: 'student', questions: [question]});
  t.is(results.r1?.givenBack, undefined);
  t.like(results.r2, {kind: 'inspect', run: 2, cause: 'infrastructure', givenBack: true, questions: []});
  t.is(missing, 1, 'what was given back is not done');
});

test('what is not done in time is given back, even when it never hears of the end', async t => {
  const {missing, results} = await stopWithin(0.05, tooLate);
  t.like(results.r1, {kind: 'grade', submissionId: 's1', run: 2, givenBack: true});
  t.like(results.r2, {givenBack: true});
  t.is(missing, 2);
});

test('a fault of ours while the task stops is no failure: it may be the stop’s own', async t => {
  const crashed = await stopWithin(5, () => Promise.reject(new Error('the judge has ended')));
  t.like(crashed.results.r1, {cause: 'infrastructure', givenBack: true});
  const told = await stopWithin(5, async () => ({...done, cause: 'infrastructure', questions: []}));
  t.like(told.results.r1, {cause: 'infrastructure', givenBack: true});
});

test('a task that is ended after its notebooks had their time has failed: nothing goes round for ever', async t => {
  const late = new Date(Date.parse(manifest.createdAt) + 1000 * (2 * limits.notebookSeconds + 1)).toISOString();
  const times = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'];
  const {results} = await stopWithin(0.05, tooLate, {now: () => times.shift() ?? late});
  for (const result of [results.r1, results.r2]) {
    t.like(result, {cause: 'infrastructure', message: 'The task was ended at its time limit before this was done.'});
    t.is(result?.givenBack, undefined);
  }
});

test('a task that is asked to stop before it begins gives back everything', async t => {
  const stop = makeStop();
  stop.ask();
  const {missing, results} = await run({stop, get: () => Promise.reject(new Error('nothing is to be read'))});
  t.deepEqual([results.r1?.givenBack, results.r2?.givenBack, missing], [true, true, 2]);
});

test('a task that is asked twice ends at once', async t => {
  const stop = makeStop();
  const put = () => {
    stop.ask();
    stop.ask();
    return Promise.reject(new Error('the transfer was cut'));
  };
  await t.throwsAsync(run({stop, put}), {name: 'AbortError'});
});
