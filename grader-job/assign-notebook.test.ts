import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';
import JSZip from 'jszip';
import {limits, needSandbox, places, setUpPython} from '../testing/grader.ts';
import {answerNotebook, makeCells, makeMaster} from '../testing/moodle/demo.ts';
import {type AssignNotebook, makeAssignNotebook} from './assign-notebook.ts';
import {type Grader, makeGrader} from './grade-notebook.ts';
import {startJudge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';
import {makeRunPython} from './run-python.ts';

const {signal} = new AbortController();
const noSyntax = 'Your file does not match the Otter-Grader assignment syntax.';

test.serial.before(async t => {
  t.timeout(300_000);
  await setUpPython();
});

type Tools = {
  grader: Grader;
  assign: (notebook: Buffer, more?: Partial<Parameters<AssignNotebook>[0]>) => ReturnType<AssignNotebook>;
};

/** A test with the job's own parts; skipped where nothing isolates. */
function testAssign(title: string, told: (t: Parameters<typeof needSandbox>[0], tools: Tools) => Promise<void>): void {
  test.serial(title, async t => {
    t.timeout(120_000);
    const sandbox = await needSandbox(t);
    if (!sandbox) {
      return;
    }

    const plain = makeGrader(makeRunPython(sandbox, places));
    const grader = makeJudgedGrader({plain, openJudge: archive => startJudge(archive, places, 1), signal});
    const runPython = makeRunPython(sandbox, places, async () => ({folder: null}));
    const assign = makeAssignNotebook(runPython, grader);
    try {
      await told(t, {
        grader,
        assign: (notebook, more = {}) => assign({notebook, name: 'demo.ipynb', limits, signal, ...more}),
      });
    } finally {
      await grader.close();
    }
  });
}

testAssign('an author’s notebook becomes an archive that grades, and a notebook for students', async (t, tools) => {
  const {made, ...told} = await tools.assign(makeMaster());
  t.like(told, {cause: 'student', message: '', otter: '7.0.0'});
  t.deepEqual(
    told.questions.map(({name, possible}) => ({name, possible})),
    ['q1', 'q2', 'q3'].map(name => ({name, possible: 1})),
  );
  if (!made) {
    return t.fail();
  }

  const student = Buffer.from(made.student);
  t.regex(student.toString('utf8'), /otter\.Notebook\(\\"demo\.ipynb\\"\)/);
  t.notRegex(student.toString('utf8'), /SOLUTION|\[2, 3, 5\]/);
  t.true(Object.keys((await JSZip.loadAsync(made.archive)).files).includes('tests/q2.py'));
  const graded = await tools.grader.gradeNotebook({
    notebook: answerNotebook(student, ['q1', 'q3']),
    archive: made.archive,
    limits,
    signal,
  });
  t.deepEqual(
    graded.questions.map(({earned}) => earned),
    [1, 0.5, 1],
  );
});

testAssign('what is no assignment is refused in the words of the reference', async (t, {assign}) => {
  const plain = {cell_type: 'code', source: 'x = 1'} as const;
  const config = {cell_type: 'raw', source: '# ASSIGNMENT CONFIG\ngenerate: true'} as const;
  for (const notebook of [makeCells([plain]), makeCells([plain], {}), makeCells([config, plain])]) {
    const {made, cause, message} = await assign(notebook);
    t.is(made, undefined);
    t.is(cause, 'autograder');
    t.is(message, noSyntax);
  }

  const {cause, message} = await assign(Buffer.from('junk'));
  t.is(cause, 'autograder');
  t.is(message, 'The file is not a Jupyter notebook of format 4.');
});

testAssign('what otter refuses is said as otter says it, without the places of this machine', async (t, {assign}) => {
  const {cause, message} = await assign(makeMaster({config: 'requirements: requirements.txt\n'}));
  t.is(cause, 'autograder');
  t.regex(message, /requirements\.txt/);
  t.notRegex(message, /\/tmp|site-packages|Traceback/);
});

testAssign('a solution without full marks is refused, with the questions that fail', async (t, {assign}) => {
  const {made, cause, message} = await assign(makeMaster({solution: {q2: '[]'}}));
  t.is(made, undefined);
  t.is(cause, 'autograder');
  t.regex(message, /^Some autograder tests failed in the autograder notebook:\nq2 results:/);
  t.notRegex(message, /q1 results|q3 results/);
});

testAssign('file names are only names', async (t, {assign}) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell would read it.
  for (const name of ['two words.ipynb', 'x$(touch${IFS}PWNED).ipynb', '-v.ipynb', "it's; touch PWNED #.ipynb"]) {
    const {made, message} = await assign(makeMaster(), {name});
    t.truthy(made, `${name}: ${message}`);
  }

  t.false(existsSync('PWNED'));
});

testAssign('an author’s code has no network, no files of ours and no time without end', async (t, {assign}) => {
  const secret = readFileSync('/etc/hostname', 'utf8').trim();
  const spying = `import socket\ntry:\n    socket.create_connection(("127.0.0.1", 22), 2)\nexcept OSError as error:\n    print(error)\nprint(open("/etc/hostname").read())`;
  const {made, log} = await assign(makeMaster({first: [{cell_type: 'code', source: spying}]}));
  t.truthy(made);
  t.false(secret !== '' && log.includes(secret));

  const endless = {q1: '[0 for _ in iter(int, 1)]'};
  const short = {...limits, notebookSeconds: 12};
  const {cause, message} = await assign(makeMaster({solution: endless}), {limits: short});
  t.is(cause, 'autograder');
  t.regex(message, /^Some autograder tests failed in the autograder notebook:\n(.*\n)?q1 results:/);
});
