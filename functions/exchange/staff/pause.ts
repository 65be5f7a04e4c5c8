import type {Identity} from '../../../domain/hub.ts';
import {EVERY_COURSE, isPaused, pauseIdOf} from '../../../domain/pause.ts';
import type {Find, Log, NewId, Now, Transact, Transaction, Wake} from '../../../domain/ports.ts';
import type {ActionKind} from '../../../domain/staff-action.ts';
import type {PauseAnswer} from '../../../domain/staff-orders.ts';

export type PauseNeeds = {find: Find; transact: Transact; wake: Wake; now: Now; newId: NewId; log: Log};

/** `course` is null for every course. */
export type PauseOrder = {course: string | null; trace: string};

/**
 * Makes pause and resume of a course's grading, or of every course's. While it is paused everything is accepted and kept;
 * dispatch, which starts runs, looks at these records. Ordered twice, the second order changes nothing.
 */
export function makePauseOrders({find, transact, wake, now, newId, log}: PauseNeeds) {
  const order = async (
    identity: Identity,
    {course, trace}: PauseOrder,
    {what, write}: {what: ActionKind; write: (transaction: Transaction, id: string) => Promise<boolean>},
  ): Promise<PauseAnswer> => {
    const id = await pauseIdOf(course);
    const actionId = newId();
    const changed = await transact(async transaction => {
      const isChange = await write(transaction, id);
      if (isChange) {
        const about = {course, section: null, assignment: null, student: null};
        transaction.create('staffActions', {
          ...about,
          id: actionId,
          what,
          by: identity.name,
          details: {},
          createdAt: now(),
        });
      }

      return isChange;
    });
    log('NOTICE', what, {course: course ?? '*', changed, trace});
    // What waits learns that it is paused, or goes on. Ordered again, a wake-up that was lost is made good.
    await wake({course: course ?? '*'}).catch(error =>
      log('WARNING', 'the wake-up failed; the sweep will wake dispatch', {trace, error: String(error)}),
    );
    return {course, changed, paused: await findPaused(id)};
  };

  async function findPaused(id: string): Promise<PauseAnswer['paused']> {
    const [every, own] = await Promise.all([find('pauses', EVERY_COURSE), find('pauses', id)]);
    const pause = isPaused(every) ? every : own;
    return isPaused(pause) ? {by: pause.by, at: pause.createdAt, everyCourse: pause.course === null} : null;
  }

  const pause = (identity: Identity, ordered: PauseOrder): Promise<PauseAnswer> =>
    order(identity, ordered, {
      what: 'grading paused',
      async write(transaction, id) {
        if (isPaused(await transaction.find('pauses', id))) {
          return false;
        }

        const {course} = ordered;
        transaction.put('pauses', {id, course, by: identity.name, resumedAt: null, createdAt: now()});
        return true;
      },
    });

  const resume = (identity: Identity, ordered: PauseOrder): Promise<PauseAnswer> =>
    order(identity, ordered, {
      what: 'grading resumed',
      async write(transaction, id) {
        const paused = await transaction.find('pauses', id);
        if (!isPaused(paused)) {
          return false;
        }

        transaction.put('pauses', {...paused, resumedAt: now()});
        return true;
      },
    });

  return {pause, resume};
}
