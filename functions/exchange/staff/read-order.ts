import type {z} from 'zod';
import {tellIssues} from '../../../domain/config-text.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Request} from '../http.ts';
import {readJson} from '../read-json.ts';

const MAX_ORDER_BYTES = 64 * 1024;

/** Reads what staff order. Throws: `malformed-request` with what is wrong of it, `too-large`. */
export async function readOrder<T extends z.ZodType>({headers, readBody}: Request, schema: T): Promise<z.infer<T>> {
  if (!/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '')) {
    throw new HoltError('malformed-request', 'The request is no JSON: send it as application/json.');
  }

  const body = await readBody();
  if (body.length > MAX_ORDER_BYTES) {
    throw new HoltError('too-large', 'The request is too large: name fewer submissions.');
  }

  const parsed = schema.safeParse(readJson(body, 'send an object'));
  if (!parsed.success) {
    throw new HoltError('malformed-request', `The request cannot be read: ${tellIssues(parsed.error)}.`);
  }

  return parsed.data;
}
