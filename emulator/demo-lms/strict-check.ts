import type {IncomingHttpHeaders} from 'node:http';
import {readOAuthHeader} from './verify-signature.ts';

const MAX_AGE_SECONDS = 300;

/**
 * Makes the checks of a stricter LMS than edX: key, method, version, time, nonces and message ids used once, content type, and an XML
 * declaration at the very beginning.
 */
export function makeStrictCheck({consumerKey, now}: {consumerKey: string; now: () => Date}) {
  const used = new Set<string>();

  return (headers: IncomingHttpHeaders, body: Buffer, messageId: string): string | undefined => {
    const oauth = readOAuthHeader(headers.authorization) ?? new Map<string, string>();
    const timestamp = oauth.get('oauth_timestamp') ?? '';
    const once = [`nonce ${oauth.get('oauth_nonce')}`, `message ${messageId}`];
    const rules: Record<string, boolean> = {
      'unknown consumer key': oauth.get('oauth_consumer_key') === consumerKey,
      'signature method is not HMAC-SHA1': oauth.get('oauth_signature_method') === 'HMAC-SHA1',
      'version is not 1.0': oauth.get('oauth_version') === '1.0',
      'timestamp is not whole seconds': /^[1-9]\d*$/.test(timestamp),
      'timestamp is too old or too new': Math.abs(now().getTime() / 1000 - Number(timestamp)) <= MAX_AGE_SECONDS,
      'nonce is too short': (oauth.get('oauth_nonce') ?? '').length >= 16,
      'nonce or message identifier used before': !once.some(mark => used.has(mark)),
      'content type is not application/xml': headers['content-type'] === 'application/xml',
      'the XML declaration does not come first': body.toString('utf8').startsWith('<?xml '),
    };
    for (const mark of once) {
      used.add(mark);
    }

    return Object.keys(rules).find(name => !rules[name]);
  };
}
