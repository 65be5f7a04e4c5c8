import {createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http';
import type {StageEvent} from '../domain/events.ts';
import {endLastLife} from '../domain/last-life.ts';
import {makeContext, makeExchange, makeStageLog, openEmbedded, stages} from './index.ts';
import {listen} from './listen.ts';
import {now} from './runtime.ts';
import type {Settings} from './settings.ts';

/** Answers a request that is not the exchange's; false leaves it to the exchange. Local stacks put their stand-ins here. */
export type Companion = (request: IncomingMessage, response: ServerResponse) => boolean;

export type EmbeddedServer = {url: string; close: () => Promise<void>};

const SWEEP_MILLISECONDS = 60_000;
const GRACE_MILLISECONDS = 5000;

/**
 * Serves everything in this process on the embedded engine: the exchange on its port, the event functions from the
 * engine's outbox, the sweep once a minute, signed URLs on a port of their own that only this machine reaches.
 *
 * Throws: `busy` when another Holt has the folder, `invalid-setting` when the port is taken.
 */
export async function startEmbedded(settings: Settings, companion: Companion = () => false): Promise<EmbeddedServer> {
  // What was opened is closed in the opposite order, also when the start fails half-way.
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (let end = opened.pop(); end; end = opened.pop()) {
      await end();
    }
  };

  try {
    return {url: await open(settings, companion, opened), close};
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(settings: Settings, companion: Companion, opened: (() => Promise<void>)[]): Promise<string> {
  const log = await makeStageLog(settings, 'holt');
  const signed = createServer();
  const signedUrl = await listen(signed, 0, '127.0.0.1');
  opened.push(() => closeServer(signed));
  const {engine, handleSigned, startDelivery, close} = await openEmbedded(settings, () => signedUrl, log);
  opened.push(close);
  signed.on('request', (request, response) => void handleSigned(request, response));

  await endLastLife({...(await engine.records()), now});
  const context = async (component: string) => makeContext(settings, engine, component);
  const listener = (await makeExchange(await context('exchange'))) as RequestListener;
  const handlers = {
    dispatch: await stages.dispatch(await context('dispatch')),
    record: await stages.record(await context('record')),
    passback: await stages.passback(await context('passback')),
    audit: await stages.audit(await context('audit')),
  };
  const sweep = await stages.sweep(await context('sweep'));

  const server = createServer((request, response) => {
    if (!companion(request, response)) {
      listener(request, response);
    }
  });
  const url = await listen(server, settings.PORT, settings.HOST ?? '127.0.0.1');
  startDelivery((target, event: StageEvent) => handlers[target](event));
  // What the last life left behind is found at once, not in a minute.
  const runSweep = () =>
    sweep({id: 'sweep', type: 'sweep'}).catch(error => log('ERROR', 'the sweep failed', {error: String(error)}));
  let sweeping = runSweep();
  const timer = setInterval(() => {
    sweeping = sweeping.then(runSweep);
  }, SWEEP_MILLISECONDS);
  opened.push(async () => {
    clearInterval(timer);
    await closeServer(server);
    await sweeping;
  });
  return url;
}

/** Serves until the process is asked to end. */
export async function serveEmbedded(settings: Settings): Promise<void> {
  const {url, close} = await startEmbedded(settings);
  process.stdout.write(`ready ${url}\n`);
  const end = () => void close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS).unref();
  });
}
