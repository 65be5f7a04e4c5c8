import {z} from 'zod';
import {HoltError} from './errors.ts';

/** Reads a file of courses. Throws `invalid-course` with a sentence that names the file. */
export function readJsonObject(text: string, file: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new HoltError('invalid-course', `${file} is not JSON: ${(cause as Error).message}.`, {cause});
  }

  const parsed = z.record(z.string(), z.unknown()).safeParse(config);
  if (!parsed.success) {
    throw new HoltError('invalid-course', `${file} must be an object of courses.`);
  }

  return parsed.data;
}

/** Issues as one line for staff, each with the key that is wrong; a broken file may have thousands. */
export const tellIssues = ({issues}: z.ZodError): string =>
  issues
    .slice(0, 3)
    .map(({path, message}) => `${path.map(String).join(' / ')}: ${message}`)
    .join('; ');
