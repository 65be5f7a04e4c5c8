import {resultName} from '../../domain/object-names.ts';
import type {Jobs, List, Log, Now, Objects, Replay, Transact} from '../../domain/ports.ts';
import {backoffSeconds, type Claim, LATE_SECONDS, type QueueEntry} from '../../domain/queue.ts';
import {addSeconds} from '../../domain/values.ts';

export type FreeClaimsNeeds = {
  list: List;
  transact: Transact;
  objectExists: Objects['exists'];
  findExecution: Jobs['findState'];
  replay: Replay;
  now: Now;
  log: Log;
};

type ExecutionState = Awaited<ReturnType<Jobs['findState']>>;

const pageSize = 500;

/**
 * Makes the chore that ends claims nobody works on any more: their time is up, or their execution has ended. A result
 * that was uploaded but not recorded is replayed instead. An execution that goes on is left to, as long as its signed
 * URLs live: it may have waited for its place. Only a run that is known to have started counts as a strike.
 */
export function makeFreeClaims({list, transact, objectExists, findExecution, replay, now, log}: FreeClaimsNeeds) {
  const isOver = ({visibleAt}: QueueEntry, state: ExecutionState): boolean =>
    state === 'ended' ||
    state === 'lost' ||
    (state === 'running' ? addSeconds(visibleAt, LATE_SECONDS) : visibleAt) <= now();

  const end = async (entry: QueueEntry, claim: Claim, state: ExecutionState): Promise<void> => {
    const result = resultName(entry.id, claim.run);
    if (await objectExists(result)) {
      return replay('record', result.name);
    }

    if (await free(entry, state)) {
      const {run, execution} = claim;
      log('WARNING', 'a claim ended without a result', {id: entry.id, run, execution, state});
    }
  };

  const free = ({id, claim, visibleAt}: QueueEntry, state: ExecutionState): Promise<boolean> =>
    transact(async transaction => {
      const entry = await transaction.find('queue', id);
      // Dispatch may have heard of the execution meanwhile, and given the claim its time.
      if (!entry?.claim || entry.claim.run !== claim?.run || entry.visibleAt !== visibleAt) {
        return false;
      }

      const started = state === 'ended' || state === 'running';
      const strikes = entry.strikes + (started ? 1 : 0);
      transaction.put('queue', {
        ...entry,
        claimed: false,
        claim: null,
        strikes,
        visibleAt: started ? addSeconds(now(), backoffSeconds(strikes)) : entry.queuedAt,
        waitingFor: started
          ? {
              cause: 'infrastructure',
              message: 'The last run ended without a result, through no fault of the notebook; it is tried again.',
            }
          : null,
      });
      return true;
    });

  return async (): Promise<number> => {
    const states = new Map<string, ExecutionState>();
    let after: readonly [string, string] | undefined;
    let found = 0;
    for (;;) {
      const page = await list({
        collection: 'queue',
        where: [['claimed', '==', true]],
        orderBy: ['visibleAt', 'asc'],
        after,
        limit: pageSize,
      });
      for (const entry of page) {
        const {claim} = entry;
        const execution = claim?.execution;
        if (execution && !states.has(execution)) {
          states.set(execution, await findExecution(execution));
        }

        const state = (execution && states.get(execution)) || 'unknown';
        if (claim && isOver(entry, state)) {
          found += 1;
          await end(entry, claim, state);
        }
      }

      const last = page.at(-1);
      if (!last || page.length < pageSize) {
        return found;
      }

      after = [last.visibleAt, last.id];
    }
  };
}
