import {execFile} from 'node:child_process';
import {chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {places, setUpPython} from '../testing/grader.ts';
import {placeLayers} from './layers.ts';

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
const instructions = read('Dockerfile')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter(line => /^[A-Z]+ /.test(line));

const setup = fileURLToPath(new URL('python/setup.sh', import.meta.url));
const run = promisify(execFile);

const temporary = (t: {teardown: (end: () => void) => void}) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
};

test("the image's base is a build argument", t => {
  t.regex(instructions[0] ?? '', /^ARG BASE=node:24/);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's own syntax.
  t.is(instructions[1], 'FROM ${BASE} AS system');
});

test('the image takes files from the repository only', t => {
  t.deepEqual(
    instructions.filter(line => line.startsWith('ADD ') || /https?:|curl|wget/.test(line)),
    [],
  );
  const copies = instructions.filter(line => line.startsWith('COPY ') && !line.startsWith('COPY --from='));
  const sources = copies.flatMap(line => line.split(/\s+/).slice(1, -1));
  t.true(sources.length > 4);
  t.true(sources.every(source => /^(grader-job\/(python|layers)|dist\/grader-job\/main\.js)/.test(source)));
  t.true(existsSync(new URL('layers', import.meta.url)), 'a build without locks has an empty folder of them');
});

test('the image has the layers whose locks are there, where the grader looks for them', t => {
  const place = placeLayers({python: '/opt/holt/python/bin/python', scripts: '/opt/holt/job/python'});
  t.is(place, '/opt/holt/layers');
  const start = instructions.indexOf('FROM python AS layers');
  const end = instructions.findIndex((line, index) => index > start && line.startsWith('FROM '));
  const stage = instructions.slice(start, end).join('\n');
  t.true(stage.includes('COPY grader-job/layers /opt/holt/locks'));
  t.regex(stage, /-m holt_grader\.make_layer --layers \/opt\/holt\/layers --locks \/opt\/holt\/locks /);
  t.true(instructions.slice(end).includes(`COPY --from=layers ${place} ${place}`));
});

test('what installs packages is not in the image', t => {
  const last = instructions.slice(instructions.findLastIndex(line => line.startsWith('FROM ')));
  t.is(last[0], 'FROM system');
  t.deepEqual(
    last.filter(line => line.startsWith('COPY --from=')),
    ['python', 'layers'].map(name => `COPY --from=${name} /opt/holt/${name} /opt/holt/${name}`),
  );
  t.false(last.some(line => /setup\.sh|make_layer|pip/.test(line)));
});

test('the image has a sandbox and is not root unless it is built so', t => {
  t.true(instructions.some(line => /^RUN apt-get .*\bbubblewrap\b.*\butil-linux\b/.test(line)));
  t.true(instructions.includes('ARG USER_ID=10001'));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's own syntax.
  t.true(instructions.includes('USER ${USER_ID}'));
  t.is(instructions.at(-1), 'ENTRYPOINT ["/usr/bin/tini", "--", "node", "/opt/holt/job/main.js"]');
});

test('every package is pinned and hashed, and no index is named', t => {
  const lock = read('python/requirements.txt');
  const packages = lock.split(/\n(?=\S)/).filter(entry => !entry.startsWith('#'));
  t.true(packages.length > 50);
  t.deepEqual(
    packages.filter(entry => !(/^[\w.-]+(\[[\w,-]+\])?==\S+/.test(entry) && entry.includes('--hash=sha256:'))),
    [],
  );
  t.regex(lock, /^otter-grader==7\.0\.0 /m);
  t.notRegex(lock, /https?:|--index-url|--find-links|--extra-index/);
  // What the judge itself reads archives' requirements with.
  t.regex(lock, /^packaging==/m);
  t.regex(lock, /^pyyaml==/m);
  t.true(
    read('python/setup.sh')
      .split('\n')
      .filter(line => /pip install .*-r/.test(line))
      .every(line => line.includes('--require-hashes')),
  );
});

test('setting up again changes nothing', async t => {
  t.timeout(120_000);
  await setUpPython();
  const stamp = path.join(places.python, '../../.lock-sha256');
  const before = statSync(stamp).mtimeMs;
  await setUpPython();
  t.is(statSync(stamp).mtimeMs, before);
});

test('a machine without a Python that is new enough is told so', async t => {
  const folder = temporary(t);
  for (const name of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10']) {
    writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 0\n');
    chmodSync(path.join(folder, name), 0o755);
  }

  const env = {PATH: `${folder}:${process.env.PATH}`};
  const error = await t.throwsAsync<Error & {stderr: string}>(run(setup, [path.join(folder, 'made')], {env}));
  t.regex(error?.stderr ?? '', /needs Python 3\.10 or newer\. Install python3/);
});

test('a Python without its venv module is told with how to get it', async t => {
  const folder = temporary(t);
  const python = path.join(folder, 'python3');
  writeFileSync(
    python,
    '#!/bin/sh\ncase "$2" in\n*version_info*) echo "$0" ;;\n*flock*) shift 3; exec /bin/sh "$@" ;;\n*) exit 1 ;;\nesac\n',
  );
  chmodSync(python, 0o755);
  const env = {PATH: process.env.PATH, HOLT_BASE_PYTHON: python};
  const error = await t.throwsAsync<Error & {stderr: string}>(run(setup, [path.join(folder, 'made')], {env}));
  t.regex(error?.stderr ?? '', /has no venv module.*apt-get install python3-venv/);
});
