import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {parseEnv, promisify} from 'node:util';
import test from 'ava';
import {Settings} from '../functions/settings.ts';
import {blocksOf, readDocument, root} from '../testing/documents/markdown.ts';

const page = 'docs/moving.md';
const rows = [...readDocument(page).matchAll(/^\|([^|]+)\|([^|]+)\|$/gm)].map(([, old = '', ours = '']) => ({
  old,
  ours,
}));
const namesIn = (cell: string) => [...cell.matchAll(/`([A-Z][A-Z\d_]{3,})`/g)].map(([, name = '']) => name);

test('every setting that a table leads to is one of Holt’s', t => {
  const named = rows.flatMap(({ours}) => namesIn(ours));
  t.true(named.length > 20);
  t.deepEqual(
    named.filter(name => !(name in Settings.shape)),
    [],
  );
});

/** What the three servers read of their environment, by what is known of them. */
const read = {
  'otter-service': [
    ...['JUPYTERHUB_SERVICE_PREFIX', 'JUPYTERHUB_API_TOKEN', 'JUPYTERHUB_API_URL', 'GCP_PROJECT_ID', 'ENVIRONMENT'],
    ...['VERBOSE_LOGGING', 'TEST_USER', 'EDX_URL', 'POST_GRADE', 'LTI_CONSUMER_KEY', 'LTI_CONSUMER_SECRET'],
    ...['GOOGLE_APPLICATION_CREDENTIALS', 'LTI13_PRIVATE_KEY', 'LTI13_CLIENT_ID', 'LTI13_KEY_ID'],
    ...['github_app_id', 'github_app_private_key', 'github_app_installation_id'],
  ],
  gofer_service: [
    ...['JUPYTERHUB_SERVICE_PREFIX', 'JUPYTERHUB_API_TOKEN', 'LTI_CONSUMER_KEY', 'LTI_CONSUMER_SECRET'],
    ...['COURSE_CONFIG_PATH', 'VOLUME_PATH'],
  ],
  'jupyterhub-gradeservice': ['ASSIGNMENTS_PATH', 'NO_AUTH', 'JWT_SECRET', 'GRADING_TIMEOUT'],
};

for (const [server, names] of Object.entries(read)) {
  test(`every setting of ${server} has a row`, t => {
    const section = readDocument(page).split(`\n## From ${server}\n`)[1]?.split('\n## ')[0] ?? '';
    const left = [...section.matchAll(/^\|([^|]+)\|/gm)].map(([, cell = '']) => cell).join(' ');
    t.deepEqual(
      names.filter(name => !left.includes(`\`${name}\``)),
      [],
    );
  });
}

test('the settings of a trial beside the old server are taken', t => {
  const [trial] = blocksOf(page).filter(({text: block}) => block.startsWith('JUPYTERHUB_SERVICE_PREFIX='));
  const settings = Settings.parse(parseEnv(trial?.text ?? ''));
  t.like(settings, {
    ...{
      JUPYTERHUB_SERVICE_PREFIX: '/services/holt_trial/',
      JUPYTERHUB_CLIENT_ID: 'service-holt_trial',
      POST_GRADE: false,
    },
  });
});

test('the loop gives Holt each activity that gradeservice has, under its numbers', async t => {
  t.timeout(60_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-moving-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  for (const activity of ['12/34', '12/35']) {
    mkdirSync(path.join(folder, activity, 'student'), {recursive: true});
    writeFileSync(path.join(folder, activity, 'lab 1; a, b.ipynb'), `{"activity": "${activity}"}`);
    writeFileSync(path.join(folder, activity, 'student/lab.ipynb'), 'not this one');
  }

  writeFileSync(path.join(folder, 'secret'), 's'.repeat(40));
  const seen: {url?: string; authorization?: string; body: string}[] = [];
  const server = createServer(async (request, response) => {
    const {url = '', headers} = request;
    seen.push({url, authorization: headers.authorization ?? '', body: await text(request)});
    response.writeHead(url.endsWith('35') ? 400 : 201).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());

  const {port} = server.address() as AddressInfo;
  const loop = blocksOf(page).find(({text: block}) => block.includes('for notebook in'))?.text ?? '';
  const script = loop
    .replace('https://holt.example.edu', `http://127.0.0.1:${port}`)
    .replace('/etc/holt/jwt-secret', path.join(folder, 'secret'))
    .replace('npm run --silent holt --', `${process.execPath} cli/holt.ts`);
  const {stdout} = await promisify(execFile)('sh', ['-c', script], {
    cwd: root,
    env: {PATH: process.env.PATH, ASSIGNMENTS_PATH: folder},
  });
  t.deepEqual(stdout.trim().split('\n'), ['201 12/34/lab 1; a, b.ipynb', '400 12/35/lab 1; a, b.ipynb']);
  t.deepEqual(
    seen.map(({url}) => url),
    ['/12/34', '/12/35'],
  );
  const {authorization = '', body = ''} = seen[0] ?? {};
  const claims = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString());
  t.like(claims, {name: 'moving', scope: 'create'});
  t.true(body.includes('{"activity": "12/34"}'));
  t.regex(body, /name="file"; filename="lab 1; a, b.ipynb"/);
});
