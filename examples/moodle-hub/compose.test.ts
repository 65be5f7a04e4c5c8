import {execFile} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {setUpPython} from '../../testing/grader.ts';
import {example, programOf, root, setUp} from '../../testing/moodle-hub/environments.ts';
import {
  type Compose,
  composeFile,
  environmentOf,
  interpolate,
  readCompose,
  readSettings,
} from '../../testing/moodle-hub/read-compose.ts';
import {secrets} from '../../testing/moodle-hub/start-example.ts';

const run = promisify(execFile);
const composeText = readFileSync(composeFile, 'utf8');
const secretNames = Object.keys(secrets).sort();
let compose: Compose;

test.before(async t => {
  t.timeout(600_000, 'the Python environments are made once');
  await setUpPython();
  await setUp('hub', 'check');
  compose = await readCompose();
});

/** Asks the Compose Specification's own schema. */
async function validate(text: string): Promise<string> {
  const running = run(programOf('check', 'check-jsonschema'), [
    '--builtin-schema',
    'vendor.compose-spec',
    '--default-filetype',
    'yaml',
    '-',
  ]);
  running.child.stdin?.end(text);
  return running.then(
    ({stdout}) => stdout,
    ({stdout}) => stdout,
  );
}

test('the compose file follows the specification', async t => {
  t.regex(await validate(composeText), /^ok/);
  for (const broken of ['restart: true', 'ports: 8000', 'depend_on: [hub]', 'security_opt: {seccomp: unconfined}']) {
    t.notRegex(await validate(composeText.replace('restart: unless-stopped', broken)), /^ok/, broken);
  }
});

