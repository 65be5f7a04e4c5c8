import type {Log, Transact} from '../../domain/ports.ts';

/**
 * Puts back what a stopped task has not done: due at once, in its old place, with no strike. Only for the run that has it
 * now, so that an event which comes twice or late changes nothing.
 */
export async function giveBack(
  {transact, log}: {transact: Transact; log: Log},
  {id, run}: {id: string; run: number},
): Promise<void> {
  const isBack = await transact(async transaction => {
    const entry = await transaction.find('queue', id);
    if (entry?.claim?.run !== run) {
      return false;
    }

    transaction.put('queue', {...entry, claimed: false, claim: null, waitingFor: null, visibleAt: entry.queuedAt});
    return true;
  });
  log('INFO', isBack ? 'an entry was given back' : 'an entry was given back late', {id, run});
}
