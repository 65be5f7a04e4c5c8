import type {OutgoingHttpHeaders, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Reply} from './http.ts';

export const isStreamed = (body: Reply['body']): body is AsyncIterable<string> =>
  typeof body === 'object' && Symbol.asyncIterator in body;

/**
 * Sends a body piece by piece, no faster than it is taken. What fails before the first piece can still be answered, so
 * it is thrown; later the connection breaks off, and whoever reads sees that the end is missing.
 */
export async function sendStreamed(
  outgoing: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: AsyncIterable<string>,
): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  const first = await pieces.next();
  outgoing.writeHead(status, headers);
  if (outgoing.req.method === 'HEAD') {
    await pieces.return?.();
    outgoing.end();
    return;
  }

  await pipeline(Readable.from(startWith(first, pieces)), outgoing).catch(error => {
    // Somebody who went away in the middle is no failure.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      throw error;
    }
  });
}

async function* startWith(first: IteratorResult<string>, pieces: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    for (let piece = first; !piece.done; piece = await pieces.next()) {
      yield piece.value;
    }
  } finally {
    // Whoever went away in the middle leaves nobody to read on for.
    await pieces.return?.();
  }
}
