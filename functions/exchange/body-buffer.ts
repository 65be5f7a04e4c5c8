const firstBytes = 64 * 1024;
const none = Buffer.alloc(0);

/**
 * Gives a chunk's memory back now. The collector comes late for what lies outside of its heap: of a long stream a
 * hundred megabytes would wait for it.
 */
export function freeChunk({buffer, byteLength}: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength > 0) {
    buffer.transfer(0);
  }
}

/**
 * Makes a buffer that grows with a body, up to `mostBytes`.
 *
 * A sender decides how small its chunks are: kept one by one, a body of single bytes would take a hundred times its size.
 */
export function makeBodyBuffer(mostBytes: number) {
  let content = none;
  let length = 0;

  const grow = (needed: number) => {
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, 2 * content.length, firstBytes), mostBytes));
    content.copy(larger, 0, 0, length);
    freeChunk(content);
    content = larger;
  };

  return {
    /** Takes the bytes of a chunk and frees it. The caller has checked that there is room. */
    add(chunk: Buffer): void {
      if (length + chunk.length > content.length) {
        grow(length + chunk.length);
      }

      chunk.copy(content, length);
      length += chunk.length;
      freeChunk(chunk);
    },
    take: (): Uint8Array => content.subarray(0, length),
    drop(): void {
      freeChunk(content);
      content = none;
    },
  };
}
