import {execFile} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import type {Isolation} from '../domain/result.ts';
import {changeArchive, limits, needSandbox, observe, places, readNotebook, setUpPython} from '../testing/grader.ts';
import {makeGrader} from './grade-notebook.ts';
import {startJudge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';
import {placeLayers} from './layers.ts';
import {findSandbox} from './probe.ts';
import {makeRunPython} from './run-python.ts';
import {listSandboxes} from './sandbox.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));
const here = {...places, layers: path.join(folder, 'layers')};
const {signal} = new AbortController();

test.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  // Student code is another user, and the sandbox shows what is there when it is chosen.
  chmodSync(folder, 0o755);
  mkdirSync(here.layers);
});

test.after.always(() => rmSync(folder, {recursive: true, force: true}));

const asking = (requirements: string) => changeArchive({'requirements.txt': requirements});

/** Makes the layer of an archive, as `npm run make-layer` does. */
async function makeLayer(archive: Uint8Array): Promise<string> {
  const file = path.join(folder, 'archive.zip');
  writeFileSync(file, archive);
  const parameters = ['-m', 'holt_grader.make_layer', '--layers', here.layers, file];
  const {stdout} = await promisify(execFile)(places.python, parameters, {cwd: places.scripts});
  return JSON.parse(stdout).key;
}

/** Says in q2's output where a package is loaded from. */
const telling = observe('import cowsay', 'cowsay.__file__');

async function openGraders(isolation?: Isolation) {
  const candidates = listSandboxes(here).filter(one => isolation === undefined || one.isolation === isolation);
  const sandbox = await findSandbox(here, {isBareAllowed: isolation === 'none', log() {}}, candidates);
  if ('reason' in sandbox) {
    throw new Error(sandbox.reason);
  }

  const plain = makeGrader(makeRunPython(sandbox, here));
  return {plain, judged: makeJudgedGrader({plain, openJudge: one => startJudge(one, here, 1), signal})};
}

test('layers are beside the grader’s Python unless it is said', t => {
  t.is(placeLayers({python: '/somewhere/.holt/python/bin/python', scripts: ''}), '/somewhere/.holt/layers');
  t.is(placeLayers(here), here.layers);
});

test.serial('what an archive asks for is there, for the judge and for plain otter', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const archive = await asking('cowsay==6.1\n');
  const place = path.join(here.layers, await makeLayer(archive), 'packages/cowsay/__init__.py');
  const {plain, judged} = await openGraders();
  const work = {notebook: telling, archive, limits, signal};
  try {
    const others = await Promise.all((['unshare', 'none'] as const).map(openGraders));
    for (const grader of [judged, plain, ...others.map(one => one.plain)]) {
      const {cause, questions} = await grader.gradeNotebook(work);
      t.is(cause, 'student');
      t.true(questions.find(({name}) => name === 'q2')?.output.includes(place));
      t.is((await grader.inspectArchive(work)).questions.length, 6);
    }
  } finally {
    await judged.close();
  }
});

test.serial('without its layer nothing is graded, and a sentence says what to do', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const archive = await asking('tabulate>=0.9\n');
  const work = {notebook: readNotebook('submissions/solution'), archive, limits, signal};
  const {plain, judged} = await openGraders();
  const sentence =
    /asks for tabulate>=0\.9, and the grader's layer [0-9a-f]{16} .*missing: whoever runs Holt has to run npm run make-layer/;
  for (const outcome of [await judged.gradeNotebook(work), await judged.inspectArchive(work)]) {
    t.is(outcome.cause, 'infrastructure');
    t.regex(outcome.message, sentence);
    t.deepEqual(outcome.questions, []);
  }

  // The task makes of it what it makes of every fault of ours: infrastructure.
  await t.throwsAsync(plain.gradeNotebook(work), {message: sentence});
  await t.throwsAsync(plain.inspectArchive(work), {message: sentence});
  await judged.close();
});

test.serial('an archive that asks for a place or gives an option is refused as its author’s', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const {plain, judged} = await openGraders();
  for (const requirements of ['../x\n', 'cowsay @ https://host/x.whl\n', 'cowsay\n--index-url https://host\n']) {
    const work = {notebook: readNotebook('submissions/solution'), archive: await asking(requirements), limits, signal};
    for (const grader of [judged, plain]) {
      for (const outcome of [await grader.gradeNotebook(work), await grader.inspectArchive(work)]) {
        t.is(outcome.cause, 'autograder');
        t.regex(outcome.message, /requirements\.txt in the archive asks for '.*name packages only/);
      }
    }
  }

  await judged.close();
});
