import type {Now, Transact} from './ports.ts';
import type {Lease} from './queue.ts';
import {addSeconds} from './values.ts';

type Needs = {transact: Transact; now: Now};

/**
 * Takes or renews a lease; undefined when another holder has it. What the lease remembers stays. A lease only spares
 * work: whoever loses it in the middle must still do no harm.
 */
export async function takeLease(
  {transact, now}: Needs,
  id: string,
  holder: string,
  seconds: number,
): Promise<Lease | undefined> {
  return transact(async transaction => {
    const at = now();
    const lease = await transaction.find('leases', id);
    if (lease && lease.holder !== holder && lease.until > at) {
      return undefined;
    }

    const taken: Lease = {
      id,
      lastRunAt: null,
      cursor: {},
      createdAt: at,
      ...lease,
      holder,
      until: addSeconds(at, seconds),
    };
    transaction.put('leases', taken);
    return taken;
  });
}

/** Changes what a lease remembers, or gives it back by `until`. Does nothing when another holder has it. */
export async function updateLease(
  {transact}: Pick<Needs, 'transact'>,
  id: string,
  holder: string,
  change: Partial<Pick<Lease, 'until' | 'lastRunAt' | 'cursor'>>,
): Promise<void> {
  await transact(async transaction => {
    const lease = await transaction.find('leases', id);
    if (lease?.holder === holder) {
      transaction.put('leases', {...lease, ...change});
    }
  });
}
