import type {Duplex} from 'node:stream';

const HEAD_BYTES = 4;

/** Writes one frame: its length in four bytes, big endian, and JSON. */
export function writeFrame(stream: Duplex, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(body.length);
  stream.write(head);
  stream.write(body);
}

/**
 * Reads frames until the stream ends.
 *
 * Throws: for a frame above the cap, or one that is not JSON.
 */
export async function* readFrames(stream: AsyncIterable<Uint8Array>, capBytes: number): AsyncGenerator<unknown> {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let wanted: number | undefined;
  for await (const chunk of stream) {
    chunks.push(chunk);
    held += chunk.length;
    while (held >= (wanted ?? HEAD_BYTES)) {
      const bytes = Buffer.concat(chunks, held);
      const length: number = wanted ?? HEAD_BYTES;
      if (wanted === undefined) {
        wanted = bytes.readUInt32BE();
        if (wanted > capBytes) {
          throw new Error(`The judge sent ${wanted} bytes at once; ${capBytes} are the most.`);
        }
      } else {
        wanted = undefined;
        yield JSON.parse(bytes.toString('utf8', 0, length));
      }

      chunks = [bytes.subarray(length)];
      held -= length;
    }
  }
}
