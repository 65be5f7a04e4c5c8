import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as wait} from 'node:timers/promises';
import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {logInByForm, openSession} from '../../testing/browser/hub-session.ts';
import {python, setUpHub} from '../../testing/browser/test-hub.ts';
import {findDescendants, isRunning} from './processes.ts';
import {startHub} from './start-hub.ts';

const options = {python, port: 0, serviceUrl: 'http://127.0.0.1:9', apiToken: 'a-secret', password: 'otters-den'};
let dataFolder: string;

test.before(async t => {
  t.timeout(600_000, 'the hub’s Python environment is made once');
  await setUpHub();
  dataFolder = await mkdtemp(path.join(tmpdir(), 'holt-hub-'));
});

test.after.always(() => rm(dataFolder, {recursive: true, force: true}));

const until = async (isDone: () => boolean | Promise<boolean>, what: string) => {
  for (const deadline = performance.now() + 30_000; !(await isDone()); await wait(50)) {
    if (performance.now() > deadline) {
      throw new Error(`not within 30 seconds: ${what}`);
    }
  }
};

test('a port in use is named', async t => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const {port} = server.address() as AddressInfo;
  const error = await t.throwsAsync(startHub({...options, port, dataFolder}), {instanceOf: HoltError});
  t.regex(error.message, new RegExp(`Port ${port} is in use`));
});

test('without its Python environment it says what to run', async t => {
  const error = await t.throwsAsync(startHub({...options, python: dataFolder, dataFolder}), {instanceOf: HoltError});
  t.regex(error.message, /setup\.sh/);
});

test('a hub that cannot start shows the end of its log', async t => {
  const folder = path.join(dataFolder, 'short');
  const started = startHub({...options, password: 'short', dataFolder: folder});
  const error = await t.throwsAsync(started, {instanceOf: HoltError});
  t.regex(error.message, /user_password must be at least 8 characters/);
});

test('no process outlives the one that started the hub, users’ servers included', async t => {
  // A process of its own, so that it can be killed without a chance to tidy up.
  const folder = path.join(dataFolder, 'killed');
  const script = `
    const {startHub} = await import(${JSON.stringify(path.join(import.meta.dirname, 'start-hub.ts'))});
    const hub = await startHub(${JSON.stringify({...options, dataFolder: folder, notebooks: [import.meta.filename]})});
    console.log(hub.url);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => parent.kill('SIGKILL'));
  const [url] = (await once(createInterface({input: parent.stdout}), 'line')) as [string];

  const session = openSession(url);
  await logInByForm(session, {username: 'mona lisa', password: options.password});
  const {status} = await session.send('/hub/api/users/mona%20lisa/server', {json: {}});
  t.true(status === 201 || status === 202, `the server's start was answered ${status}`);

  const findFamily = () => findDescendants(parent.pid ?? 0);
  await until(async () => (await findFamily()).length > 2, 'a user’s server beside proxy and hub');
  const family = await findFamily();
  t.deepEqual(
    await readdir(path.join(folder, 'homes/user-mona%20lisa')).then(names =>
      names.filter(name => name.endsWith('.ts')),
    ),
    [path.basename(import.meta.filename)],
  );

  parent.kill('SIGKILL');
  await until(() => !family.some(isRunning), `the end of ${family}`);
  t.pass();
});
