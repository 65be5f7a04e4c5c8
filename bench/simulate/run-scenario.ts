import {eventTypes} from '../../domain/events.ts';
import {offerTask} from '../../domain/free-task.ts';
import {makeGradeEntry} from '../../domain/queue.ts';
import {composeDispatch} from '../../functions/dispatch/compose.ts';
import type {DispatchSettings} from '../../functions/dispatch/settings.ts';
import {composeSweep} from '../../functions/sweep/compose.ts';
import {makeRandom} from '../../testing/make.ts';
import {makeVirtualClock} from './clock.ts';
import {makeCloudRun} from './cloud-run.ts';
import type {Load} from './loads.ts';
import {makeManifestStore} from './manifest-store.ts';
import {makeMeter, type Outcome} from './meter.ts';
import {makeSimulatedRecords} from './records.ts';
import {bringCourses} from './stages.ts';

/** Milliseconds that calls of the other services take: assumed, of the order that they have within a region. */
const times = {
  records: {find: 15, list: 25, each: 0.1, commit: 40},
  writeObject: 60,
  sign: 30,
  source: 200,
  /** From the upload's first byte to the queue entry. */
  exchange: 300,
  /** A message from its publishing to its function. */
  message: 200,
  /** A result from its upload to its record: the bucket's event, then `record`. */
  record: 800,
} as const;

export type Scenario = {
  settings: DispatchSettings;
  startSeconds: number;
  networkSeconds: number;
  seed: number;
  load: Load;
  /** Tasks that Cloud Run runs at once: as many as Holt asks for, unless given. */
  platformTasks?: number;
};

/**
 * Runs a load through the dispatch and the sweep that are deployed, over records and a clock of the simulation's own.
 * Only what is around them is a model: Cloud Run, the times that calls take, and grading.
 */
export async function runScenario({
  platformTasks = Number.POSITIVE_INFINITY,
  startSeconds,
  networkSeconds,
  seed,
  load,
  settings,
}: Scenario): Promise<Outcome> {
  const clock = makeVirtualClock();
  const records = makeSimulatedRecords(clock.sleep, times.records);
  const meter = makeMeter(clock, records.operations, load);
  const random = makeRandom(seed * 7919 + 1);
  const {objects, readObject, close} = makeManifestStore(clock.sleep, times, meter.count);
  const sources = await bringCourses(load.courses, records.put);
  let ids = 0;
  let graded = 0;

  const services = new Map(load.arrivals.map(({serviceSeconds}, index) => [idOf(index), serviceSeconds]));
  const upload = (id: string, run: number): void => {
    clock.after(times.record, () => {
      const put = (...given: Parameters<typeof records.put>) => {
        records.put(...given);
        records.operations.writes += 1;
      };
      offerTask({put: put as typeof records.put}, records.read('queue', id), run, clock.now());
      records.remove('queue', id);
      graded += 1;
      meter.graded(load.arrivals[Number(id.slice(1))]?.at ?? 0);
      wake();
    });
  };
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  const cloudRun = makeCloudRun({
    ...{clock, random, readObject, startSeconds, networkSeconds, upload, close},
    parallelTasks: platformTasks,
    serviceSeconds: id => services.get(id) ?? 0,
  });
  const ports = {
    ...records,
    objects,
    jobs: cloudRun.jobs,
    now: clock.now,
    newId,
    wait: (seconds: number) => clock.sleep(seconds * 1000),
    log: () => {},
    sources,
    replay: async () => {},
    wake: async (about: {course?: string} = {}) => wake(about),
    expiresByItself: true,
  };
  const dispatch = composeDispatch(ports, settings);
  const sweep = composeSweep(ports);

  function wake(about: {course?: string} = {}): void {
    const event = {id: 'wake-up', type: eventTypes.messagePublished, data: {message: {attributes: about}}};
    clock.after(times.message, () => meter.invoke(() => dispatch(event)));
  }

  const submit = (index: number): void => {
    const arrival = load.arrivals[index];
    if (!arrival) {
      return;
    }

    clock.after(arrival.at - clock.elapsed(), () => {
      submit(index + 1);
      const receivedAt = clock.now();
      clock.after(times.exchange, () => {
        const id = idOf(index);
        const key = {course: arrival.course, section: '1', assignment: 'lab'};
        records.put('queue', makeGradeEntry({id, ...key, receivedAt, autograderSha256: undefined}, clock.now()));
        wake();
      });
    });
  };
  const sweepEachMinute = (): void =>
    clock.after(60_000, () => {
      meter.invoke(sweep);
      sweepEachMinute();
    });

  submit(0);
  sweepEachMinute();
  await clock.runUntil(() => graded === load.arrivals.length || meter.isMeasured());
  return meter.finish(cloudRun);
}

const idOf = (index: number) => `s${index}`;
