import {createVerify, hash, type KeyObject} from 'node:crypto';
import type {IncomingMessage} from 'node:http';

/** Why Cloud Storage refuses a request: a status and a code of its XML API. */
export type Refusal = {status: number; code: string};

/**
 * Checks a signed URL of version 4 against the request that came with it; undefined when it is good.
 *
 * Source: https://cloud.google.com/storage/docs/authentication/canonical-requests
 */
export function checkSignedUrl(
  request: IncomingMessage,
  url: URL,
  publicKey: KeyObject,
  now: number,
): Refusal | undefined {
  const query = url.searchParams;
  const date = query.get('X-Goog-Date') ?? '';
  const scope = (query.get('X-Goog-Credential') ?? '').split('/').slice(1).join('/');
  const signature = Buffer.from(query.get('X-Goog-Signature') ?? '', 'hex');
  const signedHeaders = (query.get('X-Goog-SignedHeaders') ?? '').split(';');
  // The client signs the host's name without its port.
  const signedValue = (header: string) =>
    header === 'host' ? request.headers.host?.replace(/:\d+$/, '') : request.headers[header];
  const canonical = [
    request.method,
    url.pathname,
    canonicalQuery(url),
    ...signedHeaders.map(header => `${header}:${String(signedValue(header) ?? '').trim()}`),
    '',
    signedHeaders.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const text = ['GOOG4-RSA-SHA256', date, scope, hash('sha256', canonical)].join('\n');
  if (!createVerify('RSA-SHA256').update(text).verify(publicKey, signature)) {
    return refuse(403, 'SignatureDoesNotMatch');
  }

  const signedAt = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(now < signedAt + Number(query.get('X-Goog-Expires')) * 1000)) {
    return refuse(400, 'ExpiredToken');
  }

  const unsigned = Object.keys(request.headers).find(
    name => name.startsWith('x-goog-') && !signedHeaders.includes(name),
  );
  return unsigned ? refuse(403, 'SignatureDoesNotMatch') : undefined;
}

const refuse = (status: number, code: string): Refusal => ({status, code});

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const canonicalQuery = (url: URL): string =>
  [...url.searchParams]
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(pair => pair.join('='))
    .join('&');
