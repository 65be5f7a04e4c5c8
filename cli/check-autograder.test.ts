import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {startGitHubServer} from '../testing/github-server.ts';
import {changeArchive, labArchive, needSandbox, readNotebook, setUpPython} from '../testing/grader.ts';
import type {Report} from './check-report.ts';

type Run = {code: number; stdout: string; stderr: string};

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

/** Runs a program as a person does, in a folder. */
const run = (program: string, args: string[], {cwd = process.cwd(), env = {}} = {}): Promise<Run> =>
  new Promise(resolve => {
    const file = fileURLToPath(new URL(`${program}.ts`, import.meta.url));
    const options = {cwd, env: {...process.env, ...env}, timeout: 120_000};
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => {
      resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
    });
  });

/** A folder with files of the lab. */
async function makeFolder(t: ExecutionContext, files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-check-'));
  t.teardown(() => rm(folder, {recursive: true}));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), {recursive: true});
    await writeFile(path.join(folder, name), content);
  }

  return folder;
}

const solution = readNotebook('submissions/solution');
const blank = readNotebook('submissions/blank');
const named = ['lab.zip', '--solution', 'solution.ipynb', '--student', 'student.ipynb'];
const good = {'lab.zip': labArchive, 'solution.ipynb': solution, 'student.ipynb': blank};

/** The lab's archive, where q1 has a point for a notebook that does nothing. */
const makeFree = () =>
  changeArchive({
    'tests/q1.py': `OK_FORMAT = True
test = {'name': 'q1', 'points': 2, 'suites': [{'cases': [
    {'code': '>>> 1 + 1\\n2', 'hidden': False}, {'code': '>>> assert n_rows == 5', 'hidden': True}]}]}`,
  });

const course = (assignments: string[]) =>
  JSON.stringify({
    demo: {
      '1': {subpath_to_zips: 'zips', assignments: Object.fromEntries(assignments.map(name => [name, '']))},
      '2': {subpath_to_zips: './zips/', assignments: Object.fromEntries(assignments.map(name => [name, '']))},
    },
  });

const failedOf = ({checks}: Report) => checks.filter(({ok}) => !ok).map(({id}) => id);

test.serial('a good archive passes every check, and what it needs is told', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const {code, stdout, stderr} = await run('check-autograder', named, {cwd: await makeFolder(t, good)});
  t.is(code, 0, stdout + stderr);
  t.regex(stdout, /ok {6}The solution gets full marks\./);
  t.regex(stdout, /ok {6}The untouched student notebook gets no points\./);
  t.regex(stdout, /ok {6}Two runs of the solution agree\./);
  t.regex(stdout, /ok {6}Plain otter gives the same points\./);
  t.regex(stdout, /^ {2}q4 +3 {2}q4 - 3$/m);
  t.regex(stdout, /^ {2}q1 +2$/m);
  t.regex(stdout, /The solution took \d+\.\d s \(cells \d+\.\d s, checks \d+\.\d s\)/);
  t.regex(stdout, /The solution with plain otter took \d+\.\d s\./);
  t.regex(stdout, /"limits": \{"notebookSeconds": \d+/);
  t.regex(stdout, /All checks passed\.\n$/);
});

test.serial('a wrong solution fails, and its question is named', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const cwd = await makeFolder(t, {...good, 'solution.ipynb': readNotebook('submissions/missing_cells')});
  const {code, stdout, stderr} = await run('check-autograder', [...named, '--json'], {cwd});
  t.is(code, 1, stderr);
  const report: Report = JSON.parse(stdout);
  t.deepEqual(failedOf(report), ['full-marks']);
  t.like(
    report.checks.find(({id}) => id === 'full-marks'),
    {name: 'The solution gets 13 of 15 points.'},
  );
  t.deepEqual(
    report.questions.map(({name, possible}) => [name, possible]),
    [
      ['q1', 2],
      ['q2', 3],
      ['q3', 2],
      ['q4', 3],
      ['q5', 4],
      ['q6', 1],
    ],
  );
});

