import {execFile} from 'node:child_process';
import {cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {need} from '../testing/need.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('holt.ts', import.meta.url));
const example = fileURLToPath(new URL('../terraform/environments/example', import.meta.url));

type Ended = {code: number; stdout: string; stderr: string};

/** An empty folder of roots, and the command as a person runs it there. */
async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-environments-'));
  t.teardown(() => rm(folder, {recursive: true}));
  const environments = (...args: string[]): Promise<Ended> =>
    run(process.execPath, [program, 'environments', ...args, '--folder', folder]).then(
      ({stdout, stderr}) => ({code: 0, stdout, stderr}),
      error => ({code: Number(error.code), stdout: error.stdout, stderr: error.stderr}),
    );
  const read = (name: string, file: string) => readFile(path.join(folder, name, file), 'utf8');
  return {folder, environments, read};
}

const digest = (letter: string) => `@sha256:${letter.repeat(64)}`;
const images = 'us-central1-docker.pkg.dev/your-project/holt';
const needed = [
  ...['--project', 'your-project', '--course', '8x=github.com/your-org/8x-autograders'],
  ...['--github-app', '123456', '--github-installation', '12345678', '--alert-email', 'course-staff@example.edu'],
];
const pinned = ['--functions', `${images}/functions${digest('0')}`, '--grader', `${images}/otter-grader${digest('0')}`];
const bucket = ['--state-bucket', 'your-project-holt-state'];
const lms = ['--hub', 'https://hub.example.edu', '--lti-key', 'holt', '--edx', 'edge.edx.org'];

test.serial('a new root says what it was told, and its images by digest', async t => {
  const {environments, read, folder} = await setUp(t);
  const {code, stdout, stderr} = await environments('new', 'data8-fall', ...needed, ...pinned, ...bucket);
  t.is(code, 0, stderr);
  t.regex(stdout, /data8-fall && terraform init && terraform apply/);
  t.deepEqual(JSON.parse(await read('data8-fall', 'environment.json')), {
    name: 'data8-fall',
    project_id: 'your-project',
    region: 'us-central1',
    images: {functions: `${images}/functions${digest('0')}`, grader: `${images}/otter-grader${digest('0')}`},
  });
  t.regex(await read('data8-fall', 'backend.tf'), /prefix = "environments\/data8-fall"/);
  const main = await read('data8-fall', 'main.tf');
  t.regex(main, /courses += \{ "8x" = "github\.com\/your-org\/8x-autograders" \}/);
  t.notRegex(main, /\b(hub|lti|shares_project|admins) +=/);
  t.deepEqual(await readdir(folder), ['data8-fall']);
});

test.serial('what it writes is as terraform fmt would write it', async t => {
  const terraform = await run('terraform', ['version']).catch(() => undefined);
  if (need(t, {what: 'terraform', get: 'install Terraform 1.11 or newer', isMissing: terraform === undefined})) {
    return;
  }

  const {environments, folder} = await setUp(t);
  const more = [
    ...['--course', 'a%{b}=github.com/o/r', '--shares-project', '--admin', 'prof', '--admin', 'o"brien%{x}'],
    ...['--alert-email', 'second@example.edu', '--deployer', 'serviceAccount:build@p.iam.gserviceaccount.com'],
  ];
  for (const [name, options] of [
    ['few', []],
    ['some', lms],
    ['all-of-it', [...lms, ...more]],
  ] as const) {
    const {code, stderr} = await environments('new', name, ...needed, ...pinned, ...bucket, ...options);
    t.is(code, 0, stderr);
  }

  await t.notThrowsAsync(run('terraform', ['fmt', '-check', '-diff', '-recursive', folder]));
  await writeFile(path.join(folder, 'few', 'main.tf'), 'locals {\n a=1\n}\n');
  await t.throwsAsync(run('terraform', ['fmt', '-check', '-recursive', folder]));
});

test.serial('the example in the repository is what the command writes', async t => {
  const files = await readdir(example).catch(() => [] as string[]);
  const isMissing = files.length === 0;
  if (need(t, {what: 'terraform/environments/example', get: 'take it from the repository', isMissing})) {
    return;
  }

  const {environments, read} = await setUp(t);
  t.is((await environments('new', 'example', ...needed, ...pinned, ...bucket, ...lms)).code, 0);
  for (const file of ['backend.tf', 'environment.json', 'main.tf', 'outputs.tf', 'versions.tf']) {
    t.is(await read('example', file), await readFile(path.join(example, file), 'utf8'), file);
  }
});

