import {execFile} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {limits, needSandbox, places, setUpPython} from '../testing/grader.ts';
import {answerNotebook, makeMaster} from '../testing/moodle/demo.ts';
import {makeAssignNotebook} from './assign-notebook.ts';
import {makeGrader} from './grade-notebook.ts';
import {startJudge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';
import {findSandbox} from './probe.ts';
import {makeRunPython} from './run-python.ts';
import {listSandboxes} from './sandbox.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));
const here = {...places, layers: path.join(folder, 'layers')};
const {signal} = new AbortController();

test.serial.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  chmodSync(folder, 0o755);
  mkdirSync(here.layers);
});

test.after.always(() => rmSync(folder, {recursive: true, force: true}));

/** The job's own parts, with a folder of layers of their own; undefined where nothing isolates. */
async function open(t: ExecutionContext) {
  t.timeout(180_000);
  if (!(await needSandbox(t))) {
    return undefined;
  }

  const sandbox = await findSandbox(here, {isBareAllowed: false, log() {}}, listSandboxes(here));
  if ('reason' in sandbox) {
    throw new Error(sandbox.reason);
  }

  const grader = makeJudgedGrader({
    plain: makeGrader(makeRunPython(sandbox, here)),
    openJudge: archive => startJudge(archive, here, 1),
    signal,
  });
  t.teardown(grader.close);
  const assign = makeAssignNotebook(
    makeRunPython(sandbox, here, async () => ({folder: null})),
    grader,
  );
  return {
    grader,
    assign: (given: Parameters<typeof makeMaster>[0]) =>
      assign({notebook: makeMaster(given), name: 'demo.ipynb', limits, signal}),
  };
}

const importing = [{cell_type: 'code', source: 'import cowsay\nfrom numpy import sqrt\n%matplotlib inline'}] as const;
const solution = {q3: '"otter" if cowsay.char_names and sqrt(1) else ""'};
const master = {config: 'requirements:\n  - cowsay==6.1\n', first: [...importing], solution};

test.serial('a file that did not come with the notebook is named, with what there is to do instead', async t => {
  const tools = await open(t);
  for (const [config, file] of [
    ['requirements: requirements.txt', 'requirements.txt'],
    ['environment: environment.yml', 'environment.yml'],
    ['files:\n  - data/numbers.csv', 'data/numbers.csv'],
    ['files:\n  - ../numbers.csv', '../numbers.csv'],
    ['autograder_files:\n  - numbers.csv', 'numbers.csv'],
    ['student_files:\n  - helper.py', 'helper.py'],
  ] as const) {
    const outcome = await tools?.assign({config: `${config}\n`});
    t.like(outcome, {made: undefined, cause: 'autograder'});
    t.is(outcome?.message.split(',')[0], `The assignment's config names the file ${file}`);
    t.regex(outcome?.message ?? '', /comes here alone: name packages in a list \(requirements: \[.+\]\), .+\.$/);
  }
});

test.serial('what a notebook imports and does not ask for is named before the tests that fail for it', async t => {
  const tools = await open(t);
  const long = {cell_type: 'code', source: `import ${'x'.repeat(5000)}`} as const;
  const {made, cause, message} = (await tools?.assign({...master, config: '', first: [...importing, long]})) ?? {};
  t.is(made, undefined);
  t.is(cause, 'autograder');
  const [hint, ...told] = message?.split('\n') ?? [];
  t.regex(
    hint ?? '',
    /^The grader has no cowsay, x{100}, which the notebook imports: name the package in a list .+\.$/,
  );
  t.is(told[0], 'Some autograder tests failed in the autograder notebook:');
  t.regex(told.join('\n'), /q3 results:/);
});

test.serial('packages come by name from where the operator says, and beside the grader’s own', async t => {
  const tools = await open(t);
  const place = await tools?.assign({config: 'requirements:\n  - git+https://host/cowsay\n'});
  t.like(place, {made: undefined, cause: 'autograder'});
  t.regex(place?.message ?? '', /asks for 'git\+https:\/\/host\/cowsay', a place: name packages only/);
  const old = await tools?.assign({config: 'requirements:\n  - numpy<1.20\n'});
  t.is(old?.made, undefined);
  t.regex(old?.message ?? '', /asks for numpy<1\.20, and the grader has numpy 2\..+: ask for a version/);
});

test.serial(
  'packages the grader lacks are told to the author; once they are there, the same notebook grades',
  async t => {
    const tools = await open(t);
    const missing = await tools?.assign(master);
    t.like(missing, {made: undefined, cause: 'infrastructure'});
    const told =
      /asks for (\S+), and the grader's layer [0-9a-f]{16} .+ missing: whoever runs Holt has to run npm run make-layer/;
    const [, asked = ''] = told.exec(missing?.message ?? '') ?? [];
    t.is(asked, 'cowsay==6.1');

    // What the sentence says: a list of just that.
    const list = path.join(folder, 'requirements.txt');
    writeFileSync(list, `${asked}\n`);
    const program = fileURLToPath(new URL('../cli/make-layer.ts', import.meta.url));
    const env = {...process.env, HOLT_LAYERS: here.layers};
    await promisify(execFile)(process.execPath, [program, '--locks', path.join(folder, 'locks'), list], {env});
    const {made, message} = (await tools?.assign(master)) ?? {};
    if (!tools || !made) {
      return t.fail(message);
    }

    const before = 'assert cowsay.char_names\n';
    const notebook = answerNotebook(Buffer.from(made.student), ['q1', 'q2', 'q3'], before);
    const {cause, questions} = await tools.grader.gradeNotebook({notebook, archive: made.archive, limits, signal});
    t.is(cause, 'student');
    t.deepEqual(
      questions.map(({earned}) => earned),
      [1, 1, 1],
    );

    // An image that was built again without them: nothing is graded, and it is nobody's zero.
    rmSync(here.layers, {recursive: true});
    mkdirSync(here.layers);
    const later = await open(t);
    const lost = await later?.grader.gradeNotebook({notebook, archive: made.archive, limits, signal});
    t.like(lost, {cause: 'infrastructure', questions: []});
    t.regex(lost?.message ?? '', told);
  },
);
