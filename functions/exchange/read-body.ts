import type {IncomingMessage} from 'node:http';
import {HoltError} from '../../domain/errors.ts';

export type BodySettings = {
  /** Largest body that is accepted. */
  maxBodyBytes: number;
  /** Bytes of bodies that all requests together may hold in memory. */
  bodyMemoryBytes: number;
  /** After so long a body must have come at `minBytesPerSecond` on average. */
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

  /** Reads the body whole; `release` gives its bytes back to the budget and must be called once the body is let go. */
  return (request: IncomingMessage): {read: () => Promise<Uint8Array>; release: () => void} => {
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

    const read = async (): Promise<Uint8Array> => {
      const declared = Number(request.headers['content-length'] ?? Number.NaN);
      if (declared > maxBodyBytes) {
        throw tooLarge();
      }

      hold(Number.isFinite(declared) ? declared : 0);
      return new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        let received = 0;
        const startedAt = performance.now();
        const pace = setInterval(() => {
          const seconds = (performance.now() - startedAt) / 1000;
          if (seconds > bodyGraceSeconds && received / seconds < minBytesPerSecond) {
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
          request.on('error', () => {});
          reject(error);
        };
        const onData = (chunk: Buffer) => {
          received += chunk.length;
          if (received > maxBodyBytes) {
            return fail(tooLarge());
          }

          if (received > held) {
            try {
              hold(received - held);
            } catch (error) {
              return fail(error as HoltError);
            }
          }

          chunks.push(chunk);
        };
        const onEnd = () => {
          done();
          resolve(Buffer.concat(chunks, received));
        };
        const onCut = () =>
          fail(
            new HoltError(
              'incomplete-body',
              'The notebook did not arrive whole, so nothing was kept: please submit again.',
            ),
          );
        request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut);
      });
    };

    return {read, release};
  };
}
