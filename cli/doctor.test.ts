import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {startCompanions} from '../emulator/companions.ts';
import {findFreePort, listen} from '../emulator/local-server.ts';
import {startGitHubServer} from '../testing/github-server.ts';
import {image, openPlatformWorld} from '../testing/run-api/world.ts';
import type {Finding} from './doctor/finding.ts';

const program = fileURLToPath(new URL('holt.ts', import.meta.url));

type Doctored = {code: number; findings: Finding[]; stdout: string; stderr: string};

/** Runs doctor as a person does, with these settings in a file; what this machine has set stays out. */
async function doctor(
  t: ExecutionContext,
  settings: Record<string, string> | undefined,
  ...args: string[]
): Promise<Doctored> {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-doctor-'));
  t.teardown(() => rm(folder, {recursive: true}));
  const file = path.join(folder, 'holt.env');
  const lines = Object.entries(settings ?? {}).map(([name, value]) => `${name}='${value}'`);
  await writeFile(file, lines.join('\n'));
  const given = [program, 'doctor', ...args, '--json', ...(settings ? ['--settings', file] : [])];
  return new Promise(resolve => {
    const options = {env: {PATH: process.env.PATH}, timeout: 150_000};
    execFile(process.execPath, given, options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      resolve({code, findings: stdout === '' ? [] : JSON.parse(stdout), stdout, stderr});
    });
  });
}

const of = ({findings}: Doctored, check: string) => findings.filter(finding => finding.check === check);
const tell = (findings: readonly Finding[]) => findings.map(({state, message}) => `${state}: ${message}`).join('\n');

async function serve(t: ExecutionContext, answer: RequestListener): Promise<string> {
  const server = await listen(createServer(answer));
  t.teardown(server.close);
  return server.url;
}

const blockId = 'a'.repeat(32);
const config = {
  '8x': {
    1: {course_id: 'UCB+Data8+2026', subpath_to_zips: 'zips', assignments: {lab01: blockId, lab02: ''}},
  },
};

/** Nobody listens here. */
const closed = `127.0.0.1:${await findFreePort()}`;

/** A hub, an LMS and GitHub, and the settings of a Holt that has them. */
async function openWorld(t: ExecutionContext) {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'holt-doctor-'));
  const secrets = {apiToken: 'the-token-of-the-service', consumerKey: 'holt', consumerSecret: 'the secret of edX'};
  const place = {prefix: '/services/otter_grade/', clientId: 'service-otter_grade', dataFolder};
  const companions = await startCompanions({...secrets, ...place});
  const github = await startGitHubServer();
  github.commit({'course-config.json': JSON.stringify(config)});
  t.teardown(async () => {
    await companions.close();
    await github.close();
    await rm(dataFolder, {recursive: true});
  });
  const settings = {
    GCP_PROJECT_ID: 'p',
    HOLT_BUCKET: 'p-holt',
    GRADER_JOB: 'projects/p/locations/r/jobs/grader',
    JUPYTERHUB_API_URL: `${companions.url}/hub/api`,
    JUPYTERHUB_API_TOKEN: secrets.apiToken,
    HOLT_HUB_ORIGIN: `http://${closed}`,
    HOLT_COURSES: '8x=github.com/staff/autograders',
    GITHUB_API_URL: github.url,
    COURSE_CONTENT_READER_APP_ID: github.appId,
    COURSE_CONTENT_READER_PRIVATE_KEY: github.privateKey,
    COURSE_CONTENT_READER_INSTALLATION_ID: github.installationId,
    LTI_CONSUMER_KEY: secrets.consumerKey,
    LTI_CONSUMER_SECRET: secrets.consumerSecret,
    EDX_URL: new URL(companions.url).host,
    EDX_BASE_URL: companions.url,
  };
  return {companions, github, settings};
}

test.serial('a deployment in order: each part says what it found, and nothing is counted anywhere', async t => {
  const {settings, companions, github} = await openWorld(t);
  const found = await doctor(t, settings);
  t.is(found.stderr, '');
  t.deepEqual(
    found.findings.filter(({state, check}) => state !== 'ok' && check !== 'holt'),
    [],
  );
  t.regex(
    tell(of(found, 'hub')),
    /ok: .* answers: JupyterHub .*\nok: The hub takes the token as that of the service otter_grade/,
  );
  t.regex(
    tell(of(found, 'courses')),
    /^ok: 8x is read from github\.com\/staff\/autograders at \w{12}: 2 assignments\.$/,
  );
  t.regex(
    tell(of(found, 'lti')),
    /^ok: The LMS takes the signature \(tried on lab01, for nobody: “User not found\.”\)/,
  );
  t.is(of(found, 'clock').length, 2);
  t.deepEqual(await (await fetch(`${companions.url}/scores`)).json(), []);
  t.true(github.requests.length > 0);
  // Nobody listens where browsers are sent, and that is the only thing wrong.
  t.is(found.code, 1);
  t.regex(tell(of(found, 'holt')), /^wrong: http:\S+\/services\/otter_grade\/submissions does not answer/);
});

