import {execFile} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {blocksOf, commandsOf, readDocument, root} from '../testing/documents/markdown.ts';
import {hasTerraform, neededOf, outputsOf, variablesOf} from '../testing/documents/terraform.ts';

const page = 'docs/operations.md';

test('the fifth step writes an environment whose outputs the seventh prints', async t => {
  t.timeout(60_000);
  if (!hasTerraform || !existsSync(path.join(root, 'cli/commands/environments.ts'))) {
    t.log('skipped: there is no terraform/, or no command for it');
    t.pass();
    return;
  }

  const folder = mkdtempSync(path.join(tmpdir(), 'holt-step-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  const [step = ''] = blocksOf(page)
    .map(block => block.text)
    .filter(block => block.includes('environments new'));
  // What is on Google Cloud is answered here; the command itself is the real one.
  const cloud = [
    'terraform() { case "$*" in *state_bucket*) echo p-holt-state;; *) echo us-central1-docker.pkg.dev/p/holt;; esac; }',
    `gcloud() { echo sha256:${'0'.repeat(64)}; }`,
    'git() { echo 0123456; }',
    'nano() { :; }',
  ];
  const command = `${process.execPath} cli/holt.ts environments new --folder ${folder}`;
  const script = [...cloud, step.replace('npm run holt -- environments new', command)].join('\n');
  const env = {PATH: process.env.PATH, PROJECT: 'your-project', REGION: 'us-central1', NAME: 'fall'};
  await promisify(execFile)('sh', ['-euc', script], {cwd: root, env});

  const read = (file: string) => readFileSync(path.join(folder, 'fall', file), 'utf8');
  const outputs = [...read('outputs.tf').matchAll(/^output "(\w+)"/gm)].map(([, name = '']) => name);
  const named = commandsOf(page, 'terraform').flatMap(one => /environments\/.+ output -\w+ (\w+)/.exec(one)?.[1] ?? []);
  t.deepEqual(named, ['environment']);
  t.deepEqual(
    named.filter(name => !outputs.includes(name)),
    [],
  );
  // What is taken out of that output is an output of the module.
  t.regex(read('outputs.tf'), /value += module\.course_environment\n/);
  const taken = [...readDocument(page).matchAll(/json\.load\(sys\.stdin\)\["(\w+)"\]/g)].map(([, name = '']) => name);
  t.deepEqual(
    [...taken, 'outgoing_address'].filter(name => !outputsOf('modules/course-environment').includes(name)),
    [],
  );
  const given = [...read('main.tf').matchAll(/^ {2}([a-z_]+) += /gm)].map(([, name = '']) => name);
  const known = ['source', 'environment', 'project', 'region', ...variablesOf('modules/course-environment')];
  t.deepEqual(
    given.filter(name => !known.includes(name)),
    [],
  );
  t.deepEqual(
    neededOf('modules/course-environment').filter(name => !given.includes(name)),
    [],
  );
});
