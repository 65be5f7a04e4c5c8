import type {Score} from '../domain/score.ts';
import type {RegradeRow, RegradeView} from '../domain/staff-orders.ts';
import {points} from './print-status.ts';
import {printTable} from './print-table.ts';

const tellScore = (score: Score | null): string =>
  score === null ? '–' : `${points(score.earned)}/${points(score.possible)}`;

const states: Record<RegradeView['state'], string> = {
  choosing: 'was interrupted at its beginning: give the same command again',
  running: 'is being graded',
  ready: 'is graded and does not count: --apply lets it count',
  applying: 'was interrupted while it was applied: --apply goes on',
  applied: 'is applied',
};

/** Writes the regrades of a course, a line each. */
export const printRegrades = (regrades: readonly RegradeView[]): string =>
  regrades.length === 0
    ? 'This course has no regrades.'
    : printTable(
        ['BEGUN', 'ASSIGNMENT', 'OF', 'BY', 'STATE', 'ARCHIVE'],
        regrades.map(({createdAt, assignment, section, which, by, state, autograderSha256}) => [
          ...[createdAt, `${assignment} (section ${section})`, which, by, state],
          autograderSha256 ?? 'current, not fetched yet',
        ]),
      );

/** Writes a regrade and its table: who changes, who could not be graded, and, if asked, everybody. */
export function printRegrade(
  regrade: RegradeView,
  rows: readonly RegradeRow[],
  {everybody}: {everybody: boolean},
): string {
  const {assignment, section, autograderSha256, state, chosen, waiting} = regrade;
  const isFailed = (row: RegradeRow) => row.state === 'failed' || row.state === 'kept';
  const shown = rows
    .filter(row => everybody || row.changes || isFailed(row))
    .toSorted((a, b) => (a.student < b.student ? -1 : a.student > b.student ? 1 : 0));
  const students = (some: readonly RegradeRow[]) => new Set(some.map(({student}) => student)).size;
  const changing = students(rows.filter(({changes}) => changes));
  return [
    `${assignment} (section ${section}) on archive ${autograderSha256 ?? 'of the course’s current revision'}: ${states[state]}.`,
    `${chosen} submissions, ${waiting} not done, ${rows.filter(isFailed).length} not graded; ${changing} of ${students(rows)} students ${state === 'applied' ? 'changed' : 'change'}.`,
    ...(shown.length > 0 ? ['', printTable(header, shown.map(toCells))] : []),
  ].join('\n');
}

const header = ['STUDENT', 'SUBMISSION', 'BEFORE', 'AFTER', 'COUNTS', 'STATE'];

const toCells = ({student, submissionId, before, after, gradeBefore, gradeAfter, state, message}: RegradeRow) => [
  ...[student, submissionId, tellScore(before), tellScore(after)],
  `${tellScore(gradeBefore)} -> ${tellScore(gradeAfter)}`,
  message === '' ? state : `${state}: ${message.replace(/\s+/g, ' ')}`,
];
