import {day, type Load, makeSpike, makeStretch} from './loads.ts';

/** One stretch of a load: the share of all submissions that it stands for, and how often it would follow itself. */
export type Part = {share: number; times: number; makeLoad: (seed: number) => Load};

/** One row of a table. */
export type Case = {
  id: string;
  group: 'spike' | 'day' | 'more' | 'bound' | 'short' | 'network' | 'course' | 'class';
  perTask: number;
  startSeconds: number;
  parallelTasks: number;
  secondsBetweenRuns?: number;
  /** What a task waits for its network once it has started. */
  networkSeconds?: number;
  /** Lists that a task grades one after the other; 1 unless given. */
  lists?: number;
  seeds: readonly number[];
  parts: readonly Part[];
};

const seeds = [1, 2, 3, 4, 5];
const starts = [10, 30, 60];

const spikeParts = (serviceSeconds?: number): Part[] => [
  {share: 1, times: 1, makeLoad: seed => makeSpike(seed, {submissions: 2000, seconds: 600, serviceSeconds})},
];

/** The spike: 100 tasks are the default of Holt, 200 what a new project has, 500 what has to be asked for. */
const spikes = [1, 4].flatMap(perTask =>
  [100, 200, 500].flatMap(parallelTasks =>
    starts.map(
      (startSeconds): Case => ({
        id: `spike, ${perTask} a task, ${parallelTasks} tasks, start ${startSeconds} s`,
        group: 'spike',
        ...{perTask, startSeconds, parallelTasks, seeds},
        parts: spikeParts(),
      }),
    ),
  ),
);

const WINDOW_SECONDS = 600;
const MEAN_PER_SECOND = day.submissions / 86_400;
const dayParts = day.levels.map(
  ({hours, factor}): Part => ({
    share: (hours * factor) / 24,
    times: (hours * 3600) / WINDOW_SECONDS,
    makeLoad: seed => makeStretch(seed, {perSecond: MEAN_PER_SECOND * factor, seconds: WINDOW_SECONDS, courses: 20}),
  }),
);

/** The day, with as many tasks as it can use. */
const days = [
  {perTask: 1, parallelTasks: 3000},
  {perTask: 4, parallelTasks: 1500},
  {perTask: 1, lists: 16, parallelTasks: 1500},
].flatMap(given =>
  starts.map(
    (startSeconds): Case => ({
      id: `day, ${sayTask(given)}, start ${startSeconds} s`,
      group: 'day',
      ...{...given, startSeconds, seeds: [1, 2]},
      parts: dayParts,
    }),
  ),
);

/** Tasks that start with one entry and take others, one at a time. */
const more = [4, 16].flatMap(lists =>
  starts.map(
    (startSeconds): Case => ({
      id: `spike, ${sayTask({perTask: 1, lists})}, 200 tasks, start ${startSeconds} s`,
      group: 'more',
      ...{perTask: 1, lists, startSeconds, parallelTasks: 200, seeds},
      parts: spikeParts(),
    }),
  ),
);

/** Notebooks that take a quarter of the time. */
const short = [1, 4].map(
  (perTask): Case => ({
    id: `short, ${perTask} a task, start 30 s`,
    group: 'short',
    ...{perTask, startSeconds: 30, parallelTasks: perTask === 1 ? 500 : 200, seeds},
    parts: spikeParts(5),
  }),
);

/** A container for each student without any pace or bound: what is left is the start and the notebook. */
const bound: Case = {
  id: 'bound, 1 a task, start 30 s',
  group: 'bound',
  ...{perTask: 1, startSeconds: 30, parallelTasks: 10_000, secondsBetweenRuns: 0, seeds},
  parts: spikeParts(),
};

/** The spike without Direct VPC, and with a minute more that it may take. */
const networks = [1, 4].flatMap(perTask =>
  [0, 60].map(
    (networkSeconds): Case => ({
      id: `network, ${perTask} a task, ${networkSeconds} s more`,
      group: 'network',
      ...{perTask, startSeconds: 30, parallelTasks: 1000, networkSeconds, seeds},
      parts: spikeParts(),
    }),
  ),
);

/** Everybody of a course of 50,000 in its last ten minutes. */
const courses = [
  {perTask: 4, parallelTasks: 1000},
  {perTask: 4, parallelTasks: 2000},
  {perTask: 1, lists: 16, parallelTasks: 1000},
  {perTask: 1, lists: 16, parallelTasks: 2000},
].map(
  (given): Case => ({
    id: `course, ${sayTask(given)}, ${given.parallelTasks} tasks`,
    group: 'course',
    ...{...given, startSeconds: 30, seeds: [1]},
    parts: [{share: 1, times: 1, makeLoad: seed => makeSpike(seed, {submissions: 50_000, seconds: 600})}],
  }),
);

/** One class of 60, in the last ten minutes; small enough for a test to take it again. */
const classes = [
  {perTask: 1, secondsBetweenRuns: 6},
  {perTask: 4, secondsBetweenRuns: 6},
  {perTask: 1, lists: 16, secondsBetweenRuns: 6},
  {perTask: 4, secondsBetweenRuns: 60},
  {perTask: 1, lists: 16, secondsBetweenRuns: 60},
  {perTask: 16, secondsBetweenRuns: 60},
  {perTask: 16, secondsBetweenRuns: 180},
].map(
  (given): Case => ({
    id: `class, ${sayTask(given)}, ${given.secondsBetweenRuns} s between runs`,
    group: 'class',
    ...{...given, startSeconds: 30, parallelTasks: 20, seeds: [1, 2, 3]},
    parts: [{share: 1, times: 1, makeLoad: seed => makeSpike(seed, {submissions: 60, seconds: 600})}],
  }),
);

function sayTask({perTask, lists = 1}: Pick<Case, 'perTask' | 'lists'>): string {
  return lists === 1 ? `${perTask} a task` : `${lists} lists of ${perTask} a task`;
}

export const cases: readonly Case[] = [
  ...spikes,
  ...days,
  ...more,
  bound,
  ...short,
  ...networks,
  ...courses,
  ...classes,
];
