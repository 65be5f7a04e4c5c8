import {execFile, spawn} from 'node:child_process';
import {copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {parseEnv, promisify} from 'node:util';
import test from 'ava';
import {endProcesses, findDescendants} from '../emulator/hub/processes.ts';
import {readConfig} from '../functions/config.ts';
import {Settings} from '../functions/settings.ts';
import {blocksOf, root} from '../testing/documents/markdown.ts';
import {setUpPython} from '../testing/grader.ts';
import {programOf, setUp} from '../testing/moodle-hub/environments.ts';
import {type Compose, interpolate, readCompose} from '../testing/moodle-hub/read-compose.ts';

const run = promisify(execFile);
const file = path.join(root, 'compose.yaml');
const text = readFileSync(file, 'utf8');
const offered = readFileSync(path.join(root, '.env.example'), 'utf8');
const example = parseEnv(offered) as Record<string, string>;
const given = {...example, JUPYTERHUB_API_TOKEN: 'f'.repeat(64)};
let compose: Compose;

test.before(async t => {
  t.timeout(600_000, 'the Python environments are made once');
  await setUpPython();
  await setUp('check');
  compose = await readCompose(file);
});

/** Asks the Compose Specification's own schema. */
async function validate(content: string): Promise<string> {
  const parameters = ['--builtin-schema', 'vendor.compose-spec', '--default-filetype', 'yaml', '-'];
  const running = run(programOf('check', 'check-jsonschema'), parameters);
  running.child.stdin?.end(content);
  return running.then(
    ({stdout}) => stdout,
    ({stdout}) => stdout,
  );
}

test('the compose file follows the specification', async t => {
  t.regex(await validate(text), /^ok/);
  for (const broken of ['restart: true', 'depend_on: [hub]', 'security_opt: {seccomp: unconfined}']) {
    t.notRegex(await validate(text.replace('restart: unless-stopped', broken)), /^ok/, broken);
  }
});

test('every setting that is offered is one of Holt’s or of the compose file', t => {
  const known = [...text.matchAll(/\$\{(\w+):/g)].map(([, name = '']) => name);
  const names = [...offered.matchAll(/^#? ?([A-Z_]+)=/gm)].map(([, name = '']) => name);
  t.deepEqual(
    names.filter(name => !(name in Settings.shape) && !known.includes(name)),
    [],
  );
  t.true(names.length > 8);
  const needed = [...text.matchAll(/\$\{(\w+):\?\}/g)].map(([, name = '']) => name);
  t.deepEqual(Object.keys(example).sort(), needed.sort());
});

test('without the token nothing starts, and it is the only thing to fill in', t => {
  t.throws(() => interpolate(text, example), {message: 'JUPYTERHUB_API_TOKEN is needed'});
  t.notRegex(interpolate(text, given), /\$\{/);
});

/** What the container finds in its environment. */
const environmentOf = (settings: Record<string, string>): Record<string, string> => ({
  ...settings,
  ...Object.fromEntries(
    Object.entries(compose.services.holt?.environment ?? {}).map(([name, value]) => [
      name,
      interpolate(value, settings),
    ]),
  ),
});

test('Holt takes the settings that compose gives it', t => {
  t.like(readConfig('all', environmentOf(given)), {
    ...{HOLT_ENGINE: 'embedded', HOST: '0.0.0.0', HOLT_DATA: '/data/store', PROXY_HOPS: 1, PORT: 8080},
    ...{HOLT_HUB_ORIGIN: ['https://hub.example.edu'], HOLT_COURSES: 'demo=/opt/holt/demo-course'},
  });
  t.throws(() => readConfig('all', environmentOf({...given, HOLT_HUB_ORIGIN: 'hub'})), {message: /^HOLT_HUB_ORIGIN/});
});

test('what it keeps is on a volume, it is not root, and only this machine reaches it unless it is said', t => {
  const {services, volumes} = compose;
  t.deepEqual(Object.keys(services), ['holt']);
  t.deepEqual(Object.keys(volumes), ['holt']);
  const holt: Record<string, unknown> = services.holt ?? {};
  t.deepEqual(holt.volumes, ['holt:/data', './courses:/courses:ro']);
  t.deepEqual(holt.cap_drop, ['ALL']);
  const [port = ''] = holt.ports as string[];
  t.is(interpolate(port, given), '127.0.0.1:8080:8080');
  const {context, dockerfile} = holt.build as {context: string; dockerfile: string};
  const image = readFileSync(path.join(root, context, dockerfile), 'utf8');
  t.regex(image, /^USER (?!root)/m);
  const paths = [...image.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
  t.deepEqual(
    paths.filter(source => !existsSync(path.join(root, source))),
    [],
  );
});

test('the container’s command starts Holt, and its health check sees it', async t => {
  t.timeout(120_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-classroom-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  const {entrypoint, healthcheck} = compose.services.holt as unknown as {
    entrypoint: string[];
    healthcheck: {test: string[]};
  };
  t.is(entrypoint[0], '/usr/bin/tini');
  const [program = '', ...parameters] = entrypoint.slice(entrypoint.indexOf('--') + 1);
  const env = {
    ...environmentOf(given),
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    HOLT_DATA: path.join(folder, 'store'),
    HOLT_LAYERS: path.join(folder, 'layers'),
    HOLT_COURSES: `demo=${path.join(root, 'testing/fixtures/otter-lab/autograders')}`,
    HOST: '127.0.0.1',
    PORT: '0',
  };
  const holt = spawn(program, parameters, {cwd: root, env, stdio: ['ignore', 'pipe', 'inherit']});
  t.teardown(async () => endProcesses([...(await findDescendants(holt.pid ?? 0)), holt.pid ?? 0], 0));
  let url = '';
  for await (const line of createInterface({input: holt.stdout})) {
    if (line.startsWith('ready ')) {
      url = line.slice('ready '.length);
      break;
    }
  }

  const [, , ...check] = healthcheck.test;
  const look = (address: string) =>
    run(
      process.execPath,
      check.map(part => part.replace('http://127.0.0.1:8080', address)),
    ).then(
      () => 'healthy',
      () => 'not healthy',
    );
  t.is(await look(url), 'healthy');
  t.is(await look('http://127.0.0.1:9'), 'not healthy');
});

test('the first two steps make settings that compose takes, and keep a token that is there', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-steps-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  copyFileSync(path.join(root, '.env.example'), path.join(folder, '.env.example'));
  const [steps] = blocksOf('docs/classroom.md');
  const [copy = '', make = ''] = steps?.text.split('\n') ?? [];
  const read = () => readFileSync(path.join(folder, '.env'), 'utf8');
  await run('sh', ['-c', copy], {cwd: folder});
  await run('sh', ['-c', make], {cwd: folder});
  const before = read();
  t.regex(before, /^JUPYTERHUB_API_TOKEN=[0-9a-f]{64}$/m);
  await run('sh', ['-c', make], {cwd: folder});
  t.is(read(), before);
  t.notRegex(interpolate(text, parseEnv(before) as Record<string, string>), /\$\{/);
});
