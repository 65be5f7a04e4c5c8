import {createHash, createHmac, timingSafeEqual} from 'node:crypto';

/** RFC 3986: everything but letters, digits, `-`, `.`, `_` and `~` is encoded. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const equal = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** The parameters of an `Authorization: OAuth …` header; undefined when it is none, or names one twice. */
export function readOAuthHeader(header: string | undefined): Map<string, string> | undefined {
  if (!header?.startsWith('OAuth ')) {
    return undefined;
  }

  const parameters = new Map<string, string>();
  for (const part of header.slice('OAuth '.length).split(',')) {
    const [, name, value] = /^\s*([^=\s]+)="([^"]*)"\s*$/.exec(part) ?? [];
    if (!name || value === undefined || parameters.has(name)) {
      return undefined;
    }

    parameters.set(name, decodeURIComponent(value));
  }

  return parameters;
}

/** RFC 5849 section 3.4.1: method, address and sorted parameters, each encoded once more. */
function makeBaseString(method: string, url: string, oauth: Map<string, string>): string {
  const {protocol, host, searchParams} = new URL(url);
  const path = /^[^:]+:\/\/[^/?]*([^?]*)/.exec(url)?.[1] || '/';
  const pairs = [...oauth, ...searchParams]
    .filter(([name]) => name !== 'oauth_signature' && name !== 'realm')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  return [method, `${protocol}//${host}${path}`, pairs.join('&')].map(encode).join('&');
}

/**
 * Finds what is wrong with a request's OAuth signature; undefined when it is right.
 *
 * Rule:   as edX checks it: the body's hash and the HMAC-SHA1 of the address it was sent to, nothing of key, time or nonce.
 * Source: RFC 5849 section 3.4; OAuth Request Body Hash.
 */
export function findSignatureFault(
  request: {method: string; url: string; authorization: string | undefined; body: Buffer},
  consumerSecret: string,
): string | undefined {
  const oauth = readOAuthHeader(request.authorization);
  if (!oauth) {
    return 'no OAuth header that can be read';
  }

  if (!equal(oauth.get('oauth_body_hash') ?? '', createHash('sha1').update(request.body).digest('base64'))) {
    return 'OAuth body hash verification has failed';
  }

  const base = makeBaseString(request.method, request.url, oauth);
  const signature = createHmac('sha1', `${encode(consumerSecret)}&`)
    .update(base)
    .digest('base64');
  return equal(oauth.get('oauth_signature') ?? '', signature) ? undefined : 'OAuth signature verification has failed';
}
