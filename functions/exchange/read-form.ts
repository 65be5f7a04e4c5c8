import {Busboy} from '@fastify/busboy';
import {HoltError} from '../../domain/errors.ts';

/** A file of a form; `name` is what the client calls it, without folders. */
export type FormFile = {name: string; content: Uint8Array};
/** The file of a field, or what is there instead of one. */
export type FormField = FormFile | 'missing' | 'not-a-file';

/** A client sends one part; what is beyond a few is no client. */
const limits = {parts: 20, headerPairs: 50, headerSize: 16_384, fieldNameSize: 100, fieldSize: 65_536};

const refuse = (why: string, cause?: unknown) =>
  new HoltError('malformed-request', `The form cannot be read: ${why}. Send the notebook as multipart/form-data.`, {
    cause,
  });

/**
 * Reads a file out of a form that was sent whole. A part is a file when it has a file name, whether or not it has a type.
 *
 * Throws: `malformed-request` when it is no form, has too many parts or ends in the middle of one.
 */
export async function readForm(contentType: string | undefined, body: Uint8Array, field: string): Promise<FormField> {
  if (!/^multipart\/form-data\s*;/i.test(contentType ?? '')) {
    return 'missing';
  }

  // The parser takes its time over a head without an end.
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, limits.headerSize));
  if (body.length > head.length && !head.includes('\r\n\r\n')) {
    throw refuse('its first part has no content');
  }

  const {promise, resolve, reject} = Promise.withResolvers<FormField>();
  let found: FormField = 'missing';
  try {
    const form = new Busboy({headers: {'content-type': contentType ?? ''}, limits});
    form.on('file', (name, stream, fileName) => {
      const chunks: Buffer[] = [];
      const isWanted = name === field;
      stream.on('data', (chunk: Buffer) => {
        if (isWanted) {
          chunks.push(chunk);
        }
      });
      stream.on('error', cause => reject(refuse('it ends in the middle', cause)));
      stream.on('end', () => {
        found = isWanted ? {name: fileName ?? '', content: Buffer.concat(chunks)} : found;
      });
    });
    form.on('field', name => {
      found = name === field && found === 'missing' ? 'not-a-file' : found;
    });
    form.on('partsLimit', () => reject(refuse('it has too many parts')));
    form.on('error', cause => reject(refuse('it is damaged or ends in the middle', cause)));
    form.on('finish', () => resolve(found));
    form.end(body);
  } catch (cause) {
    throw refuse('its boundary is missing', cause);
  }

  return promise;
}
