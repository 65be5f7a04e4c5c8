import {execFile, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {openLocalAccount} from '../emulator/google/local-account.ts';
import {settingsOf, targets} from '../functions/settings.ts';
import {need} from '../testing/need.ts';
import {elsewhere, listBuckets, listOverrides, listTopics, settingsFor} from './names/code.ts';
import {type Code, findDifferences} from './names/compare.ts';
import {type Deployment, readDeployment} from './names/deployment.ts';
import {nameMutations} from './names/mutations.ts';
import {planEnvironments} from './names/plan-environments.ts';

const run = promisify(execFile);
const root = path.dirname(import.meta.dirname);
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const lacksTool = ['terraform', 'go', 'npm'].find(tool => spawnSync(tool, ['version']).error);
const tools = {what: lacksTool ?? '', get: `install ${lacksTool}`, isMissing: lacksTool !== undefined};

/** Further settings of course-environment/settings.tf, as they are written there. */
const further = Object.fromEntries(
  [
    ...(
      /further_settings = \{([\s\S]*?)\n {2}\}/.exec(read('terraform/modules/course-environment/settings.tf'))?.[1] ??
      ''
    ).matchAll(/(\w+) += \[([^\]]*)\]/g),
  ].map(([, name = '', list = '']) => [name, [...list.matchAll(/"(\w+)"/g)].map(([, setting = '']) => setting)]),
);

/** A value for each further setting that needs another one than `1`. */
const samples: Record<string, string> = {
  EDX_BASE_URL: 'https://lms.example.edu',
  HOLT_GOFER_PREFIX: '/services/gofer/',
  HOLT_TRUST_CLAIMED_USER: 'false',
  JUPYTERHUB_SERVICE_PREFIX: '/services/otter/',
  MAX_NOTEBOOK_BYTES: '1000',
  BODY_MEMORY_BYTES: '1000',
  MOODLE_TOKEN_SCOPES: 'required',
  MOODLE_SHOW_HIDDEN_OUTPUT: 'false',
  POST_GRADE: 'true',
};
/** Only one key of a kind is believed, so these stand in an environment of their own. */
const instead = ['HOLT_JWT_PUBLIC_KEY'];
const furtherSettings = Object.entries(further).map(
  ([name, settings]) =>
    `${name} = { ${settings
      .filter(setting => !instead.includes(setting))
      .map(setting => `${setting} = "${samples[setting] ?? '1'}"`)
      .join(', ')} }`,
);

const common = `
  project_id   = "names-project"
  region       = "europe-west1"
  images       = {
    functions = "europe-docker.pkg.dev/p/holt/functions@sha256:${'0'.repeat(64)}"
    grader    = "europe-docker.pkg.dev/p/holt/otter-grader@sha256:${'1'.repeat(64)}"
  }
  courses      = { "8x" = "github.com/your-org/8x-autograders" }
  alert_emails = ["staff@example.edu"]`;
const github = 'github = { app_id = "1", installation_id = "2" }';
const hub = 'hub = { api_url = "https://hub.example.edu/hub/api", origins = ["https://hub.example.edu"] }';

/** Environments that differ in all that can be chosen. */
const environments: Record<string, {prefix: string; text: string}> = {
  whole: {
    prefix: 'data8-',
    text: `
  name           = "data8"
  shares_project = true
  hub            = { api_url = "https://hub.example.edu:8443/hub/api", origins = ["https://hub.example.edu"], gofer_token_version = 2 }
  moodle         = { wait_seconds = 300 }
  github         = {
    app_id          = "1"
    installation_id = "2"
    api_url         = "https://github.example.edu/api/v3"
    hosts           = ["github.example.edu"]
  }
  tokens         = { audience = "holt" }
  lti            = { consumer_key = "k", edx_host = "edge.edx.org", hosts = ["lms.example.edu"] }
  admins         = ["prof", "ta"]
  settings       = { ${furtherSettings.join(', ')} }`,
  },
  hub: {prefix: '', text: `  name = "hub"\n  ${hub}\n  ${github}`},
  moodle: {prefix: '', text: `  name = "moodle"\n  moodle = {}\n  ${github}`},
  key: {
    prefix: '',
    text: `  name = "key"\n  ${hub}\n  ${github}\n  settings = { exchange = { HOLT_JWT_PUBLIC_KEY = "key" } }`,
  },
};

const folder = mkdtempSync(path.join(tmpdir(), 'holt-names-'));
process.env.GOOGLE_APPLICATION_CREDENTIALS = openLocalAccount(folder, 'p').file;
const planned: Record<string, Deployment> = {};
let hubConfig = '';

test.before('plan every environment', async t => {
  if (lacksTool) {
    return;
  }

  t.timeout(300_000);
  const texts = Object.fromEntries(Object.entries(environments).map(([name, {text}]) => [name, `${common}\n${text}`]));
  for (const [name, plan] of Object.entries(await planEnvironments(root, texts))) {
    planned[name] = readDeployment(plan);
    hubConfig = name === 'whole' ? String(plan.outputs.hub_config) : hubConfig;
  }
});

test.after.always('remove', () => rmSync(folder, {recursive: true, force: true}));

