import {once} from 'node:events';
import type {Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {ConfigurableProxy} from 'configurable-http-proxy';

/*
 * The hub's own proxy, as a program: `node proxy.ts PORT`, its secret in CONFIGPROXY_AUTH_TOKEN. It prints one line of JSON
 * with its two addresses, or with what stood in the way, and ends when its standard input does.
 */

const silent = () => {};
const log = {debug: silent, info: silent, warn: silent, error: silent};
const proxy = new ConfigurableProxy({authToken: process.env.CONFIGPROXY_AUTH_TOKEN ?? '', xfwd: true, log});

async function listen(server: Server, port: number): Promise<string> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

try {
  const url = await listen(proxy.proxyServer, Number(process.argv[2]));
  console.log(JSON.stringify({url, apiUrl: await listen(proxy.apiServer, 0)}));
} catch (error) {
  console.log(JSON.stringify({problem: (error as NodeJS.ErrnoException).code}));
  process.exit(1);
}

// A connection that breaks in its middle throws where nobody can catch it; the proxy's own program goes on as well.
process.on('uncaughtException', silent);
process.stdin.on('end', () => process.exit()).resume();
