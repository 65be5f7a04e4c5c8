import {readFileSync} from 'node:fs';
import test from 'ava';
import JSZip from 'jszip';
import {
  changeArchive,
  labArchive,
  limits,
  needSandbox,
  openGraders,
  readNotebook,
  setUpPython,
} from '../testing/grader.ts';
import type {Grader} from './grade-notebook.ts';
import {makeJudgedGrader} from './judged-grader.ts';

const {signal} = new AbortController();
const grader = new URL('../testing/fixtures/grader/', import.meta.url);

test.serial.before(async t => {
  t.timeout(300_000);
  await setUpPython();
});

type Told = (t: Parameters<typeof needSandbox>[0], graders: {judged: Grader; plain: Grader}) => Promise<void>;

/** A test with the job's two graders; skipped where nothing isolates. */
function testGraders(title: string, told: Told): void {
  test.serial(title, async t => {
    const sandbox = await needSandbox(t);
    if (!sandbox) {
      return;
    }

    await using graders = openGraders(sandbox, signal);
    await told(t, graders);
  });
}

const openBlock = `OK_FORMAT = True\ntest = {'name': 'q1', 'suites': [{'cases': [{'code': '>>> 1\\n1'}]}], **{}}`;
const readArchive = (name: string) => readFileSync(new URL(`assignments/${name}/autograder.zip`, grader));

testGraders(
  'an inspection lists the questions that plain otter lists, with the forgeable cases',
  async (t, graders) => {
    for (const archive of [labArchive, readArchive('exceptions'), readArchive('checks')]) {
      const [judged, plain] = await Promise.all([
        graders.judged.inspectArchive({archive, limits, signal}),
        graders.plain.inspectArchive({archive, limits, signal}),
      ]);
      t.like(judged, {cause: 'student', message: '', otter: '7.0.0', isolation: 'judge'});
      t.true((judged.probed?.length ?? 0) > 20);
      t.deepEqual(
        judged.questions.map(({name, possible}) => ({name, possible})),
        plain.questions,
      );
    }

    const {questions} = await graders.judged.inspectArchive({archive: labArchive, limits, signal});
    t.deepEqual(
      questions.map(({forgeable}) => forgeable),
      [[], [], [], [2], [1, 2], [1]],
    );
  },
);

testGraders('a total of the archive’s own scales what its questions are worth', async (t, {judged, plain}) => {
  const zip = await JSZip.loadAsync(labArchive);
  const config = JSON.parse((await zip.file('otter_config.json')?.async('string')) ?? '');
  const archive = await changeArchive({'otter_config.json': JSON.stringify({...config, points_possible: 30})});
  const {questions} = await judged.inspectArchive({archive, limits, signal});
  t.deepEqual(
    questions.map(({possible}) => possible),
    [4, 6, 4, 6, 8, 2],
  );
  const {questions: plainQuestions} = await plain.inspectArchive({archive, limits, signal});
  t.deepEqual(
    questions.map(({name, possible}) => ({name, possible})),
    plainQuestions,
  );
  const zero = await judged.gradeNotebook({notebook: Buffer.from('{'), archive, limits, signal});
  t.like(zero, {cause: 'student', isolation: 'judge'});
  t.regex(zero.message, /damaged: it is not JSON/);
  t.deepEqual(
    zero.questions,
    questions.map(({name, possible}) => ({name, possible, earned: 0, output: '', publicOutput: ''})),
  );
});

testGraders('a question may be named as a part of every object is', async (t, {judged}) => {
  const test = (code: string) => `test = {'name': 'constructor', 'suites': [{'cases': [{'code': ${code}}]}]}`;
  for (const [code, forgeable] of [
    ["'>>> x\\n3'", []],
    ["'>>> assert x'", [0]],
  ] as const) {
    const archive = await changeArchive({...noTests, 'tests/q1.py': `OK_FORMAT = True\n${test(code)}`});
    const {questions, message} = await judged.inspectArchive({archive, limits, signal});
    t.deepEqual(questions, [{name: 'constructor', possible: 1, forgeable: [...forgeable]}], message);
  }
});

const noTests = Object.fromEntries([1, 2, 3, 4, 5, 6].map(index => [`tests/q${index}.py`, null]));
const broken: [what: string, archive: () => Promise<Buffer>, message: RegExp][] = [
  ['is not a zip', async () => Buffer.from('<html>not found</html>'), /not a readable zip/],
  ['has no tests', () => changeArchive(noTests), /has no tests/],
  ['has a total of nothing', () => changeArchive({'otter_config.json': '{"points_possible": 0}'}), /points_possible/],
  ['has a total that is no number', () => changeArchive({'otter_config.json': '{"points_possible": NaN}'}), /nan as/],
  ['has a setting of another kind', () => changeArchive({'otter_config.json': '{"score_threshold": "a"}'}), /otter/],
  ['has a test that is not Python', () => changeArchive({'tests/q1.py': 'def'}), /tests\/q1\.py .*SyntaxError/],
];
for (const [what, archive, message] of broken) {
  testGraders(`an archive that ${what} is for staff to mend, and gives nobody a zero`, async (t, {judged}) => {
    const work = {archive: await archive(), limits, signal};
    const notebook = readNotebook('submissions/solution');
    for (const outcome of [await judged.inspectArchive(work), await judged.gradeNotebook({...work, notebook})]) {
      t.is(outcome.cause, 'autograder', outcome.log);
      t.regex(outcome.message, message);
      t.deepEqual(outcome.questions, []);
    }
  });
}

testGraders('what the judge cannot grade, plain otter inspects, and staff are told why', async (t, {judged}) => {
  const archive = await changeArchive({'tests/q1.py': openBlock});
  const {questions, unsupported, cause, isolation} = await judged.inspectArchive({archive, limits, signal});
  t.is(cause, 'student');
  t.is(isolation, undefined);
  t.deepEqual(questions[0], {name: 'q1', possible: 1});
  t.true(questions.every(({forgeable}) => forgeable === undefined));
  t.deepEqual(unsupported, ['tests/q1.py computes test; this grader reads only a literal.']);
});

testGraders('signs of tampering come with the result and not in its log', async (t, {judged}) => {
  const notebook = readFileSync(new URL('attacks/forged_registrations_at_checks.ipynb', grader));
  const {review = [], log} = await judged.gradeNotebook({notebook, archive: labArchive, limits, signal});
  t.regex(review.join('\n'), /^\d+ registrations of snapshots were refused\.$/);
  t.notRegex(log, /registrations|review/i);
  const honest = readNotebook('submissions/solution');
  t.deepEqual((await judged.gradeNotebook({notebook: honest, archive: labArchive, limits, signal})).review, []);
});

test('a machine without a sandbox inspects nothing, and an archive is not blamed for it', async t => {
  const closed: string[] = [];
  const judged = makeJudgedGrader({
    plain: {
      gradeNotebook: () => Promise.reject(new Error('asked')),
      inspectArchive: () => Promise.reject(new Error('asked')),
    },
    openJudge: async () => ({
      pid: 0,
      opening: {problem: 'sandbox', message: 'no ptrace: it was answered'},
      grade: () => Promise.reject(new Error('asked')),
      close: async () => void closed.push('judge'),
    }),
    signal,
  });
  const outcome = await judged.inspectArchive({archive: labArchive, limits, signal});
  t.like(outcome, {cause: 'infrastructure', message: 'no ptrace: it was answered', questions: []});
  await judged.close();
  t.deepEqual(closed, ['judge']);
});
