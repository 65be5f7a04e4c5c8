import {execFile} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {makeDocumentId} from '../domain/document-id.ts';
import type {RecordOf} from '../domain/records.ts';
import {at, sampleCourse, samplePassback, sampleSubmission} from '../testing/contracts/samples.ts';
import {startExchange} from '../testing/exchange-world.ts';
import {sampleAutograder} from '../testing/make.ts';

const file = fileURLToPath(new URL('holt.ts', import.meta.url));
const archive = 'b'.repeat(64);
const score = (earned: number) => ({earned, possible: 15});

/** The real exchange on a real port, with two graded students; `prof` is staff, `root` an admin. */
async function setUp(t: ExecutionContext) {
  const world = await startExchange(t, {environment: {HOLT_ADMINS: 'root'}});
  const put = <C extends Parameters<typeof world.records.all>[0]>(collection: C, record: RecordOf<C>) =>
    world.records.transact(async transaction => transaction.put(collection, record));
  const sections = {'1': {subpath_to_zips: 'zips', assignments: {lab: ''}}};
  const config = {staff: ['prof'], policy: 'latest' as const, limits: {}, sections};
  const archives = {'zips/lab-autograder.zip': {sha256: archive}};
  await put('courses', sampleCourse({id: await makeDocumentId('course', 'demo'), config, archives}));
  await put('autograders', sampleAutograder({id: archive}));
  for (const student of ['alice', 'bob']) {
    const who = {course: 'demo', section: '1', assignment: 'lab', student};
    const id = `s-${student.slice(0, 2)}`;
    const workId = `work-${id}`;
    const grade = {...who, submissionId: id, run: 1, score: score(12), receivedAt: at(0), createdAt: at(0)};
    await put('submissions', sampleSubmission({...who, id, workId}));
    await put('results', {
      ...{...grade, id: `${id}-1`, cause: 'student', message: '', questions: [], autograderSha256: archive},
      ...{isolation: 'judge', otter: '7', workId, gradedAt: at(0)},
    });
    await put('grades', {...grade, id: workId, policy: 'latest', revision: 1, resultsSeen: 1, decidedAt: at(0)});
    const failed = {state: 'failed', attempts: 3, nextAttemptAt: null, message: 'No such user.'} as const;
    await put('passbacks', samplePassback({...who, ...failed, id: `${workId}-1`, gradeId: workId, submissionId: id}));
  }

  /** What the graders would do, and `record`. */
  const gradeAll = (earned: (id: string) => number) =>
    world.records.transact(async transaction => {
      for (const target of world.records.all('regradeTargets')) {
        transaction.remove('queue', target.id);
        transaction.put('regradeResults', {
          ...{
            ...target,
            id: `${target.submissionId}-2`,
            run: 2,
            cause: 'student',
            message: 'It\u001b[2J\nis new.',
            questions: [],
          },
          ...{regradeTarget: target.id, score: score(earned(target.submissionId)), autograderSha256: archive},
          ...{isolation: 'judge', otter: '7', receivedAt: at(0), gradedAt: at(50), createdAt: at(50)},
        });
      }
    });

  const holt = (...args: string[]): Promise<{code: number; stdout: string; stderr: string}> =>
    new Promise(resolve => {
      const given = args.includes('--as') ? args : [...args, '--as', 'prof'];
      execFile(process.execPath, [file, ...given, '--url', world.url], {timeout: 60_000}, (error, stdout, stderr) =>
        resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr}),
      );
    });
  return {...world, holt, gradeAll};
}

test('pause and resume say what they did, and what pauses a course', async t => {
  const {holt, records} = await setUp(t);
  t.regex(
    (await holt('pause', 'demo')).stdout,
    /^Grading of demo is paused since .*, by prof\. Notebooks are accepted/,
  );
  t.regex((await holt('pause', 'demo')).stdout, /, as before\./);
  t.like(records.all('pauses'), [{course: 'demo', by: 'prof', resumedAt: null}]);
  const all = await holt('pause', '--all');
  t.is(all.code, 1);
  t.regex(all.stderr, /^holt: Only the operator’s admins can do this/);
  t.is((await holt('pause', '--all', '--as', 'root')).code, 0);
  t.regex((await holt('resume', 'demo')).stdout, /^Grading of every course is paused .*holt resume --all/);
  t.deepEqual(JSON.parse((await holt('resume', '--all', '--as', 'root', '--json')).stdout), {
    course: null,
    changed: true,
    paused: null,
  });
  t.regex((await holt('resume', 'demo')).stdout, /^Grading of demo is not paused\./);
  t.regex((await holt('pause', 'demo', '--as', 'alice')).stderr, /^holt: Only the course’s staff can do this/);
  for (const args of [['pause'], ['resume', 'demo', '--all']]) {
    const {code, stderr} = await holt(...args);
    t.deepEqual([code, stderr], [1, 'holt: Name either a course or --all.\n']);
  }
});

