import {watchedCollections} from '../../domain/audit.ts';
import {type AuditedRecord, describeRecord} from '../../domain/audit-entries.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import type {Find, List, Now, Replay, Transact} from '../../domain/ports.ts';
import {addSeconds} from '../../domain/values.ts';

export type ReplayAuditNeeds = {find: Find; list: List; replay: Replay; transact: Transact; now: Now};

const pageSize = 200;
const pagesAtOnce = 20;
/** A record this young may still be on its ordinary way to audit. */
const YOUNG_SECONDS = 60;
/** Clocks of instances differ: a record may be written with a time shortly before the cursor. */
const OVERLAP_SECONDS = 30;
const CURSORS = 'audit-cursors';

/**
 * Makes the chore that replays records without an audit entry. It remembers how far each collection was checked; a
 * cursor moves on only when everything before it was checked.
 */
export function makeReplayAudit({find, list, replay, transact, now}: ReplayAuditNeeds) {
  const isAudited = async (audited: AuditedRecord): Promise<boolean> => {
    const {key} = describeRecord(audited);
    return (await find('audit', await makeDocumentId('audit', ...key))) !== undefined;
  };

  const checkCollection = async (collection: AuditedRecord['collection'], from: string) => {
    const until = addSeconds(now(), -YOUNG_SECONDS);
    let after: readonly [string, string] | undefined;
    let missing = 0;
    for (let pages = 0; pages < pagesAtOnce; pages += 1) {
      const page = await list({
        collection,
        where: [
          ['createdAt', '>=', from],
          ['createdAt', '<=', until],
        ],
        orderBy: ['createdAt', 'asc'],
        after,
        limit: pageSize,
      });
      const audited = await Promise.all(page.map(record => isAudited({collection, record} as AuditedRecord)));
      for (const {id} of page.filter((_, index) => !audited[index])) {
        missing += 1;
        await replay('audit', `${collection}/${id}`);
      }

      const last = page.at(-1);
      if (!last || page.length < pageSize) {
        return {missing, checkedUntil: until};
      }

      after = [last.createdAt, last.id];
    }

    return {missing, checkedUntil: after?.[0] ?? from};
  };

  return async (): Promise<number> => {
    const cursor = (await find('leases', CURSORS))?.cursor ?? {};
    const moved: Record<string, string> = {};
    let missing = 0;
    for (const collection of watchedCollections) {
      const checkedUntil = cursor[collection];
      const from = checkedUntil ? addSeconds(checkedUntil, -OVERLAP_SECONDS) : '1970-01-01T00:00:00.000Z';
      const checked = await checkCollection(collection, from);
      missing += checked.missing;
      moved[collection] = checked.checkedUntil;
    }

    const at = now();
    await transact(async transaction => {
      const known = await transaction.find('leases', CURSORS);
      transaction.put('leases', {
        id: CURSORS,
        holder: '',
        until: at,
        lastRunAt: null,
        createdAt: known?.createdAt ?? at,
        cursor: {...known?.cursor, ...moved},
      });
    });
    return missing;
  };
}
