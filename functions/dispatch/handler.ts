import {courseOf, type StageEvent} from '../../domain/events.ts';
import {takeLease, updateLease} from '../../domain/lease.ts';
import type {Find, Log, NewId, Now, Transact, Wait} from '../../domain/ports.ts';
import type {QueueEntry} from '../../domain/queue.ts';
import {addSeconds, type Instant, secondsBetween} from '../../domain/values.ts';
import type {Ready} from './find-ready.ts';
import type {Look} from './look.ts';
import {BATCH_ENTRIES, type DispatchSettings, TURN_SECONDS} from './settings.ts';

export type DispatchNeeds = Omit<Look, 'listFree'> & {
  find: Find;
  transact: Transact;
  now: Now;
  newId: NewId;
  wait: Wait;
  log: Log;
  settings: DispatchSettings;
  /** The courses of HOLT_COURSES. */
  courses: readonly string[];
  /** Looks whether a course's source changed. */
  syncCourse: (course: string) => Promise<string>;
  /** Makes entries due again that waited for an archive of this course. */
  releaseWaiting: (course: string) => Promise<void>;
  /** Makes entries due again whose courses staff have resumed. */
  endPauses: () => Promise<void>;
  findReady: (entries: readonly QueueEntry[]) => Promise<Ready[]>;
  startBatch: (ready: readonly Ready[]) => Promise<number>;
  /** Gives what is due to tasks that are warm and look for more. */
  handOver: () => Promise<number>;
};

const LEASE = 'dispatch';
const leaseSeconds = 60;
/** `*` in a wake-up: look at every course's source. */
export const ALL_COURSES = '*';

/**
 * queued -> grading. Wakes on a message, takes a lease that only batches, and starts one execution for what waits. Each
 * entry's own claim keeps it from being started twice; a wake-up that finds the lease held ends, because its holder
 * looks once more after giving it back.
 */
export function makeDispatch(needs: DispatchNeeds) {
  const {find, now, newId, wait, log, settings, courses, listDue, findRoom, hasWork} = needs;
  const {findReady, startBatch, handOver, syncCourse, releaseWaiting, endPauses} = needs;

  return async (event: StageEvent): Promise<void> => {
    const course = courseOf(event);
    if (course !== undefined) {
      // A source that is slow to answer must not hold up what is due already.
      await Promise.all([startDue(), refreshCourses(course), resumeCourses()]);
    }

    await startDue();
  };

  async function startDue(): Promise<void> {
    // A task that looks for more ends within seconds, whoever has the lease meanwhile.
    await handOver();
    const held = await find('leases', LEASE);
    // On a full machine every submission still wakes: looking first spares two writes of the one lease for each.
    if ((held && held.until > now()) || !(await hasWork())) {
      return;
    }

    const holder = newId();
    const until = addSeconds(now(), TURN_SECONDS);
    do {
      const lease = await takeLease(needs, LEASE, holder, leaseSeconds);
      if (!lease) {
        return;
      }

      try {
        await drain(holder, lease.lastRunAt, until);
      } finally {
        await updateLease(needs, LEASE, holder, {until: now()});
      }
      // An entry that came while the lease was held found nobody to wake.
    } while (now() < until && (await hasWork()));
  }

  /** A pause that could not be ended now is ended in the next minute, and delays no other course. */
  async function resumeCourses(): Promise<void> {
    await endPauses().catch(error =>
      log('ERROR', 'a pause could not be ended; the next minute tries again', {error: String(error)}),
    );
  }

  /** A message that names a course comes from its first student, or from the inspection of one of its archives. */
  async function refreshCourses(named: string): Promise<void> {
    const due = named === ALL_COURSES ? courses : courses.filter(course => course === named);
    await Promise.all(
      due.map(async course => {
        try {
          const outcome = await syncCourse(course);
          if (outcome === 'changed' || named === course) {
            await releaseWaiting(course);
          }
        } catch (error) {
          log('ERROR', 'a course could not be looked at; the next minute tries again', {course, error: String(error)});
        }
      }),
    );
  }

  /** Starts batches until nothing is due, the platform has no room, or the time is up. */
  async function drain(holder: string, previousRunAt: Instant | null, until: Instant): Promise<void> {
    let lastRunAt = previousRunAt;
    let after: readonly [string, string] | undefined;
    let atLeast = 0;
    while (now() < until) {
      const room = Math.min(await findRoom(), BATCH_ENTRIES);
      const page = room > 0 ? await listDue(Math.max(room, atLeast), after) : [];
      const last = page.at(-1);
      if (!last) {
        return;
      }

      const found = await findReady(page);
      const ready = found.slice(0, room);
      const tried = (found.length > room ? ready.at(-1)?.entry : undefined) ?? last;
      after = [tried.visibleAt, tried.id];
      // What waits may be many entries in a row: they must not be looked at one by one while others could be started.
      atLeast = ready.length === 0 ? BATCH_ENTRIES : 0;
      if (ready.length === 0) {
        continue;
      }

      const lease = await takeLease(needs, LEASE, holder, leaseSeconds + settings.minSecondsBetweenRuns);
      if (!lease) {
        return;
      }

      if (lease.lastRunAt !== lastRunAt) {
        // Another held the lease meanwhile: what was counted before no longer holds.
        lastRunAt = lease.lastRunAt;
        after = undefined;
        continue;
      }

      await pace(lastRunAt);
      const started = await startBatch(ready);
      lastRunAt = now();
      await updateLease(needs, LEASE, holder, {lastRunAt});
      log('INFO', 'batch done', {started, due: page.length, room});
    }
  }

  async function pace(lastRunAt: Instant | null): Promise<void> {
    const {minSecondsBetweenRuns} = settings;
    const passed = lastRunAt === null ? minSecondsBetweenRuns : secondsBetween(lastRunAt, now());
    if (passed < minSecondsBetweenRuns) {
      // A clock that was set back must not make it longer.
      await wait(Math.min(minSecondsBetweenRuns - passed, minSecondsBetweenRuns));
    }
  }
}
