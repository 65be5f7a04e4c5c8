import {makeDocumentId} from '../../../domain/document-id.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Find, List} from '../../../domain/ports.ts';
import {makeIsStaffOf} from '../status/find-records.ts';

export type RequireStaffNeeds = {find: Find; list: List; admins: readonly string[]};

/** Makes the door to what only staff may do. `null` is every course, which is for the operator's admins. */
export function makeRequireStaff({find, list, admins}: RequireStaffNeeds) {
  const isStaffOf = makeIsStaffOf({find, admins});

  /** Throws: `not-allowed`, whether the course exists or not; `not-found` for a course that was never seen. */
  return async (identity: Identity, course: string | null): Promise<void> => {
    if (course === null) {
      if (!identity.proof.verified || !admins.includes(identity.name)) {
        throw new HoltError('not-allowed', 'Only the operator’s admins can do this: ask to be added to HOLT_ADMINS.');
      }

      return;
    }

    if (!(await isStaffOf(identity, course))) {
      throw new HoltError(
        'not-allowed',
        'Only the course’s staff can do this: ask to be added to “staff” in course-config.json.',
      );
    }

    const record = await find('courses', await makeDocumentId('course', course));
    // Moodle's courses are in no config: what was submitted to them is all that is known of them.
    const isKnown = record ?? (await findAny(course));
    if (!isKnown) {
      throw new HoltError(
        'not-found',
        `No course "${course}" is known here: add it to HOLT_COURSES, or correct its name.`,
      );
    }
  };

  async function findAny(course: string) {
    const [first] = await list({
      collection: 'submissions',
      where: [['course', '==', course]],
      orderBy: ['receivedAt', 'desc'],
      limit: 1,
    });
    return first;
  }
}

export type RequireStaff = ReturnType<typeof makeRequireStaff>;
