import {setTimeout as sleep} from 'node:timers/promises';
import {HoltError} from '../domain/errors.ts';
import type {SignedPut} from '../domain/manifest.ts';

/** How long and how often something is tried that may yet succeed. */
export type Patience = {totalSeconds: number; attemptSeconds: number; firstWaitMs: number};

const PATIENCE: Patience = {totalSeconds: 120, attemptSeconds: 60, firstWaitMs: 200};
const LONGEST_WAIT_MS = 15_000;
/** Cloud Storage answers "forbidden" for what is not there when whoever signed may not list. */
const ABSENT = [403, 404];

export type Transfer = {
  /** Downloads what a signed URL names. `what` is how errors call it: they never tell the URL, which is a secret. */
  get: (what: string, url: string, maxBytes: number) => Promise<Uint8Array>;
  /** The same of what may not be there: undefined then. */
  find: (what: string, url: string, maxBytes: number) => Promise<Uint8Array | undefined>;
  /** Uploads a result. An object that exists is the first try's, whose answer was lost. */
  put: (target: SignedPut, body: Uint8Array) => Promise<void>;
};

/**
 * Moves bytes by signed URLs. Network faults, 408, 429 and 5xx are tried again for about two minutes.
 *
 * Throws: `storage-unavailable` when that did not help or the answer is final, `too-large`.
 */
export function makeTransfer(signal: AbortSignal, patience: Patience = PATIENCE): Transfer {
  async function attempt<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const deadline = Date.now() + patience.totalSeconds * 1000;
    for (let wait = patience.firstWaitMs; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        return await work(AbortSignal.any([signal, AbortSignal.timeout(patience.attemptSeconds * 1000)]));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof HoltError) {
          throw error;
        }

        if (Date.now() + wait > deadline) {
          throw new HoltError('storage-unavailable', `${what} could not be moved: ${sayWhy(error)}.`, {cause: error});
        }
      }

      await sleep(wait * (0.75 + Math.random() / 2), undefined, {signal});
    }
  }

  const download = (what: string, url: string, maxBytes: number, absent: readonly number[]) =>
    attempt(what, async each => {
      const response = await fetch(url, {signal: each});
      await checkStatus(what, response, absent);
      if (absent.includes(response.status)) {
        await response.body?.cancel();
        return undefined;
      }

      return readBody(what, response, maxBytes);
    });

  return {
    get: async (what, url, maxBytes) => (await download(what, url, maxBytes, [])) as Uint8Array,
    find: (what, url, maxBytes) => download(what, url, maxBytes, ABSENT),

    put: ({url, headers}, body) =>
      attempt('The result', async each => {
        const response = await fetch(url, {
          method: 'PUT',
          headers,
          body: body as Uint8Array<ArrayBuffer>,
          signal: each,
        });
        await checkStatus('The result', response, [412]);
        await response.body?.cancel();
      }),
  };
}

/** A status that may change is an ordinary error and tried again; a final one is not. */
async function checkStatus(what: string, response: Response, alsoGood: readonly number[]): Promise<void> {
  const {ok, status} = response;
  if (ok || alsoGood.includes(status)) {
    return;
  }

  await response.body?.cancel();
  if (status >= 500 || status === 408 || status === 429) {
    throw new Error(`HTTP ${status}`);
  }

  throw new HoltError('storage-unavailable', `${what} could not be moved: the store answered ${status}.`);
}

async function readBody(what: string, response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new HoltError('too-large', `${what} has more than ${maxBytes} bytes.`);
    }

    chunks.push(chunk);
  }

  return Buffer.concat(chunks);
}

/** The reason without the URL: undici puts it into the cause, which names host and port only. */
function sayWhy(error: unknown): string {
  const {message, cause} = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
}
