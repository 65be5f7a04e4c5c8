import type {IncomingMessage, ServerResponse} from 'node:http';
import {pipeline} from 'node:stream/promises';
import {HoltError} from '../../domain/errors.ts';
import type {Log} from '../../domain/ports.ts';
import type {ObjectFiles} from './object-files.ts';
import {type Permit, readPermit, SIGNED_PREFIX} from './signed-urls.ts';

/** Answers a request for a signed URL; false, and nothing done, for any other request. */
export type HandleSigned = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** Serves signed URLs over the objects. To be mounted on a server of 127.0.0.1, ahead of everything else. */
export function makeSignedServer(objects: ObjectFiles, key: Buffer, log: Log): HandleSigned {
  return async (request, response) => {
    const {method = '', url = ''} = request;
    if (!url.startsWith(SIGNED_PREFIX)) {
      return false;
    }

    const permit = readPermit(key, method, new URL(url, 'http://localhost'));
    try {
      if (!permit) {
        refuse(response, 403, 'The signature does not fit: use the URL as it was given.');
      } else if (permit.expires < Date.now()) {
        refuse(response, 403, 'The URL has expired: ask for a new one.');
      } else {
        await (permit.method === 'GET' ? sendObject : takeObject)(objects, permit, request, response);
      }
    } catch (error) {
      answerError(error, request, response, log);
    }

    return true;
  };
}

function refuse(response: ServerResponse, status: number, detail: string): void {
  // What is left of a refused body is not read, so the connection cannot be used again.
  response.writeHead(status, {'content-type': 'application/problem+json', connection: 'close'});
  response.end(JSON.stringify({status, detail}));
}

function answerError(error: unknown, request: IncomingMessage, response: ServerResponse, log: Log): void {
  if (request.destroyed && !request.complete) {
    return; // The other side has left; nothing was stored and nobody listens.
  }

  if (response.headersSent) {
    response.destroy();
  } else if (error instanceof HoltError) {
    refuse(response, error.status, error.message);
  } else {
    log('ERROR', 'a signed URL could not be served', {error: String(error)});
    refuse(response, 500, 'The object could not be served: try again.');
  }
}

async function sendObject(
  objects: ObjectFiles,
  {object}: Permit,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const found = await objects.open(object);
  if (!found) {
    refuse(response, 404, 'There is no such object.');
    return;
  }

  response.writeHead(200, {'content-type': 'application/octet-stream', 'content-length': found.bytes});
  await pipeline(found.handle.createReadStream(), response);
}

async function takeObject(
  objects: ObjectFiles,
  {object, maxBytes}: Permit,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const tooLarge = () => new HoltError('too-large', `At most ${maxBytes} bytes may be stored here.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    throw tooLarge();
  }

  const outcome = await objects.store(object, async handle => {
    let bytes = 0;
    // A body that breaks off makes the iteration throw, so that nothing is stored.
    for await (const chunk of request.iterator({destroyOnReturn: false})) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw tooLarge();
      }

      await handle.writeFile(chunk);
    }
  });
  if (outcome === 'exists') {
    refuse(response, 412, 'The object is there already and is not replaced.');
    return;
  }

  response.writeHead(200).end();
}
