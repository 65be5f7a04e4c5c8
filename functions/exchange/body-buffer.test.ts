import {randomBytes} from 'node:crypto';
import test from 'ava';
import {freeChunk, makeBodyBuffer} from './body-buffer.ts';

/** A chunk as the server gives it: with memory of its own. */
const chunkOf = (bytes: Uint8Array) => {
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  chunk.set(bytes);
  return chunk;
};

for (const sizes of [[], [0], [1], [5, 0, 7], [65_536, 1], [65_535, 2, 300_000], [1_000_000], Array(3000).fill(333)]) {
  test(`chunks of ${sizes.slice(0, 4)} bytes are put together as they came`, t => {
    const content = randomBytes(sizes.reduce((sum, size) => sum + size, 0));
    const body = makeBodyBuffer(content.length);
    let at = 0;
    for (const size of sizes) {
      body.add(chunkOf(content.subarray(at, at + size)));
      at += size;
    }

    t.true(content.equals(body.take()));
  });
}

test('a body of single bytes takes little more than its size', t => {
  const body = makeBodyBuffer(20 * 2 ** 20);
  const before = process.memoryUsage.rss();
  for (let count = 0; count < 1_000_000; count += 1) {
    body.add(chunkOf(new Uint8Array([count])));
  }

  t.is(body.take().length, 1_000_000);
  t.is(body.take()[999_999], 999_999 % 256);
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  t.true(grown < 150, `${grown} MB`);
});

test('a chunk’s memory is given back at once, and only when it is the chunk’s alone', t => {
  const own = chunkOf(randomBytes(1000));
  freeChunk(own);
  t.is(own.length, 0);
  const shared = Buffer.from('a part of a pool');
  freeChunk(shared);
  t.is(shared.toString(), 'a part of a pool');
  t.notThrows(() => freeChunk(Buffer.alloc(0)));

  const body = makeBodyBuffer(100);
  const chunk = chunkOf(randomBytes(50));
  body.add(chunk);
  t.is(chunk.length, 0);
  body.drop();
  t.is(body.take().length, 0);
});
