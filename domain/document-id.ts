import type {RecordId, Sha256} from './values.ts';

const encoder = new TextEncoder();

/** base64url without padding (RFC 4648, section 5). */
export const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/**
 * Makes a record's id from names that came from outside.
 *
 * Shape: base64url(SHA-256 of the length-prefixed parts), 43 characters. The lengths keep `["ab", "c"]` and
 *        `["a", "bc"]` apart; the hash keeps every character of the outside out of paths and URLs.
 *
 * @example await makeDocumentId('head', 'demo', '1', 'lab-demo', 'alice')
 */
export async function makeDocumentId(...parts: readonly string[]): Promise<RecordId> {
  const text = parts.map(part => `${encoder.encode(part).length}:${part}`).join('');
  return toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))));
}

/** SHA-256 of bytes or of text in UTF-8. */
export async function hashBytes(content: Uint8Array | string): Promise<Sha256> {
  const bytes = typeof content === 'string' ? encoder.encode(content) : content;
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return [...new Uint8Array(digest)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
