import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, request, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {endProcesses, findDescendants} from '../../emulator/hub/processes.ts';
import {findFreePort} from '../../emulator/local-server.ts';
import {python} from '../browser/test-hub.ts';

export const password = 'otters-den';
export const token = 'a-secret-of-hub-and-holt';

const quote = (text: string) => JSON.stringify(text);

/**
 * Starts a JupyterHub with its own proxy from a recipe's lines, as they stand in a document. What comes before them is what
 * any hub has: addresses, a database, a login.
 */
export async function startRecipeHub(recipe: string, change: (text: string) => string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-recipe-'));
  const [port, hubPort, proxyPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const tokenFile = path.join(folder, 'hub-token');
  await writeFile(tokenFile, `${token}\n`);
  const before = [
    `c.JupyterHub.bind_url = 'http://127.0.0.1:${port}'`,
    `c.JupyterHub.hub_bind_url = 'http://127.0.0.1:${hubPort}'`,
    `c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:${proxyPort}'`,
    `c.JupyterHub.db_url = ${quote(`sqlite:///${path.join(folder, 'hub.sqlite')}`)}`,
    `c.JupyterHub.cookie_secret_file = ${quote(path.join(folder, 'cookie-secret'))}`,
    "c.JupyterHub.authenticator_class = 'shared-password'",
    `c.SharedPasswordAuthenticator.user_password = '${password}'`,
    'c.Authenticator.allow_all = True',
    "c.JupyterHub.spawner_class = 'simple'",
  ].join('\n');
  const config = path.join(folder, 'jupyterhub_config.py');
  const lines = change(recipe).replaceAll(/\/etc\/holt\/[\w-]+/g, tokenFile);
  await writeFile(config, `${before}\n${lines}\n`);
  const tools = path.join(import.meta.dirname, '../../node_modules/.bin');
  const hub = spawn(path.join(python, 'bin/python'), ['-m', 'jupyterhub', '--config', config], {
    cwd: folder,
    env: {PATH: `${tools}:${process.env.PATH}`, HOME: folder, LANG: 'C.UTF-8'},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  hub.stderr.on('data', chunk => {
    log += chunk;
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    const family = await findDescendants(hub.pid ?? 0);
    hub.kill('SIGTERM');
    await Promise.race([once(hub, 'exit'), wait(10_000, undefined, {ref: false})]);
    await endProcesses([...family, hub.pid ?? 0], 1);
    await rm(folder, {recursive: true, force: true});
  };
  const isUp = () =>
    fetch(`${url}/hub/health`).then(
      ({ok}) => ok,
      () => false,
    );
  for (const deadline = performance.now() + 90_000; !(await isUp()); await wait(100)) {
    if (hub.exitCode !== null || performance.now() > deadline) {
      await close();
      throw new Error(`The hub did not start:\n${log.slice(-4000)}`);
    }
  }

  return {url, apiUrl: `http://127.0.0.1:${hubPort}/hub/api`, log: () => log, close};
}

type Target = {url: string; host?: string};

/** Passes requests on as a web server does, with the Host header that the target is to see. */
export async function startForwarder(targetOf: (path: string, host: string) => Target | undefined) {
  const server = createServer((incoming: IncomingMessage, response: ServerResponse) => {
    const target = targetOf(incoming.url ?? '/', incoming.headers.host ?? '');
    if (!target) {
      response.writeHead(404).end('The requested URL was not found on this server.');
      return;
    }

    const headers = {...incoming.headers, ...(target.host !== undefined && {host: target.host})};
    const sent = request(new URL(incoming.url ?? '/', target.url), {method: incoming.method, headers, setHost: false});
    sent.on('response', answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    sent.on('error', () => response.destroy());
    incoming.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
