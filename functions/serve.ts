import {createServer, type RequestListener, type Server} from 'node:http';
import {HoltError} from '../domain/errors.ts';
import {readConfig, readTarget} from './config.ts';
import type {Stage} from './index.ts';
import {listen} from './listen.ts';
import type {Target} from './settings.ts';

/*
 * What images and the local stack start. Event functions run behind functions-framework's server. The exchange runs on
 * `node:http` ahead of it, because the framework reads and parses every body before a handler sees it. Without a target
 * the embedded engine serves everything in this process.
 */

/** Time for requests under way when the process is asked to end. */
const GRACE_MILLISECONDS = 10_000;
const KEEP_ALIVE_MILLISECONDS = 620_000;

async function makeServer(target: Target): Promise<Server> {
  const {registered} = await import('./index.ts');
  if (target === 'exchange') {
    return createServer(registered as RequestListener);
  }

  const {default: framework} = await import('@google-cloud/functions-framework');
  const {default: testing} = await import('@google-cloud/functions-framework/testing');
  // In the deployed layout this file brings its own copy of the framework, which knows of no function yet.
  framework.cloudEvent(target, registered as Stage);
  const events = testing.getTestServer(target);
  return createServer((request, response) => {
    if (request.method === 'POST') {
      events.emit('request', request, response);
      return;
    }

    // The framework would answer a probe or a curious person with a stack trace.
    response.writeHead(405, {Allow: 'POST', 'Content-Type': 'application/problem+json'});
    const detail = `The function ${target} takes CloudEvents by POST, from the platform: there is nothing else to ask it.`;
    response.end(JSON.stringify({type: 'about:blank', title: 'Method Not Allowed', status: 405, detail}));
  });
}

async function serve(): Promise<void> {
  const target = readTarget();
  if (!target) {
    const {serveEmbedded} = await import('./serve-embedded.ts');
    const settings = readConfig('all');
    await serveEmbedded(process.argv.includes('--no-upgrade') ? {...settings, HOLT_UPGRADE: false} : settings);
    return;
  }

  const settings = readConfig(target);
  const server = await makeServer(target);
  // A load balancer sends requests over connections that it keeps for ten minutes; it must be the one that ends them.
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  await listen(server, settings.PORT, settings.HOST ?? '0.0.0.0');
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