test('resend tells each score that is sent again', async t => {
  const {holt, records} = await setUp(t);
  const one = await holt('resend', 'demo', '--submission', 's-al');
  t.is(one.stdout, 'alice  lab (section 1)  s-al  is sent again within a minute\n');
  const {scores} = JSON.parse((await holt('resend', 'demo', '--assignment', 'lab', '--json')).stdout);
  t.is(scores.length, 1);
  t.regex((await holt('resend', 'demo')).stdout, /^Nothing to send again/);
  t.true(records.all('passbacks').every(({state}) => state === 'pending'));
  t.regex((await holt('resend', 'demo', '--submission', 's-bo')).stdout, /bob .* s-bo {2}is on its way already/);
  t.regex((await holt('resend', 'demo', '--submission', 'x', '--assignment', 'lab')).stderr, /either a submission or/);
  t.regex((await holt('resend', 'demo', '--submission', 'x')).stderr, /no submission of this id/);
});

test('regrade shows who changes, lets nothing count before --apply, and is the same when it is given again', async t => {
  const {holt, records, gradeAll} = await setUp(t);
  const begun = await holt('regrade', 'demo', 'lab');
  t.is(begun.code, 0);
  t.regex(begun.stdout, /^lab \(section 1\) on archive b{64}: is being graded\.\n2 submissions, 2 not done/);
  const early = await holt('regrade', 'demo', 'lab', '--apply');
  t.is(early.code, 1);
  t.regex(early.stderr, /^holt: 2 of its runs are not done: wait for them, then apply it\./);
  t.regex((await holt('regrade', 'demo', 'lab', '--wait', '0')).stderr, /2 runs are not done after 0 s/);
  const waiting = holt('regrade', 'demo', 'lab', '--wait', '30');
  await gradeAll(id => (id === 's-al' ? 9.5 : 12));
  const shown = await waiting;
  t.deepEqual([shown.code, shown.stderr], [0, '']);
  t.regex(
    shown.stdout,
    /is graded and does not count: --apply lets it count\.\n.* 1 of 2 students change\.\n\nSTUDENT/,
  );
  t.regex(shown.stdout, /alice +s-al +12\/15 +9\.5\/15 +12\/15 -> 9\.5\/15 +graded: It\[2J is new\.\n$/);
  const everybody = (await holt('regrade', 'demo', 'lab', '--everybody')).stdout;
  t.regex(everybody, /s-bo +12\/15 +12\/15/);
  t.false(everybody.includes('\u001b'));
  t.deepEqual(
    records.all('grades').map(({score: {earned}}) => earned),
    [12, 12],
  );

  const applied = JSON.parse((await holt('regrade', 'demo', 'lab', '--apply', '--json')).stdout);
  t.like(applied.regrade, {state: 'applied', chosen: 2, done: 2, autograderSha256: archive});
  t.is(applied.rows.length, 2);
  t.deepEqual(
    records.all('grades').map(({score: {earned}}) => earned),
    [9.5, 12],
  );
  const once = await holt('regrade', 'demo', 'lab', '--archive', archive, '--apply');
  t.deepEqual([once.code, once.stderr], [0, '']);
  t.is(records.all('regrades').length, 1);
  t.regex((await holt('regrade', 'demo')).stdout, /^BEGUN .*\n.* lab \(section 1\) +counting +prof +applied +b{64}\n$/);
  t.is((await holt('regrade', 'demo', 'lab', '--again', '--submission', 's-al', 's-bo')).code, 0);
  t.is(records.all('regrades').length, 2);
});

test('what cannot be regraded is told in a sentence', async t => {
  const {holt} = await setUp(t);
  const runs = await Promise.all([
    holt('regrade', 'demo', 'lab', '--archive', 'abc'),
    holt('regrade', 'demo', 'lab', '--archive', 'c'.repeat(64)),
    holt('regrade', 'demo', 'nothing'),
    holt('regrade', 'demo', 'lab', '--of', 'some'),
    holt('regrade', 'demo', 'lab', '--as', 'alice'),
    holt('regrade', 'demo', 'lab', '--submission', 'unknown'),
  ]);
  const sentences = [
    /64 digits/,
    /No archive of SHA-256 c/,
    /no assignment "nothing"/,
    /Allowed choices/,
    /Only the course/,
    /is none of "lab"/,
  ];
  for (const [index, {code, stderr}] of runs.entries()) {
    t.is(code, 1);
    t.regex(stderr, sentences[index] ?? /never/);
    t.notRegex(stderr, /\n {4}at /);
  }
});
