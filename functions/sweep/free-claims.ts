import {resultName} from '../../domain/object-names.ts';
import type {Jobs, List, Log, Now, Objects, Replay, Transact} from '../../domain/ports.ts';
import {backoffSeconds, type Claim, type QueueEntry} from '../../domain/queue.ts';
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
 * that was uploaded but not recorded is replayed instead. Only a run that started counts as a strike, and one that the
 * platform lost does not.
 */
export function makeFreeClaims({list, transact, objectExists, findExecution, replay, now, log}: FreeClaimsNeeds) {
  const lookAt = async (entry: QueueEntry, claim: Claim, state: ExecutionState): Promise<boolean> => {
    const result = resultName(entry.id, claim.run);
    if (await objectExists(result)) {
      await replay('record', result.name);
      return true;
    }

    await free(entry, claim, state);
    log('WARNING', 'a claim ended without a result', {id: entry.id, run: claim.run, execution: claim.execution, state});
    return true;
  };

  const free = ({id}: QueueEntry, claim: Claim, state: ExecutionState): Promise<void> =>
    transact(async transaction => {
      const entry = await transaction.find('queue', id);
      if (entry?.claim?.run !== claim.run) {
        return;
      }

      const started = claim.execution !== null && state !== 'lost';
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
        const over = entry.visibleAt <= now() || state === 'ended' || state === 'lost';
        if (claim && over && (await lookAt(entry, claim, state))) {
          found += 1;
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
