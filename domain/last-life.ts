import type {List, Now, Transact} from './ports.ts';

const pageSize = 500;

/**
 * Ends what a killed process left taken, for an engine whose one process is all there is: leases, and claims that never
 * got an execution. What an execution was started for is the sweep's to free, because its result may be there.
 */
export async function endLastLife({list, transact, now}: {list: List; transact: Transact; now: Now}): Promise<void> {
  for (const {id} of await list({collection: 'leases', orderBy: ['id', 'asc'], limit: pageSize})) {
    await transact(async transaction => {
      const lease = await transaction.find('leases', id);
      if (lease && lease.until > now()) {
        transaction.put('leases', {...lease, until: now()});
      }
    });
  }

  let after: readonly [string, string] | undefined;
  for (;;) {
    const page = await list({
      collection: 'queue',
      where: [['claimed', '==', true]],
      orderBy: ['visibleAt', 'asc'],
      after,
      limit: pageSize,
    });
    for (const {id} of page.filter(({claim}) => claim?.execution === null)) {
      await transact(async transaction => {
        const entry = await transaction.find('queue', id);
        if (entry?.claim?.execution === null) {
          transaction.put('queue', {...entry, claimed: false, claim: null, visibleAt: entry.queuedAt});
        }
      });
    }

    const last = page.at(-1);
    if (!last || page.length < pageSize) {
      return;
    }

    after = [last.visibleAt, last.id];
  }
}
