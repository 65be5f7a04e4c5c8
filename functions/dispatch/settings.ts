import type {Limits} from '../../domain/limits.ts';

/** How dispatch paces the platform. */
export type DispatchSettings = {
  /** Tasks that may run or wait at the platform at once. */
  maxParallelTasks: number;
  /** 1 gives each student a fresh container; more is cheaper. */
  maxSubmissionsPerTask: number;
  /** 1 ends a task with the list that it was started with; more has it look for others, and meets students warm. */
  maxListsPerTask: number;
  /** Between two `jobs.run` calls. */
  minSecondsBetweenRuns: number;
  /** What the platform may take to start a task. */
  startAllowanceSeconds: number;
};

/** Entries of one batch: also the platform's comfortable size of one manifest index. */
export const BATCH_ENTRIES = 500;

/** A claim lasts so long until `jobs.run` has answered. */
export const CLAIM_SECONDS = 120;

/** What grading one notebook may take beside the notebook's own limit: fetch, start, upload. */
const OVERHEAD_SECONDS = 60;

/** What a list may take. */
export const secondsOf = (list: readonly {limits: Limits}[]): number =>
  list.reduce((sum, {limits}) => sum + limits.notebookSeconds + OVERHEAD_SECONDS, 0);

/** A task takes other lists for so long. */
export const MORE_SECONDS = 3600;

/** Seconds until an entry that waits is looked at again, by what it waits for. */
export const waits = {archive: 300, inspection: 60, source: 60, refusal: 60} as const;

/** An archive that takes longer to fetch delays its own entries only; the fetch goes on meanwhile. */
export const FETCH_PATIENCE_SECONDS = 10;

/** A dispatcher goes on starting batches so long; then the next wake-up does. Shorter than a function may run. */
export const TURN_SECONDS = 240;
