import {makeDocumentId} from '../../../domain/document-id.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Find, List, Now} from '../../../domain/ports.ts';
import {type AttentionList, makeFindAttention} from './attention.ts';
import {type AutograderView, makeListAutograders} from './autograders.ts';
import {makeIsStaffOf, type Summary, summarize} from './find-records.ts';
import {cutPage, type Page} from './paging.ts';

export type ListCourseNeeds = {find: Find; list: List; now: Now; admins: readonly string[]};

export type CourseList = AttentionList & {
  course: string;
  submissions: Summary[];
  next: string | null;
  /** Only on the first page, as what needs attention. */
  autograders: AutograderView[];
};

/**
 * Makes the list of a course's submissions for its staff, newest first; the first page has also what needs
 * attention, and what is known of the autograders.
 *
 * Throws: `not-found` for anybody else, whether the course exists or not, and for a course that was never seen.
 */
export function makeListCourse({find, list, now, admins}: ListCourseNeeds) {
  const isStaffOf = makeIsStaffOf({find, admins});
  const findAttention = makeFindAttention({find, list, now});
  const listAutograders = makeListAutograders({find});

  return async (identity: Identity, course: string, {after, limit}: Page): Promise<CourseList> => {
    if (!(await isStaffOf(identity, course))) {
      throw new HoltError(
        'not-found',
        'There is no list of this course for you: only its staff can open it. Ask to be added to “staff” in course-config.json.',
      );
    }

    const record = await find('courses', await makeDocumentId('course', course));
    const [found, attention, autograders] = await Promise.all([
      list({
        collection: 'submissions',
        where: [['course', '==', course]],
        orderBy: ['receivedAt', 'desc'],
        after,
        limit: limit + 1,
      }),
      after ? {attention: [], attentionIsCut: false} : findAttention(course, record),
      after || !record ? [] : listAutograders(record),
    ]);
    // Moodle's courses are in no config: what was submitted to them is all that is known of them.
    if (!record && found.length === 0) {
      throw new HoltError(
        'not-found',
        `No course "${course}" is known here: add it to HOLT_COURSES, or wait a minute when it was just added.`,
      );
    }

    const {rows, next} = cutPage(found, limit);
    const submissions = await summarize({find, list}, rows, {audience: 'staff', now: now()});
    return {course, ...attention, submissions, next, autograders};
  };
}
