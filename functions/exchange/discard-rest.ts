import type {IncomingMessage} from 'node:http';
import {freeChunk} from './body-buffer.ts';

/** How much of a refused body is read and thrown away, and for how long. */
const most = {bytes: 512 * 2 ** 20, milliseconds: 60_000};
/** A sender that is slower than this is not waited for. */
const slow = {bytes: 64 * 1024, milliseconds: 1000};

/**
 * Reads the rest of a refused body and throws it away, so that its sender gets to read the answer.
 *
 * Browsers and proxies send their whole request before they look at the answer; what comes earlier can leave a proxy
 * waiting for ever, and a connection that is closed at once is reset, with the answer in it.
 *
 * Shape: `isTime` resolves when the answer should go out: the body has ended, is too much, or comes too slowly to wait
 *        for. `isOver` resolves, with whether it has ended, when there is nothing left to be read.
 */
export function discardRest(incoming: IncomingMessage): {isTime: Promise<void>; isOver: Promise<boolean>} {
  const time = Promise.withResolvers<void>();
  const over = Promise.withResolvers<boolean>();
  let bytes = 0;
  let bytesBefore = 0;
  const stop = (hasEnded: boolean) => {
    clearInterval(pace);
    clearTimeout(limit);
    time.resolve();
    over.resolve(hasEnded);
  };
  const pace = setInterval(() => {
    if (bytes - bytesBefore < slow.bytes) {
      time.resolve();
    }

    bytesBefore = bytes;
  }, slow.milliseconds);
  const limit = setTimeout(() => stop(false), most.milliseconds);
  pace.unref();
  limit.unref();
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    freeChunk(chunk);
    if (bytes > most.bytes) {
      stop(false);
    }
  });
  incoming.on('error', () => stop(false));
  incoming.on('end', () => stop(true));
  incoming.on('close', () => stop(incoming.complete));
  incoming.resume();
  return {isTime: time.promise, isOver: over.promise};
}