test.serial('settings that are missing or wrong are named, each with where to look', async t => {
  const {settings} = await openWorld(t);
  const {HOLT_BUCKET: _, ...incomplete} = settings;
  const missing = await doctor(t, incomplete);
  t.is(missing.code, 1);
  t.regex(
    tell(of(missing, 'settings')),
    /^wrong: .*holt\.env: HOLT_BUCKET is not set: the base name of the two buckets\.$/,
  );
  t.truthy(of(missing, 'settings')[0]?.remedy);
  t.regex(tell(of(missing, 'courses')), /^ok/, 'what is there is checked');

  const wrong = await doctor(t, {...settings, HOLT_HUB_ORIGIN: 'hub', POST_GRADE: 'perhaps'});
  t.is(of(wrong, 'settings').length, 2);
  t.regex(tell(wrong.findings), /HOLT_HUB_ORIGIN/);
  t.regex(tell(wrong.findings), /POST_GRADE/);
  t.notRegex(wrong.stdout, /the secret of edX|PRIVATE KEY/);

  const unreadable = await doctor(t, undefined, '--settings', '/nowhere/holt.env');
  t.is(unreadable.code, 1);
  t.regex(unreadable.stderr, /cannot be read \(ENOENT\)/);
});

test.serial('a hub that is down, or takes no such token, is told apart', async t => {
  const {settings} = await openWorld(t);
  const hub = async (change: Record<string, string>) => tell(of(await doctor(t, {...settings, ...change}), 'hub'));
  t.regex(await hub({JUPYTERHUB_API_TOKEN: 'another'}), /^ok.*\nwrong: The hub does not take the token \(403\)/);
  t.regex(await hub({JUPYTERHUB_API_TOKEN: 'dev-alice'}), /wrong: .*the user alice, which is no service/);
  t.regex(await hub({JUPYTERHUB_API_URL: `http://${closed}/hub/api`}), /^wrong: .* does not answer \(ECONNREFUSED\)/);
  const old = await serve(t, (_, response) => response.end('{"version": "1.5.1"}'));
  t.regex(await hub({JUPYTERHUB_API_URL: old}), /^wrong: .* is JupyterHub 1\.5\.1/);
});

test.serial('a GitHub App that may not read the repository is told with what to do', async t => {
  const {settings, github} = await openWorld(t);
  const courses = async (change: Record<string, string> = {}) =>
    tell(of(await doctor(t, {...settings, ...change}), 'courses'));
  t.regex(
    await courses({COURSE_CONTENT_READER_APP_ID: '1'}),
    /^wrong: .*GitHub refuses the GitHub App 1 with installation/,
  );
  t.regex(await courses({HOLT_COURSES: '9x=github.com/staff/autograders'}), /^wrong: .*has no course "9x"/);
  github.state.installed = false;
  t.regex(await courses(), /^wrong: 8x cannot be read from github\.com\/staff\/autograders/);
  github.state.fault = {kind: 'down'};
  t.regex(await courses(), /^wrong: /);
});

test.serial('an LTI key that the LMS does not take is told apart from a line item that is not there', async t => {
  const {settings, companions, github} = await openWorld(t);
  const lti = async (change: Record<string, string> = {}) => tell(of(await doctor(t, {...settings, ...change}), 'lti'));
  t.regex(await lti({LTI_CONSUMER_SECRET: 'another'}), /^wrong: The LMS refuses the signature: OAuth/);
  t.regex(await lti({EDX_BASE_URL: `http://${closed}`}), /^wrong: The LMS gave no answer: ECONNREFUSED/);
  t.regex(await lti({POST_GRADE: 'false'}), /^skipped: Scores are not posted/);
  companions.setFault('past-due');
  t.regex(await lti(), /^skipped: Every assignment that was tried is past due/);
  companions.setFault('none');
  github.commit({'course-config.json': JSON.stringify(config).replace('UCB+Data8+2026', 'UCB/Data8')});
  t.regex(await lti(), /^wrong: The line item of lab01 is not there: The LMS answered HTTP 404/);
  t.deepEqual(await (await fetch(`${companions.url}/scores`)).json(), []);
});

