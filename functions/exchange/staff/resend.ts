import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import {type Passback, resendPassback} from '../../../domain/passback.ts';
import type {Find, List, Log, NewId, Now, Transact} from '../../../domain/ports.ts';
import type {ResendAnswer, ResendOrder, ResendOutcome} from '../../../domain/staff-orders.ts';
import {type Instant, secondsBetween} from '../../../domain/values.ts';

export type ResendNeeds = {find: Find; list: List; transact: Transact; now: Now; newId: NewId; log: Log};

const pageSize = 100;
/** An answer is not waited for much longer; the same order goes on. */
const SLICE_SECONDS = 40;

type Place = {course: string; trace: string};

/**
 * Makes the order to send scores again that the LMS refused or did not take yet. They are due at once, with 48 hours
 * of their own: the sweep delivers them within a minute. What is on its way is left alone, so an order that comes twice does no more.
 */
export function makeResend({find, list, transact, now, newId, log}: ResendNeeds) {
  const resendOne = async (identity: Identity, {id}: Pick<Passback, 'id'>): Promise<ResendOutcome> => {
    const actionId = newId();
    return transact(async transaction => {
      const passback = await transaction.find('passbacks', id);
      const grade = passback && (await transaction.find('grades', passback.gradeId));
      if (!passback) {
        return 'no score';
      }

      if (passback.state === 'superseded' || (grade && grade.revision !== passback.revision)) {
        return 'another counts';
      }

      const at = now();
      const due = resendPassback(passback, at);
      if (!due) {
        return passback.state === 'pending' ? 'on its way' : 'in the gradebook';
      }

      // Without the LMS's words, which can name the student: the passback's own entries have them.
      const {course, section, assignment, student, submissionId, state, attempts} = passback;
      transaction.put('passbacks', due);
      transaction.create('staffActions', {
        ...{id: actionId, what: 'passback sent again', by: identity.name, student, course, section, assignment},
        details: {passbackId: id, submissionId, state, attempts},
        createdAt: at,
      });
      return 'sent again';
    });
  };

  const describe = ({section, assignment, student, submissionId}: Passback, outcome: ResendOutcome) => ({
    ...{section, assignment, student, submissionId},
    outcome,
  });

  const resendSubmission = async (identity: Identity, {course}: Place, id: string): Promise<ResendAnswer> => {
    const submission = await find('submissions', id);
    if (submission?.course !== course) {
      throw new HoltError(
        'not-found',
        `Course "${course}" has no submission of this id: take it from the course’s list.`,
      );
    }

    const [newest] = await list({
      collection: 'passbacks',
      where: [['submissionId', '==', id]],
      orderBy: ['revision', 'desc'],
      limit: 1,
    });
    const outcome = newest ? await resendOne(identity, newest) : 'no score';
    const {section, assignment, student} = submission;
    return {scores: [{section, assignment, student, submissionId: id, outcome}], more: false, begun: now()};
  };

  const resendMany = async (
    identity: Identity,
    {course}: Place,
    isMeant: (passback: Passback) => boolean,
    begun: Instant,
  ): Promise<ResendAnswer> => {
    const start = now();
    const scores: ResendAnswer['scores'] = [];
    for (const state of ['failed', 'pending'] as const) {
      let after: readonly [string, string] | undefined;
      do {
        if (secondsBetween(start, now()) > SLICE_SECONDS) {
          return {scores, more: true, begun};
        }

        const page: Passback[] = await list({
          collection: 'passbacks',
          where: [
            ['course', '==', course],
            ['state', '==', state],
          ],
          orderBy: ['createdAt', 'asc'],
          after,
          limit: pageSize,
        });
        // One that the LMS has refused once more meanwhile would go round, for as long as it refuses.
        const isNew = ({resentAt = ''}: Passback) => resentAt < begun;
        for (const passback of page.filter(each => isMeant(each) && isNew(each))) {
          const outcome = resendPassback(passback, now()) ? await resendOne(identity, passback) : 'on its way';
          if (outcome === 'sent again') {
            scores.push(describe(passback, outcome));
          }
        }

        const last = page.at(-1);
        after = last && page.length === pageSize ? [last.createdAt, last.id] : undefined;
      } while (after);
    }

    return {scores, more: false, begun};
  };

  return async (identity: Identity, place: Place, order: ResendOrder): Promise<ResendAnswer> => {
    const answer =
      'submission' in order
        ? await resendSubmission(identity, place, order.submission)
        : await resendMany(
            identity,
            place,
            ({section, assignment}) =>
              !('assignment' in order) || (order.section === section && order.assignment === assignment),
            order.begun ?? now(),
          );
    const sent = answer.scores.filter(({outcome}) => outcome === 'sent again').length;
    log('NOTICE', 'scores are sent again', {...place, ...order, sent, more: answer.more});
    return answer;
  };
}