/** What the code names, for an environment's prefix and the settings that it gives. */
async function readCode(deployment: Deployment, prefix: string): Promise<Code> {
  const {HOLT_BUCKET} = deployment.functions.find(({target}) => target === 'exchange')?.environment ?? {};
  const [, entryPoint = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(read('grader-job/Dockerfile')) ?? [];
  return {
    topics: await listTopics(prefix),
    buckets: await listBuckets({HOLT_BUCKET}, prefix),
    jobEntryPoint: JSON.parse(entryPoint),
    jobSettings: [...new Set(read('grader-job/main.ts').match(/\bHOLT_[A-Z_]+\b/g))],
  };
}

for (const [name, {prefix}] of Object.entries(environments)) {
  test.serial(`Terraform and the code agree on every name, in an environment with ${name}`, async t => {
    const deployment = planned[name];
    if (need(t, tools) || !deployment) {
      return;
    }

    t.deepEqual(findDifferences(deployment, await readCode(deployment, prefix), prefix), []);
  });
}

test.serial('every setting of the code can be given by Terraform, and Terraform offers no other', t => {
  const deployment = planned.whole;
  if (need(t, tools) || !deployment) {
    return;
  }

  for (const target of targets) {
    const given = Object.keys(deployment.functions.find(one => one.target === target)?.environment ?? {});
    const wanted = settingsFor(target).filter(setting => !(setting in elsewhere));
    // What every function reads and only some need is not given to all.
    const everywhere = target === 'exchange' || target === 'dispatch' ? [] : ['HOLT_BUCKET'];
    const offered = [...given, ...instead.filter(setting => settingsFor(target).includes(setting))];
    t.deepEqual(
      wanted.filter(setting => !offered.includes(setting) && !everywhere.includes(setting)),
      [],
      target,
    );
  }

  t.deepEqual(
    Object.keys(elsewhere).filter(setting => !targets.some(target => settingsFor(target).includes(setting))),
    [],
  );
});

test.serial('a name that only one side knows is found', async t => {
  const deployment = planned.whole;
  if (need(t, tools) || !deployment) {
    return;
  }

  const code = await readCode(deployment, 'data8-');
  for (const {says, edit, code: change} of nameMutations) {
    const copy = structuredClone(deployment);
    edit?.(copy);
    const found = findDifferences(copy, {...code, ...change?.(code)}, 'data8-');
    t.true(
      found.some(difference => says.test(difference)),
      `${says} was not said, but: ${found.join('; ')}`,
    );
  }
});

test.serial('the grading program starts with what Terraform and dispatch give it, and not with less', async t => {
  if (need(t, tools)) {
    return;
  }

  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const given = {...planned.whole?.job.environment, PATH: process.env.PATH};
  const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.json`;
  const overrides = Object.fromEntries((await listOverrides()).map(name => [name, index]));
  const start = (env: NodeJS.ProcessEnv) =>
    run(process.execPath, [path.join(root, 'grader-job/main.ts')], {env, timeout: 60_000}).catch(error => error);
  t.regex((await start(given)).stdout, /a setting is missing or wrong: .*MANIFEST_INDEX_URL/s);
  t.notRegex((await start({...given, ...overrides})).stdout, /a setting is missing/);
  t.true(asked.includes('/index.json'), 'it asks for its work where dispatch says');
});

test.serial('what the hub’s administrator pastes is Python, and names the services as Holt does', t => {
  const python = {what: 'Python', get: 'install python3', isMissing: spawnSync('python3', ['-V']).error !== undefined};
  if (need(t, tools) || need(t, python)) {
    return;
  }

  const program = [
    'import builtins, io, json, sys, types',
    "builtins.open = lambda file: io.StringIO(f'content of {file}\\n')",
    'c = types.SimpleNamespace(JupyterHub=types.SimpleNamespace())',
    'exec(sys.stdin.read())',
    'print(json.dumps([c.JupyterHub.services, c.JupyterHub.load_roles]))',
  ].join('\n');
  const {stdout, stderr} = spawnSync('python3', ['-c', program], {input: hubConfig, encoding: 'utf8'});
  const [services, [role]] = JSON.parse(stdout || `"${stderr}"`);
  const settings = settingsOf.exchange.parse({});
  t.like(services, {length: 2});
  for (const [name, prefix, client, token] of [
    ['otter_grade', settings.JUPYTERHUB_SERVICE_PREFIX, settings.JUPYTERHUB_CLIENT_ID, 'hub-token'],
    ['gofer_nb', settings.HOLT_GOFER_PREFIX, settings.HOLT_GOFER_CLIENT_ID, 'gofer-token'],
  ]) {
    const service = services.find((one: {name: string}) => `service-${one.name}` === client);
    t.like(service, {name, api_token: `content of /etc/holt/${token}`, oauth_redirect_uri: `${prefix}oauth_callback`});
    t.true(role.scopes.includes(`access:services!service=${name}`));
  }
});

test('the image runs what the job is told to run, and the functions’ image the server of functions', t => {
  t.regex(read('grader-job/Dockerfile'), /^COPY dist\/grader-job\/main\.js \/opt\/holt\/job\/main\.js$/m);
  t.regex(read('functions/Dockerfile'), /^COPY dist\/functions \.\/$[\s\S]*^CMD \["node", "serve\.js"\]$/m);
  const build = read('build.ts');
  t.true(/functions\/serve/.test(build) && /grader-job\/main/.test(build));
});
