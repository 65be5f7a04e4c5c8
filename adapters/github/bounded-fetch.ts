/** How long a request may stand still (before its answer, or between two pieces of it), and take in all. */
export type Timeouts = {idleSeconds: number; totalSeconds: number};

/** `fetch` that always ends: a body that stops coming fails as a connection that was cut. Its requests must bear repeating. */
export function makeBoundedFetch({idleSeconds = 15, totalSeconds = 300}: Partial<Timeouts> = {}): typeof fetch {
  return async (input, init) => {
    const idle = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const stop = () => clearTimeout(timer);
    const restart = () => {
      stop();
      timer = setTimeout(() => idle.abort(new Error(`Nothing came for ${idleSeconds} s.`)), idleSeconds * 1000);
    };

    restart();
    try {
      const signals = [idle.signal, AbortSignal.timeout(totalSeconds * 1000), ...(init?.signal ? [init.signal] : [])];
      const bounded = {...init, signal: AbortSignal.any(signals)};
      const response = await fetch(input, bounded).catch((error: unknown) => {
        if (isStaleConnection(error)) {
          restart();
          return fetch(input, bounded);
        }

        throw error;
      });
      stop();
      if (!response.body) {
        return response;
      }

      const watched = watch(response.body, restart, stop);
      const {status, statusText, headers} = response;
      return new Response(watched, {status, statusText, headers});
    } catch (error) {
      stop();
      throw error;
    }
  };
}

/** Whether the other side closed a kept connection just as it was used again: asking once more is all it takes. */
const isStaleConnection = (error: unknown): boolean => {
  const {code} = ((error as Error).cause ?? {}) as {code?: unknown};
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
};

/** Passes a body on, piece by piece as it is asked for, and tells of each piece and of the end. */
function watch(body: ReadableStream<Uint8Array>, onPiece: () => void, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        onPiece();
        try {
          const {done, value} = await reader.read();
          onEnd();
          if (done) {
            controller.close();
          } else {
            controller.enqueue(value);
          }
        } catch (error) {
          onEnd();
          controller.error(error);
        }
      },
      async cancel(reason) {
        onEnd();
        await reader.cancel(reason);
      },
    },
    {highWaterMark: 0},
  );
}
