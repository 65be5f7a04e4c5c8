import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {makeCourseLayers} from '../emulator/course-layers.ts';
import {changeArchive, needSandbox, readNotebook, setUpPython} from '../testing/grader.ts';
import type {Report} from './check-report.ts';

type Run = {code: number; stdout: string; stderr: string};

const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));
const inFolder = (...names: string[]) => path.join(folder, ...names);
process.env.HOLT_LAYERS = inFolder('layers');
const offline = {UV_OFFLINE: '1', UV_CACHE_DIR: inFolder('no-cache')};

test.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  for (const [name, requirements] of Object.entries({cow: 'cowsay==6.1', base: 'numpy', old: 'numpy==1.21.6'})) {
    const archive = await changeArchive({'requirements.txt': `${requirements}\n`});
    mkdirSync(inFolder(name), {recursive: true});
    writeFileSync(inFolder(name, `${name}-autograder.zip`), archive);
    const section = {subpath_to_zips: '.', assignments: {[name]: '', gone: ''}};
    writeFileSync(inFolder(name, 'course-config.json'), JSON.stringify({demo: {'1': section}}));
  }
});

test.after.always(() => rmSync(folder, {recursive: true, force: true}));

const run = (program: string, args: string[], env = {}): Promise<Run> =>
  new Promise(resolve => {
    const file = fileURLToPath(new URL(`${program}.ts`, import.meta.url));
    const options = {cwd: folder, env: {...process.env, ...env}, timeout: 120_000};
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => {
      resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
    });
  });

const made = /has layer [0-9a-f]{16}: cowsay==6\.1 \(\d\.\d MB\)$/m;

test.serial('without a network the server’s start goes on, with a sentence', async t => {
  const courses = JSON.stringify({cow: inFolder('cow'), base: inFolder('base'), gone: 'github.com/owner/repo'});
  const {code, stdout, stderr} = await run('make-layer', ['--at-start'], {HOLT_COURSES: courses, ...offline});
  t.is(code, 0);
  t.is(stdout, '', 'what needs nothing is no news');
  t.regex(stderr, /^cow-autograder\.zip has no layer: .*cowsay==6\.1 cannot be had/);
  const missing = await run('make-layer', ['--at-start', '--course', 'nowhere']);
  t.is(missing.code, 0);
  t.regex(missing.stderr, /not looked for: There is no course folder/);
});

test.serial('a line for each archive; what cannot be had fails, and locks are kept for the image', async t => {
  const archives = ['base/base-autograder.zip', 'cow/cow-autograder.zip', 'old/old-autograder.zip'];
  const {code, stdout, stderr} = await run('make-layer', ['--locks', 'locks', ...archives]);
  t.is(code, 1);
  const [base, cow] = stdout.split('\n');
  t.is(base, 'base/base-autograder.zip needs nothing beyond the grader’s own packages');
  t.regex(cow ?? '', made);
  t.regex(stderr, /^old\/old-autograder\.zip has no layer: .*numpy==1\.21\.6.*the grader has numpy 2/);
  const [key = ''] = readdirSync(inFolder('locks'));
  t.true(cow?.includes(key));
  t.true(existsSync(inFolder('locks', key, 'requirements.txt')));
  t.true(existsSync(inFolder('layers', key, 'packages/cowsay')));
});

test.serial('a course’s archives, as far as they are there; the second time needs no network', async t => {
  const {code, stdout, stderr} = await run('make-layer', ['--locks', 'locks', '--course', 'cow'], offline);
  t.is(code, 0, stderr);
  t.regex(stdout, made);
  t.is(stdout.trim().split('\n').length, 1);
});

test.serial('a list of packages is as good as the archive that asks for them', async t => {
  writeFileSync(inFolder('requirements.txt'), '# for an activity of Moodle\nCowSay==6.1\nnumpy\n');
  const {code, stdout, stderr} = await run('make-layer', ['--locks', 'locks', 'requirements.txt'], offline);
  t.is(code, 0, stderr);
  t.regex(stdout, /^requirements\.txt has layer/);
  t.regex(stdout, made);
  writeFileSync(inFolder('wrong.txt'), 'cowsay @ https://host/x.whl\n');
  const wrong = await run('make-layer', ['wrong.txt', 'gone.txt'], offline);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /gone\.txt/);
  t.regex((await run('make-layer', ['wrong.txt'], offline)).stderr, /^wrong\.txt has no layer: .*name packages only/);
});

test.serial('without archives and courses nothing is made', async t => {
  const {code, stderr} = await run('make-layer', []);
  t.is(code, 2);
  t.regex(stderr, /Name archives, or a course/);
});

test.serial('the local stack tells what it made, and what it could not', async t => {
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  await makeCourseLayers(inFolder('cow'), say);
  t.regex(lines.join('\n'), made);
  lines.length = 0;
  await makeCourseLayers(inFolder('old'), say);
  t.regex(lines.join('\n'), /numpy==1\.21\.6.*the grader has numpy 2/);
});

test.serial('the gate grades with the layer and names it; a conflict is the archive’s fault', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  for (const name of ['solution', 'blank']) {
    writeFileSync(inFolder(`${name}.ipynb`), readNotebook(`submissions/${name}`));
  }

  const check = (archive: string) =>
    run('check-autograder', [archive, '--solution', 'solution.ipynb', '--student', 'blank.ipynb', '--json']);
  const good = await check('cow/cow-autograder.zip');
  t.is(good.code, 0, good.stderr);
  const report: Report = JSON.parse(good.stdout);
  t.deepEqual(report.packages, ['cowsay==6.1']);
  t.true(report.notes.some(note => /^It has layer .* Run npm run make-layer/.test(note)));
  const bad = await check('old/old-autograder.zip');
  t.is(bad.code, 1);
  t.regex((JSON.parse(bad.stdout) as Report).checks[0]?.details[0] ?? '', /numpy==1\.21\.6.*the grader has numpy 2/);
});
