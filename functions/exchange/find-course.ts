import type {AssignmentKey} from '../../domain/assignment.ts';
import {type AssignmentConfig, type Course, getAssignment} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import type {Find, Log, Wait, Wake} from '../../domain/ports.ts';

export type FindCourseNeeds = {find: Find; wake: Wake; wait: Wait; log: Log};

/** How long a course's record is used before it is read again, and how long an unknown course is not waited for. */
const fresh = {knownMilliseconds: 5000, unknownMilliseconds: 60_000};
const syncWait = {seconds: 5, stepSeconds: [0.1, 0.2, 0.3], lastStepSeconds: 0.5};
/** Anybody can name courses that do not exist: no more than these are waited for at a time. */
const mostAwaited = 20;
const mostKnown = 10_000;

/**
 * Makes the look-up of courses for the exchange, which only reads: dispatch brings courses in. A course that is not
 * there yet is asked for once and waited for, so that the first students of a new course are not turned away.
 */
export function makeFindCourse({find, wake, wait, log}: FindCourseNeeds) {
  const known = new Map<string, {until: number; course: Course}>();
  const unknown = new Map<string, number>();
  const awaited = new Map<string, Promise<Course | undefined>>();

  const look = async (name: string): Promise<Course | undefined> => {
    const course = await find('courses', await makeDocumentId('course', name));
    if (course) {
      remember(known, name, {until: performance.now() + fresh.knownMilliseconds, course});
    }

    return course;
  };

  const awaitCourse = async (name: string): Promise<Course | undefined> => {
    const start = performance.now();
    wake({course: name}).catch(error =>
      log('WARNING', 'the wake-up for an unknown course failed', {error: String(error)}),
    );
    const steps = [...syncWait.stepSeconds];
    let waited = 0;
    // Reading takes its time too: whichever clock is ahead counts.
    while (waited < syncWait.seconds && performance.now() - start < syncWait.seconds * 1000) {
      const step = Math.min(steps.shift() ?? syncWait.lastStepSeconds, syncWait.seconds - waited);
      await wait(step);
      waited += step;
      const arrived = await look(name);
      if (arrived) {
        return arrived;
      }
    }

    remember(unknown, name, performance.now() + fresh.unknownMilliseconds);
    return undefined;
  };

  const findCourse = async (name: string): Promise<Course | undefined> => {
    const hit = known.get(name);
    if (hit && hit.until > performance.now()) {
      return hit.course;
    }

    const course = await look(name);
    if (course) {
      return course;
    }

    const shared = awaited.get(name);
    if (shared || (unknown.get(name) ?? 0) > performance.now() || awaited.size >= mostAwaited) {
      return shared;
    }

    const wanted = awaitCourse(name).finally(() => awaited.delete(name));
    awaited.set(name, wanted);
    return wanted;
  };

  /** Throws `unknown-course` or `unknown-assignment`. What was added a second ago is seen: a miss reads again. */
  const getConfig = async (key: AssignmentKey): Promise<AssignmentConfig> => {
    const course = await findCourse(key.course);
    if (!course) {
      throw new HoltError(
        'unknown-course',
        `No course "${key.course}" is graded here: ask your instructor for a current copy of the notebook.`,
      );
    }

    try {
      return getAssignment(course, key);
    } catch {
      return getAssignment((await look(key.course)) ?? course, key);
    }
  };

  return {findCourse, getConfig};
}

function remember<T>(memory: Map<string, T>, name: string, value: T): void {
  if (memory.size > mostKnown) {
    memory.clear();
  }

  memory.set(name, value);
}
