import {type Case, cases} from './cases.ts';
import {JOB, prices} from './prices.ts';
import type {Row} from './run-case.ts';

type Column = readonly [head: string, cell: (row: Row) => string];

const seconds = (value: number) => `${Math.round(value)}`;
const dollars = (value: number) => `$${value.toFixed(2)}`;
/** With a tenth of a cent, where a goal is near. */
const cents = (value: number) => `$${value.toFixed(3)}`;
const whole = (value: number) => value.toLocaleString('en-US');

const perTask: Column = ['a list', row => `${row.perTask}`];
const lists: Column = ['lists', row => `${row.lists ?? 1}`];
const parallel: Column = ['tasks allowed', row => whole(row.parallelTasks)];
const start: Column = ['start, s', row => `${row.startSeconds}`];
const times: Column[] = [
  ['p50, s', row => seconds(row.p50)],
  ['p95, s', row => `${seconds(row.p95)} (${row.p95Between.map(seconds).join('–')})`],
  ['max, s', row => seconds(row.mostSeconds)],
];
const use: Column[] = [
  ['executions', row => whole(row.executions)],
  ['`run` a minute', row => `${row.mostRunsPerMinute}`],
  ['tasks', row => whole(row.tasks)],
  ['at once', row => whole(row.mostTasks)],
];
const costs: Column[] = [
  ['grader', row => dollars(row.cost.grader)],
  ['all', row => dollars(row.cost.all)],
];
const pace: Column = ['s between runs', row => `${row.secondsBetweenRuns ?? 6}`];

const network: Column = ['network, s', row => `${row.networkSeconds ?? 0}`];

const columns: Record<Case['group'], readonly Column[]> = {
  spike: [perTask, lists, parallel, start, ...times, ...use, ...costs],
  day: [perTask, lists, start, ...times, ...use, ...costs],
  more: [perTask, lists, parallel, start, ...times, ...use, ...costs],
  bound: [perTask, lists, start, ...times, ...use, ...costs],
  short: [perTask, lists, parallel, start, ...times, ...use, ...costs],
  network: [perTask, lists, parallel, network, ...times, ...use, ...costs],
  course: [perTask, lists, parallel, start, ...times, ...use, ...costs],
  class: [perTask, lists, pace, ...times, ...use, ...costs],
};

const costColumns: Column[] = [
  ['load', row => row.id],
  ['grader', row => dollars(row.cost.grader)],
  ['functions', row => dollars(row.cost.functions)],
  ['Firestore', row => dollars(row.cost.records)],
  ['Pub/Sub, Storage', row => dollars(row.cost.rest)],
  ['all', row => dollars(row.cost.all)],
  ['reads of dispatch', row => row.readsOfDispatch.toFixed(0)],
];

/** Writes the table of a group. */
export const writeTable = (group: Case['group'], rows: readonly Row[]): string =>
  toMarkdown(
    columns[group],
    rows.filter(row => row.group === group),
  );

/** Writes what a thousand submissions cost, part by part. */
export const writeCosts = (rows: readonly Row[]): string =>
  toMarkdown(
    costColumns,
    rows.filter(({group, startSeconds, parallelTasks, secondsBetweenRuns = 6}) =>
      group === 'spike' || group === 'more'
        ? startSeconds === 30 && parallelTasks === 200
        : ['day', 'class'].includes(group) && startSeconds === 30 && secondsBetweenRuns === 6,
    ),
  );

/** The cells of a row of its group's table. */
export const cellsOf = (row: Row): string[] => columns[row.group].map(([, cell]) => cell(row));

/** What the grader takes with tasks of another size. */
const withMemory = ({cost}: Row, gib: number): number => {
  const second = (memory: number) => JOB.vcpus * prices.job.vcpuSecond + memory * prices.job.gibSecond;
  return (cost.grader * second(gib)) / second(JOB.gib);
};

/** Writes what was wanted and what came out. */
export function writeGoals(rows: readonly Row[]): string {
  const spike = rows.filter(({group, startSeconds}) => ['spike', 'more'].includes(group) && startSeconds === 30);
  const quickest = spike.toSorted((a, b) => a.p95 - b.p95)[0];
  const shared = spike.filter(row => row.perTask === 4 && row.parallelTasks === 200)[0];
  const runs = Math.max(...rows.filter(({group}) => group !== 'bound').map(row => row.mostRunsPerMinute));
  const sayMet = (isMet: boolean) => (isMet ? 'yes' : '**no**');
  const lines = [
    ['goal', 'simulated', 'met'],
    [
      'p95 under 75 s at the spike, start 30 s',
      `${seconds(quickest?.p95 ?? 0)} s: ${quickest?.lists} lists of ${quickest?.perTask}, ${quickest?.parallelTasks} tasks allowed`,
      sayMet((quickest?.p95 ?? 75) < 75),
    ],
    [
      'under $0.50 per 1,000 at 4 a task: what the grader takes, its tasks having 2 GiB',
      `${cents(shared?.cost.grader ?? 0)} at the spike`,
      sayMet((shared?.cost.grader ?? 1) < 0.5),
    ],
    [
      'the same, with the lists of the first goal',
      `${cents(quickest?.cost.grader ?? 0)} at the spike`,
      sayMet((quickest?.cost.grader ?? 1) < 0.5),
    ],
    [
      'the same, the tasks having 3 GiB',
      `${cents(shared ? withMemory(shared, 3) : 0)} at the spike`,
      sayMet((shared ? withMemory(shared, 3) : 1) < 0.5),
    ],
    [
      'with 2 GiB, and with functions, Firestore, Pub/Sub and Storage',
      `${cents(shared?.cost.all ?? 0)} at the spike`,
      sayMet((shared?.cost.all ?? 1) < 0.5),
    ],
    [
      'at most 10 `run` calls a minute at any load',
      `${runs}, in the busiest minute of all of them`,
      sayMet(runs <= 10),
    ],
  ];
  return align(lines, []);
}

function toMarkdown(wanted: readonly Column[], rows: readonly Row[]): string {
  const numbers = wanted.flatMap(([head], at) => (head === 'load' ? [] : [at]));
  return align([wanted.map(([head]) => head), ...rows.map(row => wanted.map(([, cell]) => cell(row)))], numbers);
}

function align(lines: readonly string[][], numbers: readonly number[]): string {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(3, ...lines.map(line => line[at]?.length ?? 0)));
  const write = (cells: readonly string[]) =>
    `| ${cells
      .map((cell, at) => (numbers.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join(' | ')} |`;
  const rule = widths.map((width, at) => (numbers.includes(at) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [head = [], ...body] = lines;
  return [head, rule, ...body].map(write).join('\n');
}

/** The cases that a test takes again, because they are quick. */
export const quickCases = cases.filter(
  ({group, perTask, startSeconds, parallelTasks}) =>
    group === 'class' || (group === 'spike' && perTask === 4 && parallelTasks === 200 && startSeconds === 30),
);
