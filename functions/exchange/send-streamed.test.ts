import {createServer, get, type IncomingMessage} from 'node:http';
import type {AddressInfo} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {makeListener} from './serve-http.ts';

const settings = {
  ...{maxBodyBytes: 1000, bodyMemoryBytes: 1000, bodyGraceSeconds: 1, minBytesPerSecond: 1, proxyHops: 0},
};
const piece = 'x'.repeat(64 * 1024);

/** A server whose answer has so many pieces, and may fail in the middle. */
async function start(t: ExecutionContext, pieces: number, failAt = Number.POSITIVE_INFINITY) {
  const state = {made: 0, ended: false};
  const logs: string[] = [];
  async function* make() {
    try {
      for (; state.made < pieces; state.made += 1) {
        if (state.made === failAt) {
          throw new Error('The store is gone.');
        }

        yield piece;
      }
    } finally {
      state.ended = true;
    }
  }

  const answer = async () => ({status: 200, headers: {'Content-Type': 'text/csv'}, body: make()});
  const log = (severity: string, message: string) => void logs.push(`${severity} ${message}`);
  const server = createServer(makeListener(answer, {settings, newId: () => 'trace', log}));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close().closeAllConnections());
  return {state, logs, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`};
}

const open = (url: string, method = 'GET') =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get(url, {method, agent: false}, resolve).once('error', reject);
  });

async function readAll(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
  }

  return bytes;
}

test('a body is made no faster than it is read, and arrives whole', async t => {
  const {state, url} = await start(t, 1000);
  const response = await open(url);
  await sleep(500);
  t.true(state.made < 500, `${state.made} pieces of 64 kB were made for a reader that does not read`);
  t.is(await readAll(response), 1000 * piece.length);
  t.is(response.headers['content-length'], undefined);
  t.is(response.headers['cache-control'], 'no-store');
});

test('for a reader that goes away nothing more is made, and no failure is logged', async t => {
  const {state, logs, url} = await start(t, 100_000);
  (await open(url)).destroy();
  for (let tries = 0; !state.ended && tries < 200; tries += 1) {
    await sleep(20);
  }

  t.true(state.ended);
  t.true(state.made < 1000);
  t.deepEqual(logs, []);
});

test('what fails before its first piece is answered as a problem, what fails later breaks off', async t => {
  const first = await start(t, 10, 0);
  t.is((await open(first.url)).statusCode, 503);
  const later = await start(t, 10, 5);
  const response = await open(later.url);
  t.is(response.statusCode, 200);
  await t.throwsAsync(readAll(response));
  t.deepEqual(later.logs, ['ERROR answered with a problem']);
});

test('HEAD has the headers and makes nothing more', async t => {
  const {state, url} = await start(t, 1000);
  const response = await open(url, 'HEAD');
  t.is(await readAll(response), 0);
  t.is(response.headers['content-type'], 'text/csv');
  t.true(state.ended && state.made <= 1);
});
