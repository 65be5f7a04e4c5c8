import {readFileSync} from 'node:fs';
import test from 'ava';
import {cases} from './cases.ts';
import {makeVirtualClock} from './clock.ts';
import {billedSeconds} from './cloud-run.ts';
import {fillDocument} from './document.ts';
import {type Load, makeSpike, makeStretch} from './loads.ts';
import {findBusiestMinute, type Outcome} from './meter.ts';
import {computeCost} from './prices.ts';
import {makeCurve, runCase} from './run-case.ts';
import {runScenario} from './run-scenario.ts';
import {countStages} from './stages.ts';
import {cellsOf, quickCases} from './tables.ts';

const run = (
  load: Load,
  given: {tasks?: number; perTask?: number; lists?: number; pause?: number; seed?: number; platformTasks?: number} = {},
) =>
  runScenario({
    settings: {
      maxParallelTasks: given.tasks ?? 100,
      maxSubmissionsPerTask: given.perTask ?? 4,
      maxListsPerTask: given.lists ?? 1,
      minSecondsBetweenRuns: given.pause ?? 6,
      startAllowanceSeconds: 180,
    },
    startSeconds: 30,
    networkSeconds: 0,
    seed: given.seed ?? 1,
    ...(given.platformTasks && {platformTasks: given.platformTasks}),
    load,
  });
const rush = (submissions: number, seconds: number) => makeSpike(1, {submissions, seconds});

for (const quick of quickCases) {
  test(`docs/scaling.md says what is simulated: ${quick.id}`, async t => {
    const document = readFileSync('docs/scaling.md', 'utf8');
    const table = document.split(`simulate: begin ${quick.group} `)[1]?.split('simulate: end')[0] ?? '';
    const written = table.split('\n').map(line =>
      line
        .split('|')
        .map(cell => cell.trim())
        .slice(1, -1),
    );
    const row = await runCase(quick, await countStages());
    const cells = cellsOf(row);
    t.true(
      written.some(line => line.join() === cells.join()),
      `${cells.join(' | ')} is not in the table: run npm run simulate, and look at what changed`,
    );
  });
}

test('the plot has a line for each rule and start', t => {
  const curves = readFileSync('docs/scaling.svg', 'utf8').match(/<path d="M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){99}"/g);
  t.is(curves?.length, 15);
});

test('a seed gives the same again, and another seed does not', async t => {
  const [first, again, other] = [await run(rush(60, 60)), await run(rush(60, 60)), await run(rush(60, 60), {seed: 2})];
  t.deepEqual(again, first);
  t.notDeepEqual(other.seconds, first.seconds);
});

test('every submission is graded once, by no more tasks than are allowed', async t => {
  const outcome = await run(rush(300, 60), {tasks: 7});
  t.is(outcome.entries, 300);
  t.is(outcome.seconds.length, 300);
  t.is(outcome.mostTasks, 7);
});

test('a platform that runs fewer tasks than it is asked for makes them wait', async t => {
  const [free, narrow] = [await run(rush(100, 60)), await run(rush(100, 60), {platformTasks: 5})];
  t.true(free.mostTasks > 5);
  t.is(narrow.mostTasks, 5);
  t.is(narrow.seconds.length, 100);
  t.true((narrow.seconds[50] ?? 0) > (free.seconds[50] ?? 0));
});

for (const [what, load, tasks] of [
  ['a rush', () => rush(3000, 60), 10_000],
  ['a trickle', () => rush(100, 1200), 100],
  ['a full machine', () => rush(300, 120), 5],
] as const) {
  test(`at most ten runs a minute: ${what}`, async t => {
    const outcome = await run(load(), {tasks, perTask: 1});
    t.true(outcome.executions > 5);
    t.true(outcome.runsPerMinute <= 10, `${outcome.runsPerMinute}`);
  });
}

test('it is the pause between runs that keeps them few', async t => {
  t.true((await run(rush(300, 120), {perTask: 1, pause: 0})).runsPerMinute > 10);
});

test('only the middle of a stretch is measured', async t => {
  const load = makeStretch(1, {perSecond: 1, seconds: 60, courses: 2});
  const outcome = await run(load);
  t.is(outcome.submissions, load.arrivals.filter(({at}) => at >= 300_000 && at < 360_000).length);
  t.is(outcome.seconds.length, outcome.submissions);
  t.true(outcome.executions < 12);
});

