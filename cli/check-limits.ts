import type {Limits} from '../domain/limits.ts';
import type {Run} from './check-grading.ts';

/** Limits to write into course-config.json. Memory is left out where it could not be measured. */
export type Suggestion = {notebookSeconds: number; memoryBytes?: number};

const MOST_SECONDS = 3600;
const STEP_BYTES = 256 * 2 ** 20;
const MOST_BYTES = 32 * 2 ** 30;
/** What the solution uses, times this: students' detours, and machines that are busier than this one. */
const TIMES = {seconds: 10, bytes: 4};
const LEAST = {seconds: 30, bytes: 2 ** 30};

/** Suggests limits from runs of the solution. */
export function suggestLimits(runs: readonly Run[]): Suggestion {
  const seconds = Math.max(...runs.map(run => run.seconds));
  const bytes = Math.max(...runs.map(run => run.memoryBytes ?? 0));
  const notebookSeconds = Math.max(Math.ceil(seconds) * TIMES.seconds, LEAST.seconds);
  const memoryBytes = Math.max(Math.ceil((bytes * TIMES.bytes) / STEP_BYTES) * STEP_BYTES, LEAST.bytes);
  return {
    notebookSeconds: Math.min(notebookSeconds, MOST_SECONDS),
    ...(bytes > 0 ? {memoryBytes: Math.min(memoryBytes, MOST_BYTES)} : {}),
  };
}

/** Says which limit is short for what the solution needs. */
export function listShort({notebookSeconds, memoryBytes}: Limits, suggestion: Suggestion): string[] {
  const short = [
    ...(suggestion.notebookSeconds > notebookSeconds ? [`${notebookSeconds} seconds`] : []),
    ...((suggestion.memoryBytes ?? 0) > memoryBytes ? [`${Math.round(memoryBytes / 2 ** 20)} MB`] : []),
  ];
  return short.length > 0
    ? [
        `The limit of ${short.join(' and ')} is short for this assignment: a slow or large answer may not be graded whole.`,
      ]
    : [];
}
