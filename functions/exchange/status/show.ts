import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Find, List, Now, Objects, Wait} from '../../../domain/ports.ts';
import {computeStatus, isFinal, pickShownRun, type Status} from '../../../domain/status.ts';
import {secondsBetween} from '../../../domain/values.ts';
import {findDetails, findRecords, makeIsStaffOf} from './find-records.ts';

export type ShowNeeds = {
  find: Find;
  list: List;
  objects: Pick<Objects, 'read'>;
  now: Now;
  wait: Wait;
  admins: readonly string[];
};

/** A status request waits at most so long for the end. */
export const MAX_WAIT_SECONDS = 60;

/** Looks often while an answer may come any moment, then less so. */
const stepSeconds = (waited: number): number => (waited < 5 ? 0.25 : 1);

/**
 * Makes the verb show: a submission's status, for the student it belongs to and for the course's staff.
 *
 * Throws: `not-found` also for a submission of somebody else: nobody learns from the answer that an id exists.
 */
export function makeShow({find, list, objects, now, wait, admins}: ShowNeeds) {
  const isStaffOf = makeIsStaffOf({find, admins});

  return async (identity: Identity, id: string, waitSeconds: number, isGone = () => false): Promise<Status> => {
    const submission = /^[\w-]{1,100}$/.test(id) ? await find('submissions', id) : undefined;
    const forStaff = submission !== undefined && (await isStaffOf(identity, submission.course));
    const isOwn = identity.proof.verified && identity.name === submission?.student;
    if (!submission || !(isOwn || forStaff)) {
      throw new HoltError(
        'not-found',
        'You have no submission of this id: look at the list of your submissions, or log in as the user who submitted it.',
      );
    }

    const start = now();
    const view = {audience: forStaff ? 'staff' : 'student'} as const;
    for (;;) {
      const records = await findRecords({find, list}, submission);
      const status = computeStatus(records, {...view, now: now()});
      const waited = secondsBetween(start, now());
      if (isFinal(status) || waited >= waitSeconds || isGone()) {
        const details = await findDetails(objects.read, pickShownRun(records.results));
        return details ? computeStatus(records, {...view, now: now(), details}) : status;
      }

      await wait(Math.min(stepSeconds(waited), waitSeconds - waited));
    }
  };
}

export type Show = ReturnType<typeof makeShow>;
