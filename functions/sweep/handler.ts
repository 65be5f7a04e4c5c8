import {takeLease, updateLease} from '../../domain/lease.ts';
import type {Log, NewId, Now, Transact, Wake} from '../../domain/ports.ts';
import type {AuditCursor} from './replay-audit.ts';

export type SweepNeeds = {
  transact: Transact;
  wake: Wake;
  now: Now;
  newId: NewId;
  log: Log;
  /** Frees the claims of runs that ended without a result; answers how many. */
  freeClaims: () => Promise<number>;
  /** Replays what audit has missed since the last look. How far it looked is kept in the sweep's lease. */
  replayAudit: (cursor: AuditCursor) => Promise<{found: number; cursor: AuditCursor}>;
  /** What else was left behind, one function for each kind. Each answers how much it found. */
  chores: Record<string, () => Promise<number>>;
};

const LEASE = 'sweep';
const leaseSeconds = 50;

/**
 * Runs once a minute and replays what was left behind: it does no stage's work, it only delivers again. One chore that
 * fails does not keep the others from running.
 */
export function makeSweep({transact, wake, now, newId, log, freeClaims, replayAudit, chores}: SweepNeeds) {
  return async (): Promise<void> => {
    const holder = newId();
    const lease = await takeLease({transact, now}, LEASE, holder, leaseSeconds);
    if (!lease) {
      return;
    }

    const failures: unknown[] = [];
    const perform = async (chore: string, run: () => Promise<number>): Promise<void> => {
      try {
        const found = await run();
        if (found > 0) {
          log('NOTICE', 'sweep found what was left behind', {chore, found});
        }
      } catch (error) {
        failures.push(error);
        log('ERROR', 'a chore of the sweep failed', {chore, error: String(error)});
      }
    };
    // Dispatch looks at every course's source and at the queue, whatever else happened, and at the claims freed here.
    const wakeDispatch = () => wake({course: '*'}).then(() => 0);
    let {cursor} = lease;
    const lookAtAudit = async () => {
      const looked = await replayAudit(cursor);
      cursor = {...looked.cursor};
      return looked.found;
    };
    const claims = perform('claims', freeClaims);
    const woken = claims.then(() => perform('wake dispatch', wakeDispatch));
    await Promise.all([
      claims,
      perform('audit', lookAtAudit),
      ...Object.entries(chores).map(([chore, run]) => perform(chore, run)),
    ]);
    // To wake dispatch twice does no harm, so no lease waits for it.
    await Promise.all([woken, updateLease({transact}, LEASE, holder, {until: now(), cursor})]);
    if (failures.length > 0) {
      throw new AggregateError(failures, 'Some chores of the sweep failed; the next minute tries them again.');
    }
  };
}
