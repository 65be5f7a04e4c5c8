import type {Case} from './cases.ts';
import type {Outcome} from './meter.ts';
import {type Cost, computeCost} from './prices.ts';
import {runScenario} from './run-scenario.ts';
import type {StageUse} from './stages.ts';

/** What a case came to: the mean of its seeds, but for what is named most. */
export type Row = Omit<Case, 'parts' | 'seeds'> & {
  p50: number;
  p95: number;
  /** The lowest and the highest of the seeds. */
  p95Between: [number, number];
  mostSeconds: number;
  executions: number;
  mostRunsPerMinute: number;
  tasks: number;
  mostTasks: number;
  cost: Cost;
  readsOfDispatch: number;
  /** Seconds within which 1, 2, … 100 % were graded. */
  curve: number[];
};

const MIN_SECONDS_BETWEEN_RUNS = 6;
const START_ALLOWANCE_SECONDS = 180;

/** Runs a case with each of its seeds. */
export async function runCase({parts, seeds, ...given}: Case, use: StageUse): Promise<Row> {
  const {perTask, startSeconds, parallelTasks, lists, secondsBetweenRuns, networkSeconds = 0} = given;
  const settings = {
    maxParallelTasks: parallelTasks,
    maxSubmissionsPerTask: perTask,
    maxListsPerTask: lists ?? 1,
    minSecondsBetweenRuns: secondsBetweenRuns ?? MIN_SECONDS_BETWEEN_RUNS,
    startAllowanceSeconds: START_ALLOWANCE_SECONDS,
  };
  const runs: {curve: number[]; outcomes: Outcome[]}[] = [];
  for (const seed of seeds) {
    const outcomes: Outcome[] = [];
    for (const {makeLoad} of parts) {
      outcomes.push(await runScenario({settings, startSeconds, networkSeconds, seed, load: makeLoad(seed)}));
    }

    const shares = parts.map(({share}) => share);
    runs.push({curve: makeCurve(outcomes, shares), outcomes});
  }

  const mean = (of: (outcomes: Outcome[]) => number) => average(runs.map(({outcomes}) => of(outcomes)));
  const perLoad = (of: (outcome: Outcome) => number) =>
    mean(outcomes => total(outcomes.map((outcome, part) => of(outcome) * (parts[part]?.times ?? 1))));
  const perSubmission = (of: (outcome: Outcome) => number) =>
    mean(outcomes => total(outcomes.map((outcome, part) => of(outcome) * (parts[part]?.share ?? 1))));
  const most = (of: (outcome: Outcome) => number) =>
    Math.max(...runs.flatMap(({outcomes}) => outcomes.map(outcome => of(outcome))));
  const costOf = (name: keyof Cost) =>
    round(
      perSubmission(outcome => computeCost(outcome, use)[name]),
      3,
    );
  const p95s = runs.map(({curve}) => round(curve[94] ?? 0, 1));
  return {
    ...given,
    p50: round(average(runs.map(({curve}) => curve[49] ?? 0)), 1),
    p95: round(average(p95s), 1),
    p95Between: [Math.min(...p95s), Math.max(...p95s)],
    mostSeconds: round(
      most(({seconds}) => seconds.at(-1) ?? 0),
      1,
    ),
    executions: Math.round(perLoad(({executions}) => executions)),
    mostRunsPerMinute: most(({runsPerMinute}) => runsPerMinute),
    tasks: Math.round(perLoad(({tasks}) => tasks)),
    mostTasks: most(({mostTasks}) => mostTasks),
    cost: {
      grader: costOf('grader'),
      functions: costOf('functions'),
      records: costOf('records'),
      rest: costOf('rest'),
      all: costOf('all'),
    },
    readsOfDispatch: round(
      perSubmission(({operations, submissions}) => operations.reads / submissions),
      1,
    ),
    curve: Array.from({length: 100}, (_, at) => round(average(runs.map(({curve}) => curve[at] ?? 0)), 1)),
  };
}

/** Finds the seconds within which each hundredth was graded, every part counting by its share of all submissions. */
export function makeCurve(outcomes: readonly Pick<Outcome, 'seconds'>[], shares: readonly number[]): number[] {
  const all = outcomes
    .flatMap(({seconds}, part) => seconds.map(value => ({value, weight: (shares[part] ?? 0) / seconds.length})))
    .sort((a, b) => a.value - b.value);
  const curve: number[] = [];
  let weight = 0;
  for (const one of all) {
    weight += one.weight;
    while (curve.length < 100 && weight >= (curve.length + 1) / 100 - 1e-9) {
      curve.push(one.value);
    }
  }

  return curve;
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const average = (values: readonly number[]): number => total(values) / values.length;
const round = (value: number, digits: number): number => Number(value.toFixed(digits));
