import {printTable} from '../print-table.ts';
import type {Seen} from './run-class.ts';

type Spread = {p50: number; p95: number};

/** What a class met. */
export type SoakReport = {
  run: string;
  students: number;
  accepted: number;
  refused: number;
  graded: number;
  failed: number;
  /** Accepted, and not at its end when the time was over. */
  waiting: number;
  /** Never sent, because the run was ended. */
  unsent: number;
  seconds: number;
  /** From the request to the receipt, as a student waits; null when there was none. */
  acceptMilliseconds: Spread | null;
  /** From the receipt to the recorded score by the server’s clock; by Moodle’s way the whole request. */
  gradeSeconds: Spread | null;
  /** Sentence -> how often. */
  errors: Record<string, number>;
};

/** Sums up what was seen of a class. */
export function summarize(run: string, students: number, seen: readonly Seen[], seconds: number): SoakReport {
  const count = (wanted: string) => seen.filter(({state}) => state === wanted).length;
  const accepted = seen.filter(({id}) => id !== undefined).length;
  const [graded, failed] = [count('graded'), count('failed')];
  const errors: Record<string, number> = {};
  for (const sentence of seen.flatMap(({error}) => error ?? [])) {
    errors[sentence] = (errors[sentence] ?? 0) + 1;
  }

  return {
    run,
    students,
    accepted,
    refused: seen.length - accepted,
    graded,
    failed,
    waiting: accepted - graded - failed,
    unsent: students - seen.length,
    seconds: Math.round(seconds * 10) / 10,
    acceptMilliseconds: spread(seen.flatMap(({acceptMilliseconds}) => acceptMilliseconds ?? [])),
    gradeSeconds: spread(seen.flatMap(({gradeSeconds}) => gradeSeconds ?? [])),
    errors,
  };
}

/** The value below which so large a part of them lies, by nearest rank. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

const spread = (values: readonly number[]): Spread | null => {
  const round = (value: number) => Math.round(value * 10) / 10;
  return values.length === 0 ? null : {p50: round(percentile(values, 0.5)), p95: round(percentile(values, 0.95))};
};

export const isGood = ({students, graded}: SoakReport): boolean => graded === students;

/** Writes a report for people. */
export function printSoak(report: SoakReport): string {
  const tell = (value: Spread | null, unit: string) =>
    value ? `p50 ${value.p50} ${unit}, p95 ${value.p95} ${unit}` : 'nothing to measure';
  const rows = [
    ['students', String(report.students)],
    ['accepted', String(report.accepted)],
    ['refused', String(report.refused)],
    ['graded', String(report.graded)],
    ['failed', String(report.failed)],
    ['still waiting', String(report.waiting)],
    ['never sent', String(report.unsent)],
    ['answer', tell(report.acceptMilliseconds, 'ms')],
    ['submit to grade', tell(report.gradeSeconds, 's')],
  ];
  const errors = Object.entries(report.errors).map(([sentence, count]) => [String(count), sentence]);
  return [
    printTable([report.run, `in ${report.seconds} s`], rows),
    ...(errors.length > 0 ? ['', printTable(['times', 'what went wrong'], errors)] : []),
  ].join('\n');
}
