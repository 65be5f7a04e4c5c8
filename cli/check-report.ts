import type {Limits} from '../domain/limits.ts';
import type {Suggestion} from './check-limits.ts';
import {clean} from './print-status.ts';

/** One thing that was looked at. `details` name what is wrong, or what is different and does no harm. */
export type Check = {
  /** The same in every report, for programs; `name` says how it ended. */
  id: 'archive' | 'questions' | 'full-marks' | 'agreement' | 'zero' | 'plain-otter' | 'review';
  name: string;
  ok: boolean;
  details: string[];
};

/** What the author's gate says of one assignment. */
export type Report = {
  /** The archive, as it was named. */
  subject: string;
  checks: Check[];
  /** `forgeable`: hidden cases that a notebook could pass by claiming so, by otter's names; null where all are. */
  questions: {name: string; possible: number; forgeable: string[] | null}[];
  /** What the judge does not know how to grade, so that plain otter does. */
  unsupported: string[];
  /** What the archive asks for beyond the grader's own packages, with the versions that it was checked with. */
  packages: string[];
  /** What each run took. */
  runtimes: {what: string; seconds: number; cells?: number; checks?: number; memoryBytes: number | undefined}[];
  limits: {now: Limits; suggested: Suggestion | undefined};
  notes: string[];
};

const points = (value: number): string => String(Math.round(value * 1000) / 1000);
const seconds = (value: number): string => `${value.toFixed(1)} s`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

export const sayPoints = (value: number): string => `${points(value)} ${value === 1 ? 'point' : 'points'}`;

/** Writes how much of a question was earned. */
export const sayShare = (earned: number, possible: number): string => `${points(earned)} of ${sayPoints(possible)}`;

/** Writes a report for people. */
export function printReport(report: Report): string {
  const {subject, checks, unsupported, notes} = report;
  const lines = [
    subject,
    '',
    ...checks.flatMap(({name, ok, details}) => [
      `  ${ok ? 'ok    ' : 'FAILED'}  ${name}`,
      ...details.flatMap(detail => detail.split('\n').map(line => `            ${line}`)),
    ]),
    ...listQuestions(report),
    ...tellRuntimes(report),
    ...(unsupported.length > 0
      ? ['', '  Not supported, so plain otter grades it, which a notebook can deceive:', ...indent(unsupported)]
      : []),
    ...(notes.length > 0 ? ['', ...notes.map(note => `  ${note}`)] : []),
    '',
  ];
  return clean(lines.join('\n'));
}

/** Writes the last line: what failed, by name. */
export function printSummary(reports: readonly Report[]): string {
  const failed = reports.flatMap(({subject, checks}) =>
    checks.filter(({ok}) => !ok).map(({name}) => (reports.length > 1 ? `${subject}: ${name}` : name)),
  );
  if (failed.length === 0) {
    return 'All checks passed.';
  }

  return clean([`${failed.length} ${failed.length === 1 ? 'check' : 'checks'} failed:`, ...indent(failed)].join('\n'));
}

const indent = (lines: readonly string[]) => lines.map(line => `    ${line}`);

function listQuestions({questions}: Report): string[] {
  if (questions.length === 0) {
    return [];
  }

  const width = Math.min(Math.max(...questions.map(({name}) => name.length), 'question'.length), 40);
  const row = (name: string, possible: string, forgeable: string) =>
    `  ${name.padEnd(width)}  ${possible.padStart(6)}  ${forgeable}`.trimEnd();
  const isJudged = questions.every(({forgeable}) => forgeable);
  const isForgeable = questions.some(({forgeable}) => forgeable?.length);
  return [
    '',
    row('question', 'points', isJudged ? 'forgeable hidden cases' : ''),
    ...questions.map(({name, possible, forgeable}) => row(name, points(possible), forgeable?.join(', ') ?? '')),
    ...(isForgeable
      ? [
          '',
          '  A notebook could pass a forgeable case by claiming so, for there is no value to compare. Give it one:',
          '  an example that wants a text (>>> round(area, 2), then 12.57), or a literal (assert area == 12.57).',
        ]
      : []),
  ];
}

function tellRuntimes({runtimes, limits: {now, suggested}}: Report): string[] {
  return [
    ...(runtimes.length > 0 ? [''] : []),
    ...runtimes.map(({what, seconds: all, cells, checks, memoryBytes}) => {
      const parts =
        cells === undefined || checks === undefined ? '' : ` (cells ${seconds(cells)}, checks ${seconds(checks)})`;
      const memory = memoryBytes === undefined ? '' : ` and ${megabytes(memoryBytes)}`;
      return `  ${what} took ${seconds(all)}${parts}${memory}.`;
    }),
    ...(suggested
      ? [
          `  Suggested in course-config.json: "limits": ${JSON.stringify(suggested).replace(/([:,])/g, '$1 ')}`,
          `  It was checked with ${now.notebookSeconds} seconds and ${megabytes(now.memoryBytes)}.`,
        ]
      : []),
  ];
}
