import {HoltError} from '../../../domain/errors.ts';
import {readJson} from '../read-json.ts';

/** Reads what otter-submit and gofer_submit post, `{"nb": notebook}`. Throws `malformed-request` with what to send. */
export function readNotebook(body: Uint8Array, whatToSend: string): unknown {
  const value = readJson(body, whatToSend);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'nb')) {
    throw new HoltError('malformed-request', `The request has no notebook: ${whatToSend}.`);
  }

  return (value as {nb: unknown}).nb;
}
