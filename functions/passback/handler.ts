import {documentOf, type StageEvent} from '../../domain/events.ts';
import type {Find, Log, NewId, Now, SendScore, Transact} from '../../domain/ports.ts';
import {secondsBetween} from '../../domain/values.ts';
import {findRoute, type LmsSettings} from './find-route.ts';
import {endTurn, LEASE_SECONDS, takeTurn} from './turn.ts';

export type PassbackNeeds = {
  find: Find;
  transact: Transact;
  sendScore: SendScore;
  now: Now;
  newId: NewId;
  log: Log;
};

/** `prefix` is the environment's, before every collection's name. */
export type PassbackSettings = LmsSettings & {prefix: string};

/**
 * recorded -> passed back. Takes the name of a passback, sends the newest score of that student and line item.
 *
 * One send at a time, under a lease; the grade is read under it, and again after every send, and a newer score is sent last.
 * What the LMS cannot take now is written down with the time of the next try and acknowledged: sweep replays it.
 * Every step may be the last one before a crash: a passback is pending, with a time to replay it, until its end is written,
 * and sending the same score twice changes nothing at the LMS.
 */
export function makePassback(
  {find, transact, sendScore, now, newId, log}: PassbackNeeds,
  settings: PassbackSettings,
): (event: StageEvent) => Promise<void> {
  return async event => {
    const document = documentOf(event, settings.prefix);
    if (document?.collection !== 'passbacks') {
      return log('ERROR', 'dropped: the event names no passback', {subject: event.subject});
    }

    const passback = await find('passbacks', document.id);
    if (!passback) {
      return log('ERROR', 'dropped: no such passback', {passbackId: document.id});
    }

    if (passback.state !== 'pending') {
      return;
    }

    const holder = newId();
    const route = await findRoute(find, passback, settings);
    let turn = await transact(transaction => takeTurn(transaction, passback.id, {route, holder, now: now()}));
    while (turn && route.kind === 'open') {
      const {fraction, passback: current, until} = turn;
      const {id: passbackId, submissionId, attempts} = current;
      if (secondsBetween(now(), until) < LEASE_SECONDS / 2) {
        return log('WARNING', 'too slow to send a score: left to the next holder', {passbackId, submissionId});
      }

      const outcome = await sendScore(route.lineItem, fraction);
      const taken = turn;
      turn = await transact(transaction => endTurn(transaction, taken, outcome, {route, holder, now: now()}));
      log(outcome.outcome === 'sent' ? 'INFO' : 'WARNING', 'a score was offered to the LMS', {
        passbackId,
        submissionId,
        trace: (await find('submissions', submissionId))?.trace,
        attempt: attempts + 1,
        outcome: outcome.outcome,
        // The words of a success repeat the student's name.
        ...(outcome.outcome === 'sent' ? {} : {words: outcome.message}),
      });
    }
  };
}
