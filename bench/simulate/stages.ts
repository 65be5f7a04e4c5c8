import {hashBytes} from '../../domain/document-id.ts';
import {makeFindCourse} from '../../functions/exchange/find-course.ts';
import {makeSubmit} from '../../functions/exchange/submit.ts';
import {makeStageWorld} from '../../testing/world/world.ts';
import {makeSimulatedRecords, type Operations} from './records.ts';

/** Brings courses in as they are after their first student: synced, their archives inspected. */
export async function bringCourses(courses: string[], put: ReturnType<typeof makeSimulatedRecords>['put']) {
  const world = await makeStageWorld({courses});
  await world.prepare();
  for (const course of world.records.all('courses')) {
    put('courses', course);
  }

  for (const autograder of world.records.all('autograders')) {
    put('autograders', autograder);
  }

  return world.sources;
}

/** What a submission takes of the stages beside dispatch. */
export type StageUse = Record<string, Operations & {calls: number}>;

/**
 * Sends one notebook through the real stages, from its upload to the LMS, and counts what each of them asks of the record
 * store. Dispatch is left out: what it asks for depends on the load.
 */
export async function countStages(): Promise<StageUse> {
  const records = makeSimulatedRecords(async () => {}, {find: 0, list: 0, each: 0, commit: 0});
  const world = await makeStageWorld({store: records});
  await world.prepare();
  const use: StageUse = {};
  const measure = async (stage: string, run: () => Promise<unknown>): Promise<void> => {
    const before = {...records.operations};
    await run();
    const {reads, writes, deletes} = records.operations;
    const known = use[stage] ?? {calls: 0, reads: 0, writes: 0, deletes: 0};
    use[stage] = {
      calls: known.calls + 1,
      reads: known.reads + reads - before.reads,
      writes: known.writes + writes - before.writes,
      deletes: known.deletes + deletes - before.deletes,
    };
  };
  const {ports} = world;
  const submit = makeSubmit({...ports, getConfig: makeFindCourse(ports).getConfig});
  const upload: Parameters<typeof submit>[0] = {
    key: {course: 'demo', section: '1', assignment: 'lab'},
    student: 'alice',
    proof: {kind: 'jwt', verified: true, via: 'token'},
    ...{flags: [], namedStudent: undefined, client: 'otter-submit'},
    ...{sha256: await hashBytes('notebook'), bytes: 100_000, receivedAt: ports.now(), trace: 'trace'},
    store: async () => {},
  };
  await measure('exchange', () => submit(upload));
  for (;;) {
    const delivery = world.deliveries.shift();
    if (delivery) {
      const run = () => world.stages[delivery.stage](delivery.event);
      await (delivery.stage === 'dispatch' ? run() : measure(delivery.stage, run));
    } else if (world.executions.some(({state}) => state === 'running')) {
      await world.runExecutions();
    } else {
      return use;
    }
  }
}
