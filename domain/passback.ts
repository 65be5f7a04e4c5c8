import {z} from 'zod';
import {WorkKey} from './assignment.ts';
import type {GoferLineItem} from './gofer-config.ts';
import {Score} from './score.ts';
import {addSeconds, Instant, RecordId, secondsBetween} from './values.ts';

/** `off`: the operator does not post grades, or the course names no line item. `superseded`: a newer score was sent instead. */
export const PassbackState = z.enum(['pending', 'sent', 'failed', 'superseded', 'off']);
export type PassbackState = z.infer<typeof PassbackState>;

/** A score that must reach an LMS. Written with the grade it carries. */
export const Passback = WorkKey.extend({
  /** `{gradeId}-{revision}` */
  id: z.string(),
  gradeId: RecordId,
  revision: z.number().int().positive(),
  submissionId: RecordId,
  run: z.number().int().positive(),
  score: Score,
  state: PassbackState,
  attempts: z.number().int().nonnegative(),
  /** Null once the state is final. */
  nextAttemptAt: Instant.nullable(),
  /** The LMS's own words, or why it is off. */
  message: z.string(),
  /** When the state became final; null while it is pending. */
  settledAt: Instant.nullable(),
  /** When staff had it sent again, the last time; left out until then. */
  resentAt: Instant.optional(),
  createdAt: Instant,
});
export type Passback = z.infer<typeof Passback>;

/** After so long a score that the LMS never took is `failed`. */
export const PASSBACK_GIVE_UP_SECONDS = 48 * 3600;

/** Seconds until a temporary failure is tried again: half a minute, doubled, at most an hour. */
export const passbackBackoffSeconds = (attempts: number): number =>
  Math.min(30 * 2 ** Math.min(Math.max(attempts - 1, 0), 10), 3600);

/** Ends a passback: nothing more is tried. */
export const closePassback = (
  passback: Passback,
  state: Exclude<PassbackState, 'pending'>,
  now: Instant,
  message: string,
): Passback => ({...passback, state, message, nextAttemptAt: null, settledAt: now});

/**
 * Tells what becomes of a passback after one attempt to send it.
 *
 * Rule:   only the LMS's own yes or no is final; anything else is tried again until the score is too old to try.
 *         `confirmAt` is set while an older score may still reach the LMS: then this one is sent once more.
 */
export function settlePassback(
  passback: Passback,
  {outcome, message}: SendOutcome,
  {now, confirmAt}: {now: Instant; confirmAt?: Instant | undefined},
): Passback {
  const attempted = {...passback, attempts: passback.attempts + 1, message};
  if (outcome === 'refused') {
    return closePassback(attempted, 'failed', now, message);
  }

  if (outcome === 'sent') {
    return confirmAt ? {...attempted, nextAttemptAt: confirmAt} : closePassback(attempted, 'sent', now, message);
  }

  return secondsBetween(passback.resentAt ?? passback.createdAt, now) >= PASSBACK_GIVE_UP_SECONDS
    ? closePassback(attempted, 'failed', now, message)
    : {...attempted, nextAttemptAt: addSeconds(now, passbackBackoffSeconds(attempted.attempts))};
}

/**
 * Has a passback sent again, its attempts and its 48 hours begun anew; undefined when there is nothing to do: the LMS has the score, a
 * newer one went there, or it is on its way already.
 */
export function resendPassback(passback: Passback, now: Instant): Passback | undefined {
  const {state, attempts, nextAttemptAt} = passback;
  const isStuck = state === 'pending' && attempts > 0 && nextAttemptAt !== null && nextAttemptAt > now;
  return state === 'failed' || state === 'off' || isStuck
    ? {...passback, state: 'pending', attempts: 0, nextAttemptAt: now, settledAt: null, resentAt: now}
    : undefined;
}

/** Whether it may be sent now: at once the first time, and not before its time afterwards. */
export const isPassbackDue = ({state, attempts, nextAttemptAt}: Passback, now: Instant): boolean =>
  state === 'pending' && (attempts === 0 || nextAttemptAt === null || nextAttemptAt <= now);

/** Where an LTI 1.1 score goes. */
export type LineItem = {outcomesUrl: string; sourcedId: string};

/**
 * Builds edX's outcomes URL and sourcedid from the course config.
 *
 * Rule:   the user is the last `:` part of the sourcedid and edX unquotes it, so `%` and `:` in a name are encoded, and with
 *         them what a reader of XML may drop: blanks at the ends and the two characters that XML cannot hold.
 *         `+`, `:` and `@` stay literal in the URL: what is signed must be what is sent.
 * Source: otter-service's templates; edX lti_consumer outcomes.
 */
export function makeLineItem(
  {courseId, blockId}: {courseId: string; blockId: string},
  {host, baseUrl}: {host: string; baseUrl?: string | undefined},
  student: string,
): LineItem {
  const origin = baseUrl ? baseUrl.replace(/\/+$/, '') : `https://${host}`;
  const user = encodeUser(student);
  return {
    outcomesUrl: `${origin}/courses/course-v1:${courseId}/xblock/block-v1:${courseId}+type@lti_consumer+block@${blockId}/handler_noauth/outcome_service_handler`,
    sourcedId: `course-v1%3A${courseId}:${host}-${blockId}:${user}`,
  };
}

/** Builds the line item of a student from gofer's config. Source: gofer_service, sourcedid and user joined by a colon. */
export const makeGoferLineItem = ({sourcedId, outcomesUrl}: GoferLineItem, student: string): LineItem => ({
  outcomesUrl,
  sourcedId: `${sourcedId}:${encodeUser(student)}`,
});

const encodeUser = (student: string): string => student.replace(/[%:\ufffe\uffff]|^\s+|\s+$/g, encodeURIComponent);

/** How one send ended. `refused` is permanent, `unavailable` and `unknown` are tried again; after `unknown` the LMS may have it. */
export type SendOutcome = {outcome: 'sent' | 'refused' | 'unavailable' | 'unknown'; message: string};
