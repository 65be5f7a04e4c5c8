import {createServer, type RequestListener, type Server} from 'node:http';
import {HoltError} from '../domain/errors.ts';
import {readConfig, readTarget} from './config.ts';
import {Target} from './settings.ts';

/*
 * What images and the local stack start. Event functions run behind functions-framework's server. The exchange runs on
 * `node:http` ahead of it, because the framework reads and parses every body before a handler sees it. Without a target
 * the embedded engine serves everything in this process.
 */

/** Time for requests under way when the process is asked to end. */
const GRACE_MILLISECONDS = 10_000;

async function makeServer(target: Target): Promise<Server> {
  const {registered} = await import('./index.ts');
  if (target === 'exchange') {
    return createServer(registered as RequestListener);
  }

  const {getTestServer} = await import('@google-cloud/functions-framework/testing');
  return getTestServer(target);
}

async function serve(): Promise<void> {
  const name = readTarget();
  if (!name) {
    const {serveEmbedded} = await import('./serve-embedded.ts');
    const settings = readConfig('all');
    await serveEmbedded(settings);
    return;
  }

  const target = Target.parse(name);
  const settings = readConfig(target);
  const server = await makeServer(target);
  server.listen(settings.PORT, settings.HOST);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close(() => process.exit(0));
      server.closeIdleConnections();
      setTimeout(() => process.exit(0), GRACE_MILLISECONDS).unref();
    });
  }
}

try {
  await serve();
} catch (error) {
  if (error instanceof HoltError) {
    // A person reads this: sentences, no stack.
    process.stderr.write(`Holt cannot start.\n${error.message}\n`);
    process.exit(1);
  }

  throw error;
}
