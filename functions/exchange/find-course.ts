import type {AssignmentKey} from '../../domain/assignment.ts';
import {type AssignmentConfig, type Course, getAssignment} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import type {Find, Log, Wait, Wake} from '../../domain/ports.ts';

export type FindCourseNeeds = {find: Find; wake: Wake; wait: Wait; log: Log};

/** How long a course's record is used before it is read again, and how long an unknown course is not waited for. */
const fresh = {knownMilliseconds: 5000, unknownMilliseconds: 60_000};
const syncWait = {seconds: 5, stepSeconds: 0.1};

/**
 * Makes the look-up of courses for the exchange, which only reads: dispatch brings courses in. A course that is not
 * there yet is asked for once and waited for, so that the first student of a new course is not turned away.
 */
export function makeFindCourse({find, wake, wait, log}: FindCourseNeeds) {
  const seen = new Map<string, {until: number; course: Course | undefined}>();

  const look = async (name: string): Promise<Course | undefined> => {
    const course = await find('courses', await makeDocumentId('course', name));
    if (seen.size > 10_000) {
      seen.clear();
    }

    seen.set(name, {
      until: performance.now() + (course ? fresh.knownMilliseconds : fresh.unknownMilliseconds),
      course,
    });
    return course;
  };

  const findCourse = async (name: string): Promise<Course | undefined> => {
    const hit = seen.get(name);
    if (hit && hit.until > performance.now()) {
      return hit.course ?? (await look(name));
    }

    const course = await look(name);
    if (course) {
      return course;
    }

    await wake({course: name}).catch(error =>
      log('WARNING', 'the wake-up for an unknown course failed', {error: String(error)}),
    );
    for (let waited = 0; waited < syncWait.seconds; waited += syncWait.stepSeconds) {
      await wait(syncWait.stepSeconds);
      const arrived = await look(name);
      if (arrived) {
        return arrived;
      }
    }

    return undefined;
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