test.serial('a clock that is off is told, with the direction', async t => {
  const {settings} = await openWorld(t);
  for (const [seconds, words] of [
    [120, /^wrong: This machine’s clock is 1(19|20) s behind http/m],
    [-120, /^wrong: This machine’s clock is 1(19|20) s ahead of http/m],
    [5, /^ok: /m],
  ] as const) {
    const hub = await serve(t, (_, response) => {
      response.setHeader('Date', new Date(Date.now() + seconds * 1000).toUTCString()).end('{}');
    });
    t.regex(tell(of(await doctor(t, {...settings, JUPYTERHUB_API_URL: hub}), 'clock')), words);
  }
});

test.serial('emulators that are named must answer', async t => {
  const {settings} = await openWorld(t);
  const there = await serve(t, (_, response) => response.end('Ok'));
  const change = {
    FIRESTORE_EMULATOR_HOST: new URL(there).host,
    STORAGE_ENDPOINT: there,
    PUBSUB_EMULATOR_HOST: closed,
  };
  const found = tell(of(await doctor(t, {...settings, ...change}), 'emulators'));
  t.regex(found, /ok: FIRESTORE_EMULATOR_HOST/);
  t.regex(found, /ok: STORAGE_ENDPOINT/);
  t.regex(found, /wrong: PUBSUB_EMULATOR_HOST: \S+ does not answer \(ECONNREFUSED\)/);
});

test.serial('an address that is no Holt says what it answered; settings are left alone then', async t => {
  const gateway = await serve(t, (_, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'));
  const found = await doctor(t, undefined, gateway);
  t.is(found.code, 1);
  t.regex(tell(of(found, 'holt')), /^wrong: .*answers 502, which is not Holt’s answer to a stranger/);
  t.deepEqual(of(found, 'settings'), []);
  t.regex((await doctor(t, undefined, 'hub.example.edu')).stderr, /Give an address/);
});

test.serial('an environment on Google Cloud: each part, its settings and its release', async t => {
  const {addEnvironment, holt, server, nameOf} = await openPlatformWorld(t);
  await addEnvironment('production', 'a');
  const project = 'production-project';
  const set = (name: string, variables: Record<string, string | null>) => {
    const env = Object.entries(variables).map(([key, value]) => ({
      name: key,
      ...(value === null ? {valueSource: {secretKeyRef: {secret: key.toLowerCase(), version: '1'}}} : {value}),
    }));
    Object.assign(server.services.get(nameOf(project, 'services', name))?.template.containers[0] ?? {}, {env});
  };
  const common = {GCP_PROJECT_ID: project, HOLT_BUCKET: `${project}-holt`};
  const job = nameOf(project, 'jobs', 'grader');
  for (const name of ['record', 'passback', 'audit']) {
    set(name, common);
  }

  set('sweep', {...common, GRADER_JOB: job});
  set('exchange', {...common, HOLT_JWT_SECRET: null});
  const app = {
    COURSE_CONTENT_READER_APP_ID: '1',
    COURSE_CONTENT_READER_PRIVATE_KEY: null,
    COURSE_CONTENT_READER_INSTALLATION_ID: '2',
  };
  set('dispatch', {...common, ...app, HOLT_COURSES: '8x=github.com/o/r', GRADER_JOB: job});
  const good = await holt('doctor', '--environment', 'production');
  t.is(good.code, 0, good.stdout);
  t.regex(good.stdout, /ok +release +All functions run aaaaaaaaaaaa/);
  t.is(good.stdout.match(/ok +settings/g)?.length, 6);

  set('dispatch', {...common, ...app, HOLT_COURSES: '8x=github.com/o/r', GRADER_JOB: job.replace('grader', 'other')});
  set('exchange', common);
  server.setImage(nameOf(project, 'services', 'record'), image('functions', 'b'));
  server.services.delete(nameOf(project, 'services', 'sweep'));
  const bad = await holt('doctor', '--environment', 'production');
  t.is(bad.code, 1);
  t.regex(bad.stdout, /wrong +settings +dispatch: GRADER_JOB is .*other/);
  t.regex(bad.stdout, /wrong +settings +exchange: Nobody could log in/);
  t.regex(bad.stdout, /wrong +release +The functions run several images/);
  t.regex(bad.stdout, /wrong +run +There is no sweep/);
  t.regex(bad.stdout, /→ Apply the environment’s root/);
});
