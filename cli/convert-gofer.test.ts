import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import JSZip from 'jszip';
import {limits, needSandbox, places, setUpPython} from '../testing/grader.ts';
import {makeOpenGraders} from './check-grading.ts';

type Run = {code: number; stdout: string; stderr: string};

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

/** Runs the command as a person does, in a folder. */
const convert = (args: string[], cwd: string): Promise<Run> =>
  new Promise(resolve => {
    const file = fileURLToPath(new URL('convert-gofer.ts', import.meta.url));
    execFile(process.execPath, [file, ...args], {cwd, timeout: 60_000}, (error, stdout, stderr) => {
      resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
    });
  });

async function makeFolder(t: ExecutionContext, files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-gofer-'));
  t.teardown(() => rm(folder, {recursive: true}));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), {recursive: true});
    await writeFile(path.join(folder, name), content);
  }

  return folder;
}

/** A test as gofer's courses have it. */
const makeTest = (name: string, cases: [code: string, hidden: boolean][], {points = 1, suite = ''} = {}): string => {
  const list = cases.map(
    ([code, hidden]) => `{'code': r"""\n${code}\n""", 'hidden': ${hidden ? 'True' : 'False'}, 'locked': False}`,
  );
  return `import numpy as np
test = {
  'name': '${name}', 'points': ${points},
  'suites': [{'cases': [${list.join(', ')}], 'scored': True, 'setup': '', 'teardown': '', 'type': 'doctest', ${suite}}]
}`;
};

const good = {
  'lab01/tests/q1.py': makeTest('q1', [
    ['>>> x > 1\nTrue', false],
    ['>>> x\n42', true],
  ]),
  'lab01/tests/q2.ok': makeTest(
    '',
    [
      ['>>> double(4)\n8', false],
      ['>>> double(0)\n0', true],
    ],
    {points: 3},
  ),
  'lab01/tests/__init__.py': '',
  'lab01/numbers.csv': 'n\n5\n',
  'lab01/lab01.ipynb': '{}',
};

const makeNotebook = (...cells: string[]) =>
  Buffer.from(
    JSON.stringify({
      ...{nbformat: 4, nbformat_minor: 2, metadata: {section: '1', lab: 'lab01'}},
      cells: cells.map(source => ({cell_type: 'code', metadata: {}, execution_count: null, outputs: [], source})),
    }),
  );
const begin = 'import math\nfrom gofer.ok import check';

test.serial('the real grader grades with what was converted, at the moment of gofer’s own check', async t => {
  t.timeout(180_000);
  if (!(await needSandbox(t))) {
    return;
  }

  const folder = await makeFolder(t, good);
  const {code, stdout, stderr} = await convert(['lab01', '-o', 'lab01-autograder.zip'], folder);
  t.is(code, 0, stderr);
  t.regex(stdout, /^lab01-autograder\.zip: 2 tests, and numbers\.csv beside them\./);
  const archive = await readFile(path.join(folder, 'lab01-autograder.zip'));
  const {files} = await JSZip.loadAsync(archive);
  t.deepEqual(Object.keys(files).sort(), [
    ...['files/gofer/__init__.py', 'files/gofer/ok.py', 'files/numbers.csv', 'otter_config.json'],
    ...['tests/q1.py', 'tests/q2.py'],
  ]);

  const open = await makeOpenGraders({places, isBareAllowed: false, folder, github: {}});
  const graders = await open(archive, limits);
  if ('problem' in graders) {
    return t.fail(graders.problem);
  }

  t.teardown(graders.close);
  t.deepEqual(graders.ready?.unsupported, []);
  const grade = async (...cells: string[]) => {
    const {cause, questions, log} = await graders.grade(makeNotebook(...cells));
    t.is(cause, 'student', log);
    return questions.map(({name, earned, possible}) => [name, earned, possible]);
  };
  const read = "n = int(open('numbers.csv').read().split()[1])\nx = n + 37";
  t.deepEqual(
    await grade(begin, read, "check('tests/q1.py')", 'x = 0\ndef double(y): return 2 * y', "check('tests/q2.py')"),
    [
      ['q1', 1, 1],
      ['q2', 3, 3],
    ],
  );
  // All cases of a file or nothing, as gofer had it; what is never checked is looked at in the end.
  t.deepEqual(await grade(begin, 'x = 2', "check('tests/q1.py')", 'def double(y): return 2 * y'), [
    ['q1', 0, 1],
    ['q2', 3, 3],
  ]);
  t.deepEqual(await grade(begin), [
    ['q1', 0, 1],
    ['q2', 0, 3],
  ]);
});

test.serial('what cannot be converted is refused by the name of its file, and nothing is written', async t => {
  const marker = path.join(tmpdir(), `holt-gofer-executed-${process.pid}`);
  const folder = await makeFolder(t, {
    ...good,
    'lab01/tests/q3.py': makeTest('q3', [['>>> x\n1', true]], {suite: "'setup': '>>> import os'"}),
    'lab01/tests/q4.py': makeTest('q4', [['>>> x\n1', true]], {suite: "'type': 'scheme'"}),
    'lab01/tests/q5.py': `open('${marker}', 'w')\n${makeTest('q5', [['>>> x\n1', true]])}`,
    'lab01/tests/q6.py': Buffer.from([0xff, 0xfe]),
    'lab01/tests/q1.ok': makeTest('q1', [['>>> x\n1', true]]),
  });
  const {code, stdout, stderr} = await convert(['lab01', '-o', 'out.zip'], folder);
  t.is(code, 1);
  t.is(stdout, '');
  t.deepEqual(
    stderr
      .trim()
      .split('\n')
      .map(line => line.slice(0, 60)),
    [
      'q6.py is not text in UTF-8.',
      "q1.py has the name 'q1', as another file does: give it its own.".slice(0, 60),
      'q3.py has a setup: put its code into each case.',
      "q4.py has a suite of the type 'scheme': only doctest is graded here.".slice(0, 60),
      'q5.py does more than assign test (line 1), which would have to be executed.'.slice(0, 60),
      '5 of 7 files cannot be converted, so no archive was written.',
    ],
  );
  t.deepEqual((await readdir(folder)).sort(), ['lab01']);
  t.false((await readdir(tmpdir())).includes(path.basename(marker)));
});

test('a folder without tests, and one that is not there, are told', async t => {
  const folder = await makeFolder(t, {'lab01/lab01.ipynb': '{}'});
  for (const [name, reason] of [
    ['lab01', /has no tests/],
    ['gone', /cannot be read \(ENOENT\)/],
  ] as const) {
    const {code, stderr} = await convert([name, '-o', 'out.zip'], folder);
    t.is(code, 2);
    t.regex(stderr, reason);
  }

  t.is((await convert(['lab01'], folder)).code, 2);
});
