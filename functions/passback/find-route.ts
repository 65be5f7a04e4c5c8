import {getAssignment} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {type LineItem, makeGoferLineItem, makeLineItem, type Passback} from '../../domain/passback.ts';
import type {Find} from '../../domain/ports.ts';

export type LmsSettings = {
  /** Whether scores are posted at all (POST_GRADE). */
  post: boolean;
  /** The LMS, or undefined when its settings are not complete. */
  lms: {host: string; baseUrl?: string | undefined} | undefined;
  /** Hosts that an outcomes URL of a course's config may name: a course must not send scores wherever it likes. */
  hosts?: readonly string[];
  /** Why scores are not posted, when `post` is false or `lms` undefined. */
  why?: string | undefined;
};

/** Where a score goes. `off`: nowhere, on purpose. `unknown`: the course does not say now, and may say later. */
export type Route = {kind: 'open'; lineItem: LineItem} | {kind: 'off' | 'unknown'; message: string};

/** Finds where a passback's score goes, as the course's config has it now. Never throws for what a config may hold. */
export async function findRoute(find: Find, passback: Passback, settings: LmsSettings): Promise<Route> {
  const {post, lms, hosts = [], why} = settings;
  if (!post) {
    return {kind: 'off', message: why ?? 'Scores are not posted: POST_GRADE is off.'};
  }

  const notSet = why ?? 'Scores are not posted: LTI_CONSUMER_KEY, LTI_CONSUMER_SECRET and EDX_URL are not all set.';
  if (!lms && hosts.length === 0) {
    return {kind: 'off', message: notSet};
  }

  const course = await find('courses', await makeDocumentId('course', passback.course));
  if (!course) {
    return {kind: 'unknown', message: `Course "${passback.course}" is not known here now: check HOLT_COURSES.`};
  }

  try {
    const {lineItem} = getAssignment(course, passback);
    if (lineItem && 'outcomesUrl' in lineItem) {
      const {host} = new URL(lineItem.outcomesUrl);
      return hosts.includes(host)
        ? {kind: 'open', lineItem: makeGoferLineItem(lineItem, passback.student)}
        : {
            kind: 'unknown',
            message: `The course's config sends scores to ${host}, which no setting names: add it to HOLT_LMS_HOSTS, or correct outcomes_url.`,
          };
    }

    if (lineItem && !lms) {
      return {kind: 'off', message: notSet};
    }

    return lineItem && lms
      ? {kind: 'open', lineItem: makeLineItem(lineItem, lms, passback.student)}
      : {
          kind: 'off',
          message: `Assignment "${passback.assignment}" has no line item in the LMS: course-config.json gives it no block id, or its section no course_id.`,
        };
  } catch (error) {
    if (error instanceof HoltError && error.code === 'unknown-assignment') {
      return {
        kind: 'unknown',
        message: 'course-config.json no longer names this assignment: put it back to send its scores.',
      };
    }

    throw error;
  }
}
