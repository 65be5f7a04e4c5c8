import {HoltError} from '../../domain/errors.ts';

/**
 * Reads a body, and stops reading as soon as it is too large.
 *
 * Throws: `too-large`, naming `what`; whatever the body throws.
 */
export async function readCapped(body: AsyncIterable<Uint8Array>, what: string, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      throw new HoltError('too-large', `${what} has more than ${maxBytes} bytes.`);
    }

    chunks.push(chunk);
  }

  const content = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    content.set(chunk, at);
    at += chunk.byteLength;
  }

  return content;
}
