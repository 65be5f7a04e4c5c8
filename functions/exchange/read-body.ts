import type {IncomingMessage} from 'node:http';
import {HoltError} from '../../domain/errors.ts';
import {makeBodyBuffer} from './body-buffer.ts';

export type BodySettings = {
  /** Largest body that is accepted. */
  maxBodyBytes: number;
  /** Bytes of bodies that all requests together may hold in memory. */
  bodyMemoryBytes: number;
  /** After so long a body must have come at `minBytesPerSecond` on average; a pause may last three times as long. */
  bodyGraceSeconds: number;
  minBytesPerSecond: number;
};

const megabytes = (bytes: number) => `${Math.round(bytes / 1e5) / 10} MB`;

/**
 * Makes the reader of request bodies. It keeps three promises to everybody else: no body is larger than the limit, all
 * bodies together stay within a budget, and nobody holds a place by sending a byte a second.
 */
export function makeReadBody({maxBodyBytes, bodyMemoryBytes, bodyGraceSeconds, minBytesPerSecond}: BodySettings) {
  let inMemory = 0;

  const tooLarge = () =>
    new HoltError(
      'too-large',
      `The notebook is larger than ${megabytes(maxBodyBytes)}: clear large outputs (Kernel > Restart and Clear Outputs) and submit again.`,
    );

  /**
   * Reads the body whole, or takes the one that the framework has read. `release` gives its bytes back to the budget and
   * must be called once the body is let go.
   */
  return (request: IncomingMessage): {read: (rawBody?: Uint8Array) => Promise<Uint8Array>; release: () => void} => {
    let held = 0;
    const hold = (bytes: number) => {
      if (inMemory + bytes > bodyMemoryBytes) {
        throw new HoltError(
          'busy',
          'Too many notebooks are arriving at once: please press Submit again in a few seconds.',
        );
      }

      inMemory += bytes;
      held += bytes;
    };
    const release = () => {
      inMemory -= held;
      held = 0;
    };

    const read = async (rawBody?: Uint8Array): Promise<Uint8Array> => {
      const {'content-length': declared = 0, 'content-encoding': encoding = 'identity'} = request.headers;
      if (encoding.toLowerCase() !== 'identity') {
        throw new HoltError(
          'malformed-request',
          'The request is compressed, which is not supported: send it without Content-Encoding.',
        );
      }

      if (Number(declared) > maxBodyBytes || (rawBody && rawBody.length > maxBodyBytes)) {
        throw tooLarge();
      }

      if (rawBody || request.readableEnded) {
        return rawBody ?? new Uint8Array();
      }

      return new Promise((resolve, reject) => {
        const content = makeBodyBuffer(Number(declared) || maxBodyBytes);
        let received = 0;
        const graceMilliseconds = bodyGraceSeconds * 1000;
        // What came quickly buys time, but not so much that a stalled sender could hold memory for long.
        let paidUntil = performance.now() + graceMilliseconds;
        const pace = setInterval(() => {
          if (performance.now() > paidUntil) {
            fail(
              new HoltError(
                'body-timeout',
                'The notebook arrived too slowly and was not accepted: check your connection and submit again.',
              ),
            );
          }
        }, 250);
        pace.unref();

        const done = () => {
          clearInterval(pace);
          request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut);
          // The rest of a refused body is read and thrown away by whoever answers.
        };
        const fail = (error: HoltError) => {
          done();
          content.drop();
          request.on('error', () => {});
          reject(error);
        };
        const onData = (chunk: Buffer) => {
          received += chunk.length;
          if (received > maxBodyBytes) {
            return fail(tooLarge());
          }

          try {
            // What is only announced takes no memory: else a few that announce and do not send would keep all others out.
            hold(chunk.length);
          } catch (error) {
            return fail(error as HoltError);
          }

          const bought = paidUntil + (chunk.length / minBytesPerSecond) * 1000;
          content.add(chunk);
          paidUntil = Math.min(bought, performance.now() + 3 * graceMilliseconds);
        };
        const onEnd = () => {
          done();
          resolve(content.take());
        };
        const onCut = () =>
          fail(
            new HoltError(
              'incomplete-body',
              'The notebook did not arrive whole, so nothing was kept: please submit again.',
            ),
          );
        request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
        // Whoever went away while it was found out who asks will not be heard of again.
        if (request.destroyed) {
          onCut();
        }
      });
    };

    return {read, release};
  };
}