test.serial('a course is checked assignment by assignment, as far as each goes', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const cwd = await makeFolder(t, {
    'course-config.json': course(['free', 'broken', 'gone']),
    'zips/free-autograder.zip': await makeFree(),
    'zips/broken-autograder.zip': '<html>not found</html>',
  });
  const {code, stdout, stderr} = await run('check-course', ['.'], {cwd});
  t.is(code, 1, stdout + stderr);
  const [free = '', broken = '', gone = ''] = stdout.split(/^demo, section 1, /m).slice(1);
  // Points for nothing are named without any notebook of the author's.
  t.regex(free, /FAILED {2}A notebook without cells gets 1 of 15 points\.\n +q1: 1 of 2 points for no answer/);
  t.regex(free, /no solution \(autograder\/free\.ipynb or free-solution\.ipynb\) and no student notebook/);
  t.notRegex(free, /Suggested/);
  t.regex(broken, /FAILED {2}The archive can be used\.\n +The archive is not a zip file, .*make it again/);
  t.regex(gone, /The archive zips\/gone-autograder\.zip is missing: add it/);
  t.regex(stdout, /3 checks failed:\n {4}demo, section 1, free: A notebook/);
});

test.serial('--quick checks the first assignment, here of a GitHub repository', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const server = await startGitHubServer();
  t.teardown(server.close);
  server.commit({'course-config.json': course(['lab', 'gone']), 'zips/lab-autograder.zip': labArchive});
  const env = {
    COURSE_CONTENT_READER_APP_ID: server.appId,
    COURSE_CONTENT_READER_PRIVATE_KEY: server.privateKey,
    github_app_installation_id: server.installationId,
    GITHUB_API_URL: server.url,
  };
  const notebooks = await makeFolder(t, {'lab/student/lab.ipynb': blank});
  const args = ['github.com/staff/autograders', '--quick', '--json', '--notebooks', notebooks];
  const {code, stdout, stderr} = await run('check-course', args, {env});
  t.is(code, 0, stdout + stderr);
  const reports: Report[] = JSON.parse(stdout);
  t.is(reports.length, 1);
  t.is(reports[0]?.checks.find(({id}) => id === 'zero')?.name, 'The untouched student notebook gets no points.');
  t.regex(
    reports[0]?.notes.join() ?? '',
    /no solution \(autograder\/lab\.ipynb or lab-solution\.ipynb\): checked as far/,
  );
});

test('wrong use is a sentence and an exit code of its own', async t => {
  const cwd = await makeFolder(t, {...good, 'page.zip': '<html>', 'empty/x': '', 'wrong/course-config.json': '{'});
  const other = (args: string[]) => run('check-autograder', args, {cwd});
  const runs = await Promise.all([
    other(['gone.zip', ...named.slice(1)]),
    other(['page.zip', ...named.slice(1)]),
    other(['lab.zip', '--solution', 'page.zip', '--student', 'student.ipynb']),
    other(['lab.zip', '--solution', 'solution.ipynb']),
    other([...named, '--seconds', '1']),
    other([...named, '--seconds', 'soon']),
    run('check-autograder', named, {cwd, env: {HOLT_PYTHON: '/gone/python'}}),
    run('check-course', ['gone'], {cwd}),
    run('check-course', ['empty'], {cwd}),
    run('check-course', ['wrong'], {cwd}),
    run('check-course', ['github.com/staff'], {cwd}),
  ]);
  const sentences = [
    /gone\.zip cannot be read \(ENOENT\): give the path of the archive/,
    /page\.zip is not a zip file: give the archive that otter assign made/,
    /page\.zip is not a notebook: give the path of a \.ipynb file/,
    /required option '--student <notebook>' not specified/,
    /--seconds must be from 5 to 3600/,
    /whole number of seconds/,
    /There is no Python at \/gone\/python: run grader-job\/python\/setup\.sh/,
    /There is no course folder .*gone/,
    /There is no course-config\.json: give the folder/,
    /course-config\.json is not JSON/,
    /github\.com\/staff is no course: give a folder, or github\.com\/owner\/repo/,
  ];
  for (const [index, {code, stdout, stderr}] of runs.entries()) {
    t.is(code, 2, stderr);
    t.is(stdout, '');
    t.regex(stderr, sentences[index] ?? /never/);
    t.notRegex(stderr, /\n {4}at /);
  }
});
