import {createHmac, randomBytes, timingSafeEqual} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import path from 'node:path';
import type {ObjectName} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';
import {openFolder, publishFile, withTemporaryFile} from './durable-files.ts';
import {hasCode} from './storage-errors.ts';

/** Where signed URLs live on the local server. */
export const SIGNED_PREFIX = '/_objects/';

/** What a URL permits. */
export type Permit = {method: 'GET' | 'PUT'; object: ObjectName; expires: number; maxBytes: number};

/** Reads the folder's key for signing; makes one at the first time. Readable by the owner only. */
export async function openSigningKey(root: string): Promise<Buffer> {
  const file = path.join(root, 'signing-key');
  try {
    return await readFile(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) {
      throw error;
    }
  }

  const folder = await openFolder(root);
  const fill = (handle: {writeFile: (content: Buffer) => Promise<void>}) => handle.writeFile(randomBytes(32));
  await withTemporaryFile(`${file}.new`, fill, () => publishFile(`${file}.new`, folder, 'signing-key'));
  await folder.close();
  return readFile(file);
}

const sign = (key: Buffer, {method, object, expires, maxBytes}: Permit): string =>
  createHmac('sha256', key).update([method, object.bucket, object.name, expires, maxBytes].join('\n')).digest('hex');

/** Writes the signed URLs of a key; `origin` is asked each time, because the port is known late. */
export function makeSigner(key: Buffer, origin: () => string): Pick<Objects, 'signGet' | 'signPut'> {
  const toUrl = (permit: Permit) => {
    const {object, method, expires, maxBytes} = permit;
    const query = new URLSearchParams({
      method,
      expires: String(expires),
      maxBytes: String(maxBytes),
      signature: sign(key, permit),
    });
    return `${origin()}${SIGNED_PREFIX}${object.bucket}/${object.name}?${query}`;
  };
  const after = (seconds: number) => Date.now() + seconds * 1000;
  return {
    signGet: async (object, seconds) => toUrl({method: 'GET', object, expires: after(seconds), maxBytes: 0}),
    signPut: async (object, seconds, maxBytes) => ({
      url: toUrl({method: 'PUT', object, expires: after(seconds), maxBytes}),
      headers: {'content-type': 'application/octet-stream'},
    }),
  };
}

/** Reads a URL back; undefined unless this key signed every part of it for this method. */
export function readPermit(key: Buffer, method: string, url: URL): Permit | undefined {
  const match = /^(work|results)\/(.+)$/.exec(url.pathname.slice(SIGNED_PREFIX.length));
  const query = url.searchParams;
  const named = query.get('method');
  if (!match || named !== method || (named !== 'GET' && named !== 'PUT')) {
    return undefined;
  }

  const permit: Permit = {
    method: named,
    object: {bucket: match[1] as ObjectName['bucket'], name: String(match[2])},
    expires: Number(query.get('expires')),
    maxBytes: Number(query.get('maxBytes')),
  };
  const expected = Buffer.from(sign(key, permit));
  const given = Buffer.from(query.get('signature') ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected) ? permit : undefined;
}
