import {createHash, createHmac} from 'node:crypto';
import OAuth from 'oauth-1.0a';
import type {NewId, Now} from '../../domain/ports.ts';

export type Consumer = {consumerKey: string; consumerSecret: string};

/**
 * Signs a POST of a body that is not a form.
 *
 * Shape:  the value of the `Authorization` header: consumer key, random nonce, whole-second timestamp, HMAC-SHA1, version,
 *         body hash and signature; nothing of it goes into the URL or the body.
 * Source: RFC 5849 section 3.4.2; the body hash is the OAuth Request Body Hash extension, base64(SHA-1(body)).
 */
export function makeOAuthHeader(
  {url, body}: {url: string; body: string},
  {consumerKey, consumerSecret, newId, now}: Consumer & {newId: NewId; now: Now},
): string {
  const oauth = new OAuth({
    consumer: {key: consumerKey, secret: consumerSecret},
    signature_method: 'HMAC-SHA1',
    hash_function: (base, key) => createHmac('sha1', key).update(base).digest('base64'),
    body_hash_function: data => createHash('sha1').update(data).digest('base64'),
  });

  // The library's own nonce comes from Math.random, its clock cannot be set.
  const fresh = {getNonce: newId, getTimeStamp: () => Math.floor(Date.parse(now()) / 1000)};
  Object.assign(oauth, fresh);

  return oauth.toHeader(oauth.authorize({url, method: 'POST', data: body, includeBodyHash: true})).Authorization;
}
