import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import test from 'ava';
import {endProcesses, findDescendants} from '../../emulator/hub/processes.ts';
import {setUpPython} from '../../testing/grader.ts';
import {example, root} from '../../testing/moodle-hub/environments.ts';

const read = (file: string) => readFileSync(path.join(example, file), 'utf8');
const instructionsOf = (file: string) =>
  read(file)
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter(line => /^[A-Z]+ /.test(line));
const contexts = {hub: path.join(example, 'hub'), lab: path.join(example, 'lab'), holt: root};
const images = Object.keys(contexts) as (keyof typeof contexts)[];

/** What an image takes from its context, each with where it goes. */
const copiesOf = (image: string): [source: string, target: string][] =>
  instructionsOf(`${image}/Dockerfile`)
    .filter(line => line.startsWith('COPY '))
    .flatMap(line => {
      const parts = line.split(/\s+/).slice(1);
      const target = parts.at(-1) ?? '';
      return parts
        .slice(0, -1)
        .map((source): [string, string] => [
          source,
          target.endsWith('/') ? path.join(target, path.basename(source)) : target,
        ]);
    });

for (const image of images) {
  test(`the image ${image} is made from files that are there, and from packages that are locked`, t => {
    const instructions = instructionsOf(`${image}/Dockerfile`);
    t.regex(instructions[0] ?? '', /^ARG BASE=(node:24|python:3\.13)/);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's own syntax.
    t.is(instructions[1], 'FROM ${BASE}');
    t.deepEqual(
      instructions.filter(line => line.startsWith('ADD ') || /https?:|curl|wget|--index-url|npm install/.test(line)),
      [],
    );
    t.deepEqual(
      instructions.filter(line => /pip install/.test(line) && !line.includes('--require-hashes')),
      [],
    );
    const copies = copiesOf(image);
    t.true(copies.length > 1);
    t.deepEqual(
      copies.map(([source]) => source).filter(source => !existsSync(path.join(contexts[image], source))),
      [],
    );
  });
}

test('students’ code and Holt are not root', t => {
  t.is(
    instructionsOf('lab/Dockerfile')
      .filter(line => line.startsWith('USER '))
      .at(-1),
    'USER jovyan',
  );
  t.is(
    instructionsOf('holt/Dockerfile')
      .filter(line => line.startsWith('USER '))
      .at(-1),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Docker's own syntax.
    'USER ${USER_ID}',
  );
});

const packagesOf = (lock: string) => lock.split(/\n(?=\S)/).filter(entry => !entry.startsWith('#'));
const versionsOf = (lock: string, name: string) =>
  [...lock.matchAll(new RegExp(`^${name}==(\\S+)`, 'gm'))].map(([, version]) => version);

for (const lock of ['hub/requirements.txt', 'lab/requirements.txt', 'requirements-dev.txt']) {
  test(`${lock} pins and hashes every package, and names no index`, t => {
    const text = read(lock);
    t.true(packagesOf(text).length > 10);
    t.deepEqual(
      packagesOf(text).filter(
        entry => !(/^[\w.-]+(\[[\w,-]+\])?==\S+/.test(entry) && entry.includes('--hash=sha256:')),
      ),
      [],
    );
    t.notRegex(text, /https?:|--index-url|--find-links|--extra-index/);
  });
}

test('the hub’s proxy is pinned and hashed, and no registry is named', t => {
  const lock: {packages: Record<string, {integrity?: string; resolved?: string}>} = JSON.parse(
    read('hub/package-lock.json'),
  );
  const packages = Object.entries(lock.packages).filter(([name]) => name !== '');
  t.true(packages.some(([name]) => name.endsWith('/configurable-http-proxy')));
  t.deepEqual(
    packages.filter(([, {integrity, resolved}]) => !integrity?.startsWith('sha512-') || resolved),
    [],
  );
});

test('a user has the hub’s JupyterHub, the Submit button, and the packages that grade', t => {
  const lab = read('lab/requirements.txt');
  t.deepEqual(versionsOf(lab, 'jupyterhub'), versionsOf(read('hub/requirements.txt'), 'jupyterhub'));
  t.deepEqual(versionsOf(lab, 'otter-submit'), ['0.1.17']);
  const grader = readFileSync(path.join(root, 'grader-job/python/requirements.txt'), 'utf8');
  for (const name of ['otter-grader', 'numpy', 'pandas', 'matplotlib']) {
    t.true(versionsOf(grader, name).length > 0);
    t.deepEqual(versionsOf(lab, name), versionsOf(grader, name), name);
  }
});

test('Holt starts from what its image has, and without a secret it does not', async t => {
  t.timeout(120_000);
  await setUpPython();
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-image-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  for (const [source, target] of copiesOf('holt')) {
    cpSync(path.join(root, source), path.join(folder, target), {recursive: true});
  }

  mkdirSync(path.join(folder, '.holt'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  symlinkSync(path.join(root, '.holt/python'), path.join(folder, '.holt/python'));
  const env = {
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    HOLT_DATA: path.join(folder, 'data/store'),
    HOLT_LAYERS: path.join(folder, 'data/layers'),
    HOLT_COURSES: `demo=${path.join(folder, 'demo-course')}`,
    HOLT_HUB_ORIGIN: 'http://localhost:8000',
    JUPYTERHUB_API_URL: 'http://127.0.0.1:9/hub/api',
    PORT: '0',
  };
  const start = path.join(folder, 'start.sh');
  const refused = spawn(start, [], {cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe']});
  const [said] = await once(createInterface({input: refused.stderr}), 'line');
  t.regex(said, /JWT_SECRET: ?is not set/);

  const holt = spawn(start, [], {
    cwd: folder,
    env: {...env, JWT_SECRET: 'j'.repeat(40)},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(async () => endProcesses([...(await findDescendants(holt.pid ?? 0)), holt.pid ?? 0], 0));
  const lines: string[] = [];
  createInterface({input: holt.stderr}).on('line', line => lines.push(line));
  const output = createInterface({input: holt.stdout}).on('line', line => lines.push(line));
  const ended = once(holt, 'exit').then(() => lines.join('\n'));
  const ready = (async () => {
    for await (const line of output) {
      if (line.startsWith('ready ')) {
        return line;
      }
    }

    return ended;
  })();
  t.regex(await ready, /^ready http:/);
});