test('the settings to copy are those that compose needs, and the secrets are empty', t => {
  const settings = readSettings({});
  const needed = [...composeText.matchAll(/\$\{(\w+):\?\}/g)].map(([, name = '']) => name);
  t.deepEqual(Object.keys(settings).sort(), [...new Set(needed)].sort());
  t.deepEqual(
    Object.keys(settings)
      .filter(name => settings[name] === '')
      .sort(),
    secretNames,
  );

  const known = [...composeText.matchAll(/\$\{(\w+):/g)].map(([, name]) => name);
  const offered = readFileSync(path.join(example, '.env.example'), 'utf8').matchAll(/^#? ?([A-Z_]+)=/gm);
  t.deepEqual(
    [...offered].map(([, name]) => name).filter(name => !known.includes(name)),
    [],
  );
});

test('without a secret nothing starts', t => {
  for (const name of secretNames) {
    const settings = readSettings({...secrets, [name]: ''});
    t.throws(() => interpolate(composeText, settings), {message: `${name} is needed`});
  }

  t.notRegex(interpolate(composeText, readSettings(secrets)), /\$\{/);
});

test('users reach neither the database nor Holt but through the hub', t => {
  const {services, networks} = compose;
  const on = (network: string) => Object.keys(services).filter(name => services[name]?.networks.includes(network));
  t.deepEqual(on('users'), ['hub']);
  t.deepEqual(on('database'), ['hub', 'database']);
  t.deepEqual(on('services'), ['hub', 'holt']);
  t.like(networks, {database: {internal: true}, users: {name: services.hub?.environment.USERS_NETWORK}});
  t.is(services.lab?.image, services.hub?.environment.LAB_IMAGE);
});

test('what is to stay is on volumes, and nobody but the hub controls containers', t => {
  const {services, volumes} = compose;
  const kept = Object.values(services).flatMap(service => service.volumes);
  t.deepEqual(
    Object.keys(volumes).filter(name => !kept.some(volume => volume.startsWith(`${name}:`))),
    [],
  );
  t.deepEqual(
    Object.keys(services).filter(name => services[name]?.volumes.some(volume => volume.includes('docker.sock'))),
    ['hub'],
  );
  for (const {build} of Object.values(services) as {build?: string | {context: string; dockerfile: string}}[]) {
    const file = typeof build === 'string' ? `${build}/Dockerfile` : build && `${build.context}/${build.dockerfile}`;
    t.true(file === undefined || existsSync(path.resolve(example, file)), file);
  }
});

/** Loads the hub's configuration under each environment, with a container's spawner made by it, or says why not. */
async function loadHub(environments: Record<string, string>[]): Promise<Record<string, unknown>[]> {
  const script = `
import json, os, sys
from types import SimpleNamespace
from docker.types import HostConfig
from dockerspawner import DockerSpawner
from jupyterhub.app import JupyterHub
from sqlalchemy import create_engine, make_url
answers = []
for environment in json.load(sys.stdin):
    os.environ.update(environment)
    hub = JupyterHub()
    try:
        hub.load_config_file(sys.argv[1])
    except SystemExit as ending:
        answers.append({"refused": ending.code})
        continue
    spawner = DockerSpawner(config=hub.config, user=SimpleNamespace(name="m\u00fcller.7@example.edu"), _mock=True)
    url = make_url(hub.db_url)
    answers.append({"driver": create_engine(url).driver, "password": url.password, "host": url.host,
        "spawner": hub.spawner_class.__name__, "image": spawner.image, "network": spawner.network_name,
        "folder": spawner.notebook_dir, "volumes": list(spawner.volume_binds), "name": spawner.object_name,
        "settings": hub.tornado_settings,
        "container": HostConfig(version="1.45", mem_limit=spawner.mem_limit, **spawner.extra_host_config)})
json.dump(answers, sys.stdout)
`;
  const running = run(programOf('hub', 'python'), ['-c', script, path.join(example, 'hub/jupyterhub_config.py')]);
  running.child.stdin?.end(JSON.stringify(environments));
  const {stdout, stderr} = await running;
  return [...(JSON.parse(stdout) as Record<string, unknown>[]), {stderr}];
}

const wrong: [Record<string, string>, RegExp][] = [
  [{JWT_SECRET: 'your-256-bit-secret'}, /^JWT_SECRET must have at least 32 characters/],
  [{API_TOKEN: 'token'}, /^API_TOKEN must have at least 32 characters/],
  [{POSTGRES_PASSWORD: ' '}, /^POSTGRES_PASSWORD is not set/],
  [{MOODLE_URL: ''}, /^MOODLE_URL is not set/],
  [{MOODLE_URL: 'moodle.example.edu'}, /^MOODLE_URL must be an address such as https:/],
  [{MOODLE_URL: "https://a.example; script-src 'none'"}, /^MOODLE_URL must be/],
  [{MOODLE_URL: 'https://a.example/ https://b.example'}, /^MOODLE_URL must be/],
  [{MOODLE_URL: 'https://a.example\nX-Header: b'}, /^MOODLE_URL must be/],
  [{MOODLE_URL: 'https://*'}, /^MOODLE_URL must be/],
  [{MOODLE_URL: 'https://moodle.example.edu'}, /^HUB_URL must begin with https:/],
];

test('the hub starts a container for each user, remembers in PostgreSQL, and refuses a wrong setting', async t => {
  t.timeout(120_000);
  const environment = await environmentOf('hub', readSettings(secrets));
  const inTls = {MOODLE_URL: 'https://Example.edu:8443/moodle/', HUB_URL: 'https://hub.example.edu'};
  const [loaded, ofTls, ...others] = await loadHub([
    environment,
    {...environment, ...inTls},
    ...wrong.map(([changed]) => ({...environment, ...changed})),
  ]);
  t.like(loaded, {
    driver: 'psycopg',
    password: secrets.POSTGRES_PASSWORD,
    host: 'database',
    spawner: 'DockerSpawner',
    image: 'moodle-hub-lab',
    network: 'moodle-hub-users',
    folder: '/home/jovyan/work',
    settings: {cookie_options: {}},
    container: {CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], PidsLimit: 512, Memory: 2 ** 31},
  });
  t.regex(String(loaded?.volumes), /^moodle-hub-user-[a-z0-9-]+$/);
  t.regex(String(loaded?.name), /^jupyter-[a-z0-9-]+$/);
  t.like(ofTls?.settings, {
    cookie_options: {samesite: 'None', secure: true},
    headers: {'Content-Security-Policy': 'frame-ancestors https://example.edu:8443'},
  });
  for (const [index, [changed, sentence]] of wrong.entries()) {
    t.regex(String(others[index]?.refused), sentence, JSON.stringify(changed));
  }

  t.notRegex(String(others.at(-1)?.stderr), /not recognized/);
});

test('the login of the hub is typed, strictly', async t => {
  t.timeout(300_000);
  const scripts = path.join(root, 'grader-job/python');
  const tools = path.join(root, '.holt/mypy');
  await run(`${scripts}/setup.sh`, [tools, `${scripts}/requirements-dev.txt`], {timeout: 240_000});
  const parameters = ['--strict', '--disable-error-code=import-untyped', '--python-executable'];
  const cache = ['--cache-dir', path.join(root, '.holt/mypy-cache-moodle-hub')];
  const {stdout} = await run(`${tools}/bin/python`, [
    '-m',
    'mypy',
    ...parameters,
    programOf('hub', 'python'),
    ...cache,
    path.join(example, 'hub/moodle_login.py'),
  ]).catch(error => error);
  t.regex(stdout, /^Success: no issues found/);
});
