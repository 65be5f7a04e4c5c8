import {stringify} from 'csv-stringify';
import {HoltError} from '../../../domain/errors.ts';

export type Format = keyof typeof columns;
export type Cell = string | number;

/** The first row of each format. Source: `gofer` is dump_grades.py of gofer_service, in its order. */
export const columns = {
  holt: [
    ...['student', 'section', 'assignment', 'earned', 'possible', 'fraction', 'attempt', 'submitted', 'graded'],
    'passback',
  ],
  gofer: ['userid', 'grade', 'section', 'lab', 'timestamp'],
} as const;

/** Reads `format` of an export's address. Throws `malformed-request`. */
export function readFormat(query: URLSearchParams): Format {
  const format = query.get('format') ?? 'holt';
  if (!Object.hasOwn(columns, format)) {
    throw new HoltError(
      'malformed-request',
      'The value of "format" must be gofer, or left out for Holt’s own columns.',
    );
  }

  return format as Format;
}

/** Writes rows as CSV. What a spreadsheet would run as a formula gets a `'` before it. Source: RFC 4180; OWASP. */
export const writeCsv = (rows: readonly (readonly Cell[])[]): Promise<string> =>
  new Promise((resolve, reject) => {
    stringify(rows as Cell[][], {record_delimiter: 'windows', escape_formulas: true}, (error, text) =>
      error ? reject(error) : resolve(text),
    );
  });