test('the loads are what they are called', t => {
  const spike = rush(2000, 600).arrivals;
  t.is(spike.length, 2000);
  const inSecondHalf = spike.filter(({at}) => at > 300_000).length;
  t.true(Math.abs(inSecondHalf - 1500) < 60, 'three quarters come in the second half of a ramp');
  const mean = spike.reduce((sum, {serviceSeconds}) => sum + serviceSeconds, 0) / 2000;
  t.true(Math.abs(mean - 20) < 0.6);
  for (const {parts, id} of cases) {
    t.is(Math.round(parts.reduce((sum, {share}) => sum + share, 0) * 1e9), 1e9, id);
  }

  const day = cases.find(({group}) => group === 'day');
  const total = day?.parts.reduce((sum, {times, makeLoad}) => {
    const {arrivals, from, to} = makeLoad(1);
    return sum + times * arrivals.filter(({at}) => at >= from && at < to).length;
  }, 0);
  t.true(Math.abs((total ?? 0) - 1e6) < 20_000, `${total}`);
});

test('a task is billed for a minute at least, then for tenths of a second', t => {
  t.deepEqual([0, 59.99, 60.01, 84.2].map(billedSeconds), [60, 60, 60.1, 84.2]);
});

test('the busiest minute is any sixty seconds, not one of the clock', t => {
  t.is(findBusiestMinute([]), 0);
  t.is(findBusiestMinute([0, 30_000, 59_999, 60_000, 89_000]), 4);
  t.is(findBusiestMinute([0, 60_000, 120_000]), 1);
});

test('hundredths are found by the share that each part stands for', t => {
  const curve = makeCurve([{seconds: [10, 20]}, {seconds: [100]}], [0.9, 0.1]);
  t.is(curve.length, 100);
  t.deepEqual([curve[0], curve[44], curve[45], curve[89], curve[90], curve[99]], [10, 10, 20, 20, 100, 100]);
});

test('a thousand submissions cost what the prices say', t => {
  const outcome: Outcome = {
    ...{submissions: 1000, seconds: [], executions: 1, runsPerMinute: 1, tasks: 250, taskSeconds: 21_000},
    ...{
      entries: 1000,
      mostTasks: 1,
      invocations: 2000,
      instanceSeconds: 400,
      signatures: 0,
      objectWrites: 500,
      objectReads: 1000,
    },
    operations: {reads: 100_000, writes: 10_000, deletes: 1000},
  };
  const cost = computeCost(outcome, {audit: {calls: 4, reads: 0, writes: 10, deletes: 0}});
  t.is(cost.grader.toFixed(6), '0.462000');
  t.is(cost.functions.toFixed(6), (400 * 0.000029 + 6000 * 4e-7 + 4000 * 0.1 * 0.00002525).toFixed(6));
  t.is(cost.records.toFixed(6), (0.03 + 0.009 + 0.0001 + 0.009).toFixed(6));
  t.is(cost.all.toFixed(6), (cost.grader + cost.functions + cost.records + cost.rest).toFixed(6));
});

test('what the other stages ask of the store is counted with the real ones', async t => {
  const {exchange, record, passback, audit} = await countStages();
  // A submission, its head and its queue entry.
  t.is(exchange?.writes, 3);
  // The record ends the queue entry.
  t.is(record?.deletes, 1);
  t.deepEqual([exchange?.calls, record?.calls, passback?.calls], [1, 1, 1]);
  t.true((audit?.writes ?? 0) === audit?.calls);
});

test('time goes from one thing that is due to the next, and what is due at once keeps its order', async t => {
  const clock = makeVirtualClock();
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(`${what} ${clock.elapsed()}`);
  clock.after(20, note('c'));
  clock.after(10, note('a'));
  clock.after(10, note('b'));
  void clock.sleep(5).then(async () => {
    await clock.sleep(30);
    note('d')();
  });
  await clock.runUntil(() => seen.length === 4);
  t.deepEqual(seen, ['a 10', 'b 10', 'c 20', 'd 35']);
  await t.throwsAsync(
    clock.runUntil(() => false),
    {message: /Nothing is due/},
  );
});

test('a document without a place for a table is refused', t => {
  t.throws(() => fillDocument('# Nothing', []), {message: /has no place for "goals"/});
});