test.serial('a second environment is like the first one, in another project', async t => {
  const {environments, read} = await setUp(t);
  await environments('new', 'staging', ...needed, ...pinned, ...bucket, '--region', 'europe-west4');
  const like = ['new', 'production', ...needed, '--like', 'staging', '--project', 'another-project', '--json'];
  const {code, stdout, stderr} = await environments(...like);
  t.is(code, 0, stderr);
  t.like(JSON.parse(stdout), {
    name: 'production',
    files: ['backend.tf', 'environment.json', 'main.tf', 'outputs.tf', 'versions.tf'],
  });
  t.like(JSON.parse(await read('production', 'environment.json')), {
    project_id: 'another-project',
    region: 'europe-west4',
  });
  t.regex(await read('production', 'backend.tf'), /bucket = "your-project-holt-state"/);

  const list = await environments('list');
  t.regex(list.stdout, /^name +project +region/);
  t.regex(list.stdout, /\nproduction +another-project +europe-west4 +000000000000/);
  t.is(JSON.parse((await environments('list', '--json')).stdout).length, 2);
});

test.serial(
  'a name that is none, a folder that is there, and what Terraform would refuse are refused before anything is written',
  async t => {
    const {environments, folder, read} = await setUp(t);
    await mkdir(path.join(folder, 'taken'));
    await writeFile(path.join(folder, 'taken', 'main.tf'), 'mine');
    await mkdir(path.join(folder, 'empty'));
    const all = [...needed, ...pinned, ...bucket];
    for (const [args, words] of [
      [['new', 'taken', ...all], /taken is there already/],
      [['new', 'empty', ...all], /empty is there already/],
      [['new', '../outside', ...all], /name must be at most 15/],
      [['new', 'Data8', ...all], /name must be at most 15/],
      [['new', 'a-name-that-is-long', ...all], /name must be at most 15/],
      [['new', 'ends-', ...all], /name must be at most 15/],
      [['new', 'abc', ...all, '--shares-project'], /at least 4 characters/],
      [['new', 'x', ...all, '--project', 'P'], /project_id must be the id/],
      [['new', 'x', ...all, '--region', 'moon'], /region must be a region/],
      [['new', 'x', ...all, '--grader', `${images}/otter-grader:latest`], /images\.grader must be an image by digest/],
      [['new', 'x', ...needed, ...bucket], /images\.functions must be an image by digest/],
      [['new', 'x', ...needed, ...pinned], /Give --state-bucket/],
      [['new', 'x', ...all, '--like', 'nowhere'], /There is no environment nowhere/],
      [['new', 'x', ...all, '--lti-key', 'holt'], /--lti-key and --edx together/],
      [['new', 'x', ...all, '--hub', 'http://hub.example.edu'], /with https:\/\//],
      [['new', 'x', ...all, '--course', '8x=github.com/o/r'], /each course once/],
      [['new', 'x', ...all, '--course', 'y=gitlab.com/o/r'], /NAME=github\.com/],
      [['new', 'x', ...all, '--alert-email', 'nobody'], /an e-mail address/],
      [['new', 'x', ...pinned, ...bucket], /required option/],
    ] as const) {
      const {code, stderr} = await environments(...args);
      t.is(code, 1, args.join(' '));
      t.regex(stderr, words);
      t.notRegex(stderr, /\n {4}at /);
    }

    t.deepEqual((await readdir(folder)).sort(), ['empty', 'taken']);
    t.is(await read('taken', 'main.tf'), 'mine');
  },
);

test.serial('a root that is broken is listed with what is wrong', async t => {
  const {environments, folder} = await setUp(t);
  t.regex((await environments('list')).stdout, /There is none/);
  await environments('new', 'good', ...needed, ...pinned, ...bucket);
  await cp(path.join(folder, 'good'), path.join(folder, 'copied'), {recursive: true});
  await mkdir(path.join(folder, 'torn'));
  await writeFile(path.join(folder, 'torn', 'environment.json'), '{');
  const {stdout, code} = await environments('list');
  t.is(code, 0);
  t.regex(stdout, /copied .*says that its name is good/);
  t.regex(stdout, /torn .*is not JSON/);
});
