import {makeLineItem} from '../../domain/passback.ts';
import {readLms} from '../../functions/read-lms.ts';
import type {Settings} from '../../functions/settings.ts';
import {openLms} from '../open-lms.ts';
import {type FoundCourse, listLineItems} from './check-courses.ts';
import {about, type Finding} from './finding.ts';

const lti = about('lti');

/** A course may have this many assignments past due before one that is not. */
const MOST_TRIES = 5;

/**
 * Checks the LTI key by a score for nobody: the LMS looks at the signature before it looks for the student.
 *
 * Rule:   the sourcedid ends without a student, so nothing can be counted. Only edX is asked: another LMS may keep such a score.
 * Source: lti-consumer-xblock, outcomes service: past due, XML, signature, user, action, in this order.
 */
export async function checkLms(settings: Settings, courses: readonly FoundCourse[]): Promise<Finding[]> {
  const {post, lms} = readLms(settings);
  if (!post || !lms) {
    return [
      lti.skipped('Scores are not posted to edX: POST_GRADE is off, or the key, the secret or EDX_URL is not set.'),
    ];
  }

  const items = courses
    .flatMap(listLineItems)
    .flatMap(({assignment, lineItem}) => (lineItem && 'blockId' in lineItem ? [{assignment, lineItem}] : []));
  if (items.length === 0) {
    return [
      lti.skipped('No course that can be read has an assignment with a line item of edX: the key cannot be tried.'),
    ];
  }

  const {LTI_CONSUMER_KEY: consumerKey = '', LTI_CONSUMER_SECRET: consumerSecret = ''} = settings;
  const send = openLms({consumerKey, consumerSecret});
  for (const {assignment, lineItem} of items.slice(0, MOST_TRIES)) {
    const answer = await send(makeLineItem(lineItem, lms, ''), 0);
    if (!/past due/i.test(answer.message)) {
      return [judge(assignment, answer)];
    }
  }

  return [lti.skipped('Every assignment that was tried is past due in the LMS, which then looks at no key.')];
}

function judge(assignment: string, {outcome, message}: {outcome: string; message: string}): Finding {
  if (outcome === 'unavailable' || outcome === 'unknown') {
    return lti.wrong(message, 'Correct EDX_URL or EDX_BASE_URL, or let this machine reach the LMS.');
  }

  if (/oauth|signature|verif/i.test(message)) {
    return lti.wrong(
      `The LMS refuses the signature: ${message}`,
      'LTI_CONSUMER_KEY and LTI_CONSUMER_SECRET must be the pair in the course’s LTI passports.',
    );
  }

  if (message.startsWith('The LMS answered HTTP')) {
    return lti.wrong(
      `The line item of ${assignment} is not there: ${message}`,
      'Check course_id and the block id of the assignment in course-config.json.',
    );
  }

  return /user not found/i.test(message)
    ? lti.ok(`The LMS takes the signature (tried on ${assignment}, for nobody: “${message}”).`)
    : lti.skipped(`The LMS answers “${message}”, which does not tell whether it took the signature.`);
}
