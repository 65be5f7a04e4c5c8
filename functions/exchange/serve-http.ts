import type {IncomingMessage, ServerResponse} from 'node:http';
import {HoltError} from '../../domain/errors.ts';
import type {Log} from '../../domain/ports.ts';
import {discardRest} from './discard-rest.ts';
import {parseCookies, problem, type Reply, type Request, toKnown} from './http.ts';
import {type BodySettings, makeReadBody} from './read-body.ts';
import {isStreamed, sendStreamed} from './send-streamed.ts';

export type HttpSettings = BodySettings & {
  /** Proxies in front that append to X-Forwarded-For and can be believed. */
  proxyHops: number;
};

/**
 * Makes a `node:http` listener of a function from Request to Reply. Whatever happens, the answer is a reply: a failure
 * becomes a problem document, never a stack trace.
 */
export function makeListener(
  answer: (request: Request) => Promise<Reply>,
  {settings, newId, log}: {settings: HttpSettings; newId: () => string; log: Log},
) {
  const readBody = makeReadBody(settings);

  return async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const trace = traceOf(incoming) ?? newId();
    // functions-framework has read the body before it calls a handler; `serve.ts` has not.
    const {rawBody} = incoming as IncomingMessage & {rawBody?: Buffer};
    const body = readBody(incoming);
    const note = (error: unknown): HoltError => {
      const known = toKnown(error);
      const {status, code} = known;
      // What a person did wrong is in the refusals; what is wrong on this side is told here.
      const details = status < 500 ? {} : {detail: known.message, cause: describe(error)};
      log(status < 500 ? 'INFO' : 'ERROR', 'answered with a problem', {trace, code, status, ...details});
      return known;
    };
    const tell = (error: unknown): Reply => problem(note(error), trace);

    try {
      const request = toRequest(incoming, trace, settings.proxyHops, {
        readBody: () => body.read(rawBody),
        releaseBody: body.release,
      });
      const reply = await answer(request).catch(tell);
      if (reply.error !== undefined) {
        note(reply.error);
      }

      body.release();
      await send(incoming, outgoing, reply, trace);
    } catch (error) {
      // A reply that cannot be sent must not end the process with everybody else's requests.
      body.release();
      await send(incoming, outgoing, tell(error), trace);
    }
  };
}

function toRequest(
  incoming: IncomingMessage,
  trace: string,
  proxyHops: number,
  body: Pick<Request, 'readBody' | 'releaseBody'>,
): Request {
  const raw = incoming.url ?? '/';
  const at = raw.indexOf('?');
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  const forwarded = (headers['x-forwarded-for'] ?? '').split(',').map(part => part.trim());
  return {
    method: incoming.method ?? 'GET',
    path: at < 0 ? raw : raw.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : raw.slice(at + 1)),
    headers,
    cookies: parseCookies(headers.cookie),
    address: (proxyHops > 0 && forwarded.at(-proxyHops)) || incoming.socket?.remoteAddress || 'unknown',
    trace,
    ...body,
    isGone: () => incoming.socket?.destroyed ?? false,
  };
}

/** Trace id of the W3C header, or of Google's front end. */
function traceOf({headers}: IncomingMessage): string | undefined {
  const traceparent = /^[\da-f]{2}-([\da-f]{32})-/.exec(String(headers.traceparent ?? ''))?.[1];
  return traceparent ?? /^([\da-f]{32})\//.exec(String(headers['x-cloud-trace-context'] ?? ''))?.[1];
}

const describe = (error: unknown): string | undefined =>
  error instanceof HoltError
    ? error.cause === undefined
      ? undefined
      : String(error.cause)
    : String((error as Error)?.stack ?? error);

async function send(incoming: IncomingMessage, outgoing: ServerResponse, reply: Reply, trace: string): Promise<void> {
  const isUnread = !(incoming.readableEnded || incoming.complete || incoming.destroyed);
  const rest = isUnread ? discardRest(incoming) : undefined;
  await rest?.isTime;
  if (outgoing.destroyed || outgoing.headersSent) {
    return;
  }

  const headers = {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Holt-Trace': trace,
    ...reply.headers,
  };
  if (isStreamed(reply.body)) {
    return sendStreamed(outgoing, reply.status, headers, reply.body);
  }

  const body = Buffer.from(reply.body ?? '');
  outgoing.writeHead(reply.status, {'Content-Length': body.length, ...headers});
  if (!rest) {
    outgoing.end(body);
    return;
  }

  outgoing.flushHeaders();
  outgoing.write(body);
  // The whole answer is on its way; with its end a connection that is to be closed would be reset while it is sent to.
  const hasEnded = await rest.isOver;
  outgoing.end(() => hasEnded || incoming.socket?.destroy());
}
