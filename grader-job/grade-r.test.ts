import {readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import JSZip from 'jszip';
import {limits, needSandbox, places, setUpPython} from '../testing/grader.ts';
import {findR} from './find-r.ts';
import {type Grader, makeGrader, type Outcome} from './grade-notebook.ts';
import {startJudge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';
import {makeRunPython} from './run-python.ts';
import type {Sandbox} from './sandbox.ts';

/* R notebooks go to otter in a sandbox, where the machine has R with the package ottr; elsewhere they are refused. */

const fixtures = new URL('../testing/fixtures/grader/', import.meta.url);
const archive = readFileSync(new URL('assignments/rates/autograder.zip', fixtures));
const readNotebook = (name: string) => readFileSync(new URL(`submissions/rates/${name}.ipynb`, fixtures));
const {signal} = new AbortController();
const graderOn = (sandbox: Sandbox) => makeGrader(makeRunPython(sandbox, places));
const total = ({questions}: Outcome) => questions.reduce((sum, {earned}) => sum + earned, 0);
const MISSING = /this grader has no R with the package ottr: build its image on a base that has both/;

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

test.serial('without Rscript an R archive and its notebooks are refused, and staff read what is missing', async t => {
  t.timeout(120_000);
  const sandbox = await needSandbox(t, 'bubblewrap');
  if (!sandbox) {
    return;
  }

  const withoutPath: Sandbox = {
    ...sandbox,
    wrap(...parameters) {
      const command = sandbox.wrap(...parameters);
      return {...command, env: {...command.env, PATH: '/nowhere'}};
    },
  };
  const grader = graderOn(withoutPath);
  const inspection = await grader.inspectArchive({archive, limits, signal});
  const outcome = await grader.gradeNotebook({notebook: readNotebook('solution'), archive, limits, signal});
  for (const {cause, message, questions} of [inspection, outcome]) {
    t.is(cause, 'autograder');
    t.regex(message, MISSING);
    t.deepEqual(questions, []);
  }
});

test('a machine without R, or with one that does not start, shows nothing of it', t => {
  for (const rscript of [undefined, '/nowhere/Rscript', '/bin/false']) {
    t.deepEqual(findR(rscript), {folders: [], environment: {}});
  }
});

/** A test where R and ottr are; elsewhere it says so and passes, in CI too. */
function testR(
  title: string,
  body: (t: ExecutionContext, grader: Grader) => Promise<void>,
  kind?: Sandbox['isolation'],
) {
  test.serial(title, async t => {
    t.timeout(180_000);
    const sandbox = await needSandbox(t, kind);
    if (!sandbox) {
      return;
    }

    const grader = graderOn(sandbox);
    const {cause, message} = await grader.inspectArchive({archive, limits, signal});
    if (cause === 'autograder' && MISSING.test(message)) {
      t.log('skipped: R with ottr is missing; apt-get install r-base-core, and install.packages("ottr") in R');
      t.pass();
      return;
    }

    await body(t, grader);
  });
}

testR("an R archive's questions are listed", async (t, {inspectArchive}) => {
  const {cause, questions} = await inspectArchive({archive, limits, signal});
  t.is(cause, 'student');
  t.deepEqual(questions, [
    {name: 'q1', possible: 2},
    {name: 'q2', possible: 3},
  ]);
});

const points: Record<string, number> = {solution: 5, student: 0, half: 3.5, 'syntax-error': 3, raises: 3};

testR('R notebooks get their points', async (t, {gradeNotebook}) => {
  for (const [name, wanted] of Object.entries(points)) {
    const outcome = await gradeNotebook({notebook: readNotebook(name), archive, limits, signal});
    t.is(outcome.cause, 'student', outcome.log);
    t.is(total(outcome), wanted, name);
  }

  const {questions} = await gradeNotebook({notebook: readNotebook('student'), archive, limits, signal});
  t.is(questions[0]?.publicOutput, "q1 results:\n    q1 - 1 result:\n        object 'rates' not found");
});

for (const kind of ['bubblewrap', 'unshare'] as const) {
  testR(
    `${kind}: an R notebook has no network, no environment, no files of ours and no other process`,
    async (t, {gradeNotebook}) => {
      const outcome = await gradeNotebook({notebook: readNotebook('looks-around'), archive, limits, signal});
      t.is(outcome.cause, 'student', outcome.log);
      t.regex(outcome.questions[1]?.output ?? '', /LOOTTOOL/);
      t.is(total(outcome), 2);
    },
    kind,
  );
}

testR('an R notebook that ends R is its own fault, and has its questions', async (t, {gradeNotebook}) => {
  const outcome = await gradeNotebook({notebook: readNotebook('quits'), archive, limits, signal});
  t.is(outcome.cause, 'student');
  t.regex(outcome.message, /^The notebook's R process ended before the notebook did/);
  t.is(total(outcome), 0);
  t.is(outcome.questions.length, 2);
});

testR('nobody gets a zero for R tests that R cannot read', async (t, {gradeNotebook, inspectArchive}) => {
  const zip = await JSZip.loadAsync(archive);
  const broken = await zip.file('tests/q1.R', 'test = list(').generateAsync({type: 'nodebuffer'});
  const outcome = await gradeNotebook({notebook: readNotebook('solution'), archive: broken, limits, signal});
  t.is(outcome.cause, 'autograder', outcome.log);
  t.regex(outcome.message, /ottr: .*unexpected end of input/s);
  t.is((await inspectArchive({archive: broken, limits, signal})).cause, 'autograder');
});

testR('the job marks what it grades in R, and a forged score stays within the maximum', async (t, plain) => {
  const openJudge = (data: Uint8Array) => startJudge(data, places, 1);
  const judged = makeJudgedGrader({plain, openJudge, signal});
  try {
    const {cause, unsupported} = await judged.inspectArchive({archive, limits, signal});
    t.is(cause, 'student');
    t.deepEqual(unsupported, ['The assignment is in R.']);
    const outcome = await judged.gradeNotebook({notebook: readNotebook('forges'), archive, limits, signal});
    t.not(outcome.isolation, 'judge');
    t.regex(outcome.log, /^Graded by plain otter, which a notebook can deceive: The assignment is in R\./);
    t.true(total(outcome) <= 5);
  } finally {
    await judged.close();
  }
});
