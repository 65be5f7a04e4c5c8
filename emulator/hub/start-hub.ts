import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as wait} from 'node:timers/promises';
import {HoltError} from '../../domain/errors.ts';
import {findFreePort} from '../local-server.ts';
import {endProcesses, findDescendants} from './processes.ts';

export type HubOptions = {
  /** Python environment made by `setup.sh`. */
  python: string;
  /** Where browsers reach the hub; 0 takes a free port. */
  port: number;
  /** Keeps the hub's database and the users' folders. */
  dataFolder: string;
  /** Where the hub's proxy finds Holt. Holt may start later. */
  serviceUrl: string;
  /** Secret that Holt and the hub share. */
  apiToken: string;
  /** Logs in any user name; at least 8 characters. */
  password: string;
  /** Files copied into each user's folder. */
  notebooks?: readonly string[];
  /** Group -> users. */
  groups?: Record<string, string[]>;
  /** Python that runs the users' notebooks, with ipykernel and what the lab imports; the hub's own by default. */
  kernelPython?: string;
  log?: (line: string) => void;
};

export type RunningHub = {
  /** The address for browsers, without a slash at the end. */
  url: string;
  /** The hub's API, not through its proxy. */
  apiUrl: string;
  /** What Holt needs in its environment, as the hub gives it to a service. */
  environment: Record<string, string>;
  /** Ends the hub, every user's server and the proxy. */
  close: () => Promise<void>;
};

const service = 'otter_grade';
/** The hub's service for gofer_submit, with a token of its own. */
const goferService = 'gofer_nb';
const prefix = `/services/${service}/`;
const startSeconds = 90;

/**
 * Starts a real JupyterHub on 127.0.0.1: its proxy, the hub, and a server for each user who asks for one. All of them end
 * with this process, however it ends.
 *
 * Throws: `hub-unavailable` when it does not come up, with the end of its log.
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const proxyToken = randomBytes(32).toString('hex');
  const {url, apiUrl: proxyApiUrl, close: closeProxy} = await startProxy(options.port, proxyToken);
  const hubUrl = `http://127.0.0.1:${await findFreePort()}`;
  const dataFolder = path.resolve(options.dataFolder);
  await mkdir(dataFolder, {recursive: true, mode: 0o700});
  await writeKernel(dataFolder, options.kernelPython);

  const {serviceUrl, apiToken, password, notebooks = [], groups = {}} = options;
  const goferToken = randomBytes(32).toString('hex');
  const settings = {
    ...{url, hubUrl, proxyApiUrl, proxyToken, dataFolder, serviceUrl, password, groups},
    services: {[service]: apiToken, [goferService]: goferToken},
    notebooks: notebooks.map(notebook => path.resolve(notebook)),
  };
  const config = path.join(import.meta.dirname, 'jupyterhub_config.py');
  const python = path.resolve(options.python, 'bin/python');
  const hub = spawn(python, ['-m', 'jupyterhub', '--config', config], {
    cwd: dataFolder,
    detached: true, // Ctrl-C in a terminal reaches this process only, which then ends the hub in order.
    env: {PATH: process.env.PATH, HOME: dataFolder, LANG: 'C.UTF-8', HOLT_HUB: JSON.stringify(settings)},
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = once(hub, 'exit').catch(() => undefined);
  hub.stdin.on('error', () => {});
  const lastLines: string[] = [];
  createInterface({input: hub.stderr}).on('line', line => {
    lastLines.push(line);
    lastLines.splice(0, lastLines.length - 20);
    options.log?.(line);
  });

  const close = async () => {
    const family = hub.pid === undefined || hub.exitCode !== null ? [] : await findDescendants(hub.pid);
    hub.kill('SIGTERM');
    await Promise.race([ended, wait(15_000, undefined, {ref: false})]);
    await endProcesses(hub.exitCode === null && hub.pid ? [hub.pid, ...family] : family);
    await closeProxy();
  };

  const isUp = async () => {
    const headers = {authorization: `token ${proxyToken}`};
    const routes = await fetch(`${proxyApiUrl}/api/routes`, {headers}).then(
      answer => answer.json(),
      () => ({}),
    );
    return Object.hasOwn(routes as object, prefix.slice(0, -1));
  };
  const deadline = performance.now() + startSeconds * 1000;
  while (!(await isUp())) {
    if (hub.exitCode !== null || hub.pid === undefined || performance.now() > deadline) {
      await close();
      const why = hub.pid === undefined ? `${python} cannot be run: make it with setup.sh.` : lastLines.join('\n');
      throw new HoltError('hub-unavailable', `JupyterHub did not start:\n${why}`);
    }

    await wait(50);
  }

  const apiUrl = `${hubUrl}/hub/api`;
  const environment = {
    JUPYTERHUB_API_URL: apiUrl,
    JUPYTERHUB_API_TOKEN: apiToken,
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_SERVICE_NAME: service,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_CLIENT_ID: `service-${service}`,
    HOLT_GOFER_PREFIX: `/services/${goferService}/`,
    HOLT_GOFER_CLIENT_ID: `service-${goferService}`,
    HOLT_GOFER_API_TOKEN: goferToken,
    HOLT_HUB_ORIGIN: url,
    PROXY_HOPS: '1',
  };
  return {url, apiUrl, environment, close};
}

async function startProxy(
  port: number,
  token: string,
): Promise<{url: string; apiUrl: string; close: () => Promise<void>}> {
  const proxy = spawn(process.execPath, [path.join(import.meta.dirname, 'proxy.ts'), String(port)], {
    detached: true,
    env: {CONFIGPROXY_AUTH_TOKEN: token},
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const exited = once(proxy, 'exit');
  proxy.stdin.on('error', () => {});
  // Its last words may be read after its end.
  const lines = createInterface({input: proxy.stdout});
  const [line] = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  const {url, apiUrl, problem} = JSON.parse(typeof line === 'string' ? line : '{"problem": "no answer"}');
  if (problem === 'EADDRINUSE') {
    throw new HoltError('hub-unavailable', `Port ${port} is in use: end what uses it, or choose another port.`);
  }

  if (problem) {
    throw new HoltError('hub-unavailable', `The hub's proxy did not start on port ${port} (${problem}).`);
  }

  const close = async () => {
    proxy.stdin.end();
    await exited;
  };
  return {url, apiUrl, close};
}

/** Lets the users' notebooks run on another Python than the hub's, under the name that notebooks ask for. */
async function writeKernel(dataFolder: string, python?: string): Promise<void> {
  const folder = path.join(dataFolder, 'jupyter/kernels/python3');
  await mkdir(folder, {recursive: true});
  if (python) {
    const argv = [path.resolve(python), '-m', 'ipykernel_launcher', '-f', '{connection_file}'];
    await writeFile(
      path.join(folder, 'kernel.json'),
      JSON.stringify({argv, display_name: 'Python 3', language: 'python'}),
    );
  }
}
