import {once} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';

/** Copies under way, by target: one at a time, so that a look and the copy after it belong together. */
const turns = new Map<string, Promise<void>>();

/**
 * Passes a copy on if nothing is there yet, and answers 412 otherwise; false when the request is no such copy.
 *
 * fake-gcs-server copies over what is there whatever `ifGenerationMatch` says.
 */
export function copyOnce(
  request: IncomingMessage,
  response: ServerResponse,
  {storageUrl, passOn}: {storageUrl: string; passOn: (request: IncomingMessage, response: ServerResponse) => void},
): boolean {
  const {pathname, searchParams} = new URL(request.url ?? '/', storageUrl);
  const target = /\/(?:rewriteTo|copyTo)(\/b\/[^/]+\/o\/[^/]+)$/.exec(pathname)?.[1];
  if (request.method !== 'POST' || !target || searchParams.get('ifGenerationMatch') !== '0') {
    return false;
  }

  const copy = async () => {
    const found = await fetch(`${storageUrl}/storage/v1${target}`);
    await found.arrayBuffer();
    if (found.ok) {
      const error = {code: 412, message: 'At least one of the pre-conditions you specified did not hold.'};
      response.writeHead(412, {'content-type': 'application/json'}).end(JSON.stringify({error}));
      return;
    }

    passOn(request, response);
    await once(response, 'close');
  };
  const turn = (turns.get(target) ?? Promise.resolve()).then(copy).catch(() => void response.destroy());
  turns.set(target, turn);
  void turn.then(() => turns.get(target) === turn && turns.delete(target));
  return true;
}
