import type {VirtualClock} from './clock.ts';
import type {makeCloudRun} from './cloud-run.ts';
import type {Load} from './loads.ts';
import type {Operations} from './records.ts';

/** What a load took, of its measured part. */
export type Outcome = {
  submissions: number;
  /** Seconds from upload to recorded result, one for each submission, in order. */
  seconds: number[];
  executions: number;
  /** `jobs.run` calls in the busiest minute. */
  runsPerMinute: number;
  tasks: number;
  taskSeconds: number;
  /** Entries in these tasks. */
  entries: number;
  /** Tasks that ran or were starting at once, at most. */
  mostTasks: number;
  /** Of dispatch and sweep. */
  operations: Operations;
  invocations: number;
  /** Seconds in which dispatch or sweep had anything to do: what one instance is billed for. */
  instanceSeconds: number;
  signatures: number;
  objectWrites: number;
  objectReads: number;
};

type Counts = Operations & {
  invocations: number;
  busy: number;
  signatures: number;
  objectWrites: number;
  objectReads: number;
};

/** Makes what counts, and tells when the measured part of the load is through. */
export function makeMeter(clock: VirtualClock, operations: Operations, {arrivals, from, to}: Load) {
  const seconds: number[] = [];
  const counts = {invocations: 0, busy: 0, signatures: 0, objectWrites: 0, objectReads: 0};
  const failures: unknown[] = [];
  const measured = arrivals.filter(({at}) => at >= from && at < to).length;
  let underway = 0;
  let busySince = 0;
  let before: Counts | undefined;
  let after: Counts | undefined;

  const busyUntilNow = () => counts.busy + (underway > 0 ? clock.elapsed() - busySince : 0);
  const take = (): Counts => ({...operations, ...counts, busy: busyUntilNow()});
  clock.after(from, () => {
    before = take();
  });
  if (Number.isFinite(to)) {
    clock.after(to, () => {
      after = take();
    });
  }

  return {
    count(what: 'signatures' | 'objectWrites' | 'objectReads') {
      counts[what] += 1;
    },

    /** Runs a function as the platform does: several events at once on one instance. */
    invoke(run: () => Promise<void>): void {
      counts.invocations += 1;
      busySince = underway === 0 ? clock.elapsed() : busySince;
      underway += 1;
      run()
        .catch(error => failures.push(error))
        .finally(() => {
          counts.busy = underway === 1 ? busyUntilNow() : counts.busy;
          underway -= 1;
        });
    },

    graded(receivedAt: number): void {
      if (receivedAt >= from && receivedAt < to) {
        seconds.push((clock.elapsed() - receivedAt) / 1000);
      }
    },

    isMeasured: () => failures.length > 0 || (seconds.length === measured && after !== undefined),

    finish({runCalls, tasks, mostRunning}: ReturnType<typeof makeCloudRun>): Outcome {
      if (failures.length > 0) {
        throw new AggregateError(failures, 'Dispatch or sweep failed in the simulation.');
      }

      const end = after ?? take();
      const since = (name: keyof Counts) => end[name] - (before?.[name] ?? 0);
      const calls = runCalls.filter(at => at >= from && at < to);
      const own = tasks.filter(({batchAt}) => batchAt >= from && batchAt < to);
      return {
        submissions: measured,
        seconds: seconds.sort((a, b) => a - b),
        executions: calls.length,
        runsPerMinute: findBusiestMinute(runCalls),
        tasks: own.length,
        taskSeconds: own.reduce((sum, {billedSeconds}) => sum + billedSeconds, 0),
        entries: own.reduce((sum, {entries}) => sum + entries, 0),
        mostTasks: mostRunning(),
        operations: {reads: since('reads'), writes: since('writes'), deletes: since('deletes')},
        invocations: since('invocations'),
        instanceSeconds: since('busy') / 1000,
        signatures: since('signatures'),
        objectWrites: since('objectWrites'),
        objectReads: since('objectReads'),
      };
    },
  };
}

/** Counts the calls in the minute that had most of them. */
export function findBusiestMinute(times: readonly number[]): number {
  let first = 0;
  return times.reduce((most, at, index) => {
    while (at - (times[first] ?? 0) >= 60_000) {
      first += 1;
    }

    return Math.max(most, index - first + 1);
  }, 0);
}
