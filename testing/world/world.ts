import {hashBytes, makeDocumentId} from '../../domain/document-id.ts';
import {eventTypes, type StageEvent} from '../../domain/events.ts';
import type {SendScore} from '../../domain/ports.ts';
import {makeGradeEntry} from '../../domain/queue.ts';
import {addSeconds, type Instant} from '../../domain/values.ts';
import {makeAudit} from '../../functions/audit/handler.ts';
import {composeDispatch} from '../../functions/dispatch/compose.ts';
import {type DispatchSettings, FETCH_PATIENCE_SECONDS} from '../../functions/dispatch/settings.ts';
import {makePassback} from '../../functions/passback/handler.ts';
import {makeRecord} from '../../functions/record/handler.ts';
import {composeSweep} from '../../functions/sweep/compose.ts';
import {at, sampleAutograder, sampleSubmission} from '../make.ts';
import {makeMemoryRecords} from '../memory-records.ts';
import {type Delivery, makeEvents} from './events.ts';
import {makeMemoryGrader} from './grader.ts';
import {makeMemoryJobs, makeMemoryObjects} from './platform.ts';
import {makeSource} from './source.ts';

const settings: DispatchSettings = {
  maxParallelTasks: 100,
  maxSubmissionsPerTask: 1,
  maxListsPerTask: 1,
  minSecondsBetweenRuns: 6,
  startAllowanceSeconds: 300,
};

/** Records whose every collection can be looked at at once, as a test does. */
export type WorldStore = ReturnType<typeof makeMemoryRecords>;

type Options = {
  settings?: Partial<DispatchSettings>;
  pause?: () => Promise<void>;
  courses?: string[];
  /** Where records are kept; in memory unless given. */
  store?: WorldStore;
};

/**
 * Makes a platform of functions and Maps around the real stages: a clock to move, events to deliver or lose, executions
 * to run, lose or never start.
 */
export async function makeStageWorld({pause = async () => {}, courses = ['demo'], ...options}: Options = {}) {
  const store = options.store ?? makeMemoryRecords({pause});
  const clock = {now: at(1000)};
  const logs: {severity: string; message: string; fields: Record<string, unknown>}[] = [];
  const courseSources = {areSlow: false};
  const thrown: unknown[] = [];
  const lms = new Map<string, number>();
  const sources = new Map(await Promise.all(courses.map(async course => [course, await makeSource(course)] as const)));
  let ids = 0;

  const pass = (seconds: number): Instant => {
    clock.now = addSeconds(clock.now, seconds);
    return clock.now;
  };
  const {deliveries, send, transact, wake, replay} = makeEvents(store);
  const {objects, content, readUrl} = makeMemoryObjects(pause);
  const {jobs, executions, platform} = makeMemoryJobs(pause, readUrl);
  const sendScore: SendScore = async ({sourcedId}, fraction) => {
    await pause();
    lms.set(sourcedId, fraction);
    return {outcome: 'sent', message: 'success'};
  };

  const ports = {
    ...store,
    transact,
    objects,
    jobs,
    wake,
    replay,
    sendScore,
    now: () => clock.now,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    async wait(seconds: number) {
      if (seconds === FETCH_PATIENCE_SECONDS) {
        // Whoever has an answer is quicker than patience.
        await (courseSources.areSlow ? new Promise(resolve => setTimeout(resolve, 600)) : new Promise(() => {}));
        return;
      }

      await pause();
      pass(seconds);
    },
    log(severity: string, message: string, fields: Record<string, unknown> = {}) {
      const taken = ['severity', 'message', 'time', 'component'].filter(name => name in fields);
      if (taken.length > 0) {
        throw new Error(`A log line's own ${taken} would be overwritten.`);
      }

      logs.push({severity, message, fields});
    },
  };

  const makeStages = (given: typeof ports = ports) => ({
    dispatch: composeDispatch({...given, sources}, {...settings, ...options.settings}),
    record: makeRecord({...given, readObject: given.objects.read, writeObject: given.objects.write}),
    passback: makePassback(given, {post: true, lms: {host: 'lms.example'}, prefix: ''}),
    audit: makeAudit({...given, prefix: ''}),
    sweep: composeSweep({...given, expiresByItself: false}),
  });
  const stages = makeStages();

  const eventOf = (attributes: Record<string, string> = {}): StageEvent => ({
    id: 'wake-up',
    type: eventTypes.messagePublished,
    data: {message: {attributes}},
  });

  /** Brings the courses in, their archives inspected, as they are after the first student. */
  const prepare = async () => {
    await stages.dispatch(eventOf({course: '*'}));
    const archives = [...sources.values()].flatMap(({source}) => [...source.files.values()].slice(1));
    const ids = await Promise.all(archives.map(bytes => hashBytes(bytes)));
    await store.transact(async transaction => {
      for (const id of ids) {
        transaction.put('autograders', sampleAutograder({id}));
      }
    });
    return ids;
  };

  /** Writes what exchange writes for an upload. */
  const submit = async (id: string, given: Partial<ReturnType<typeof sampleSubmission>> = {}) => {
    const who = {course: 'demo', section: '1', assignment: 'lab', student: 'alice', receivedAt: clock.now, ...given};
    const workId = await makeDocumentId('work', who.course, who.section, who.assignment, who.student);
    const submission = sampleSubmission({...who, id, createdAt: clock.now, workId});
    await transact(async transaction => {
      transaction.create('submissions', submission);
      transaction.create('queue', makeGradeEntry(submission, clock.now));
    });
    await wake();
    return submission;
  };

  const {upload, gradeEntry, entriesOf, runExecutions} = makeMemoryGrader({objects, readUrl}, executions, send);

  /** Delivers everything that is on its way, and what comes of it, in order. */
  const deliver = async (only: (delivery: Delivery) => boolean = () => true) => {
    for (;;) {
      const index = deliveries.findIndex(only);
      const [delivery] = index < 0 ? [] : deliveries.splice(index, 1);
      if (!delivery) {
        return;
      }

      // The platform would deliver it again; a test of what is lost leaves that to the sweep.
      await stages[delivery.stage](delivery.event).catch(error => void thrown.push(error));
    }
  };

  /** Lets minutes pass, each with a sweep, all events and all executions, until nothing waits. */
  const settle = async ({minutes = 30, grade = gradeEntry} = {}) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await deliver();
      await runExecutions(grade);
      await deliver();
      pass(60);
      await stages.sweep();
      await deliver();
    }
  };

  const stage = {ports, makeStages, stages, eventOf, prepare, submit, deliver, settle};
  const outside = {
    executions,
    platform,
    courseSources,
    sources,
    lms,
    content,
    upload,
    gradeEntry,
    entriesOf,
    runExecutions,
  };
  return {...stage, ...outside, records: store, transact, clock, pass, deliveries, logs, thrown};
}

export type StageWorld = Awaited<ReturnType<typeof makeStageWorld>>;
