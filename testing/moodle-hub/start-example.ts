import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as wait} from 'node:timers/promises';
import {endProcesses, findDescendants} from '../../emulator/hub/processes.ts';
import {findFreePort} from '../../emulator/local-server.ts';
import {example, programOf, root} from './environments.ts';
import {environmentOf, readSettings} from './read-compose.ts';

export const secrets = {JWT_SECRET: 'j'.repeat(40), API_TOKEN: 'a'.repeat(40), POSTGRES_PASSWORD: 'p@ss/word'};

/** Runs a program until it is told to end, or whoever started it is gone: its standard input closes. */
const untilInputEnds = 'exec 3<&0; { cat <&3; kill $$; } >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';

export type Example = {
  /** Where the hub answers; a TLS proxy would stand before it when `HUB_URL` is https. */
  url: string;
  /** What the hub logged so far. */
  log: () => string;
  close: () => Promise<void>;
};

/**
 * Starts the example without containers: the hub by its own configuration, a process for each user instead of a
 * container, SQLite instead of PostgreSQL, and Holt by its own start script.
 */
export async function startExample(settings: {MOODLE_URL: string; HUB_URL?: string}): Promise<Example> {
  const [port, proxyPort, hubPort, holtPort] = await Promise.all([0, 0, 0, 0].map(findFreePort));
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-moodle-hub-'));
  const url = `http://127.0.0.1:${port}`;
  const given = readSettings({...secrets, HUB_URL: url, ...settings});
  const hubUrl = `http://127.0.0.1:${hubPort}`;
  const lines: string[] = [];
  const start = (command: string, parameters: string[], options: {cwd: string; env: Record<string, string>}) => {
    const child = spawn('sh', ['-c', untilInputEnds, 'sh', command, ...parameters], options);
    child.stdin.on('error', () => {});
    createInterface({input: child.stdout}).on('line', line => lines.push(line));
    createInterface({input: child.stderr}).on('line', line => lines.push(line));
    return child;
  };

  const PATH = `${path.join(root, 'node_modules/.bin')}:${path.dirname(programOf('hub', 'python'))}:${process.env.PATH}`;
  const holt = start(path.join(example, 'holt/start.sh'), [], {
    cwd: root,
    env: {
      PATH,
      ...(await environmentOf('holt', given)),
      HOST: '127.0.0.1',
      PORT: String(holtPort),
      HOLT_DATA: path.join(folder, 'holt'),
      HOLT_LAYERS: path.join(folder, 'layers'),
      HOLT_COURSES: `demo=${path.join(root, 'testing/fixtures/otter-lab/autograders')}`,
      JUPYTERHUB_API_URL: `${hubUrl}/hub/api`,
    },
  });
  const overrides = {
    'JupyterHub.bind_url': url,
    'JupyterHub.hub_bind_url': hubUrl,
    'JupyterHub.hub_connect_url': hubUrl,
    'JupyterHub.db_url': `sqlite:///${path.join(folder, 'hub.sqlite')}`,
    'JupyterHub.spawner_class': 'simple',
    'ConfigurableHTTPProxy.api_url': `http://127.0.0.1:${proxyPort}`,
    'SimpleLocalProcessSpawner.home_dir_template': path.join(folder, 'homes/{username}'),
    'Spawner.cmd': await writeServer(folder),
  };
  const hub = start(
    programOf('hub', 'jupyterhub'),
    ['--config', path.join(example, 'hub/jupyterhub_config.py')].concat(
      Object.entries(overrides).map(([name, value]) => `--${name}=${value}`),
    ),
    {
      cwd: folder,
      env: {
        PATH,
        HOME: folder,
        LANG: 'C.UTF-8',
        ...(await environmentOf('hub', given)),
        COOKIE_SECRET_FILE: path.join(folder, 'cookie-secret'),
        HOLT_URL: `http://127.0.0.1:${holtPort}`,
      },
    },
  );

  const close = async () => {
    await Promise.all([hub, holt].map(end));
    await rm(folder, {recursive: true, force: true, maxRetries: 3});
  };
  // Through the hub's proxy to Holt: the hub adds this way last.
  const isUp = () =>
    fetch(`${url}/services/otter_grade/`, {redirect: 'manual'}).then(
      ({status}) => status < 400,
      () => false,
    );
  for (const deadline = performance.now() + 90_000; !(await isUp()); await wait(100)) {
    if (hub.exitCode !== null || holt.exitCode !== null || performance.now() > deadline) {
      await close();
      throw new Error(`The example did not start:\n${lines.slice(-30).join('\n')}`);
    }
  }

  return {url, log: () => lines.join('\n'), close};
}

/** Writes what a user's container does: JupyterLab with the image's configuration. */
async function writeServer(folder: string): Promise<string> {
  const program = path.join(folder, 'server.sh');
  const parameters = `--ServerApp.root_dir="$PWD" --allow-root "$@"`;
  await mkdir(path.join(folder, 'homes'));
  await writeFile(
    program,
    `#!/bin/sh\nJUPYTER_CONFIG_PATH='${example}/lab' exec '${programOf('lab', 'jupyterhub-singleuser')}' ${parameters}\n`,
  );
  await chmod(program, 0o755);
  return program;
}

/** Ends a program in order, and whatever it leaves by force. */
async function end(child: ChildProcess): Promise<void> {
  const {pid} = child;
  if (pid === undefined || child.exitCode !== null) {
    return;
  }

  const family = await findDescendants(pid);
  const ended = once(child, 'exit');
  child.stdin?.end();
  await Promise.race([ended, wait(15_000, undefined, {ref: false})]);
  await endProcesses([pid, ...family]);
}
