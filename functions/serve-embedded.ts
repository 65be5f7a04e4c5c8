import {createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {HoltError} from '../domain/errors.ts';
import type {StageEvent} from '../domain/events.ts';
import {endLastLife} from '../domain/last-life.ts';
import {makeContext, makeExchange, makeStageLog, openEmbedded, stages} from './index.ts';
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
  const log = await makeStageLog(settings, 'holt');
  const signed = createServer();
  const signedUrl = await listen(signed, 0, '127.0.0.1');
  const {engine, handleSigned, startDelivery, close} = await openEmbedded(settings, () => signedUrl, log);
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
  const url = await listen(server, settings.PORT, settings.HOST).catch(async error => {
    await close();
    signed.close();
    throw error;
  });
  startDelivery((target, event: StageEvent) => handlers[target](event));
  // What the last life left behind is found at once, not in a minute.
  const runSweep = () =>
    sweep({id: 'sweep', type: 'sweep'}).catch(error => log('ERROR', 'the sweep failed', {error: String(error)}));
  let sweeping = runSweep();
  const timer = setInterval(() => {
    sweeping = sweeping.then(runSweep);
  }, SWEEP_MILLISECONDS);

  return {
    url,
    async close() {
      clearInterval(timer);
      await closeServer(server);
      await sweeping;
      await close();
      await closeServer(signed);
    },
  };
}

/** Serves until the process is asked to end. */
export async function serveEmbedded(settings: Settings): Promise<void> {
  const {url, close} = await startEmbedded(settings);
  process.stdout.write(`ready ${url}\n`);
  const end = () => void close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
}

/** Throws `invalid-setting` with a sentence when the port is taken or may not be used. */
function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${cause.code})`;
      reject(
        new HoltError('invalid-setting', `Port ${port} on ${host} ${reason}: choose another with PORT or --port.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, () =>
      resolve(`http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${(server.address() as AddressInfo).port}`),
    );
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), GRACE_MILLISECONDS).unref();
  });
}
