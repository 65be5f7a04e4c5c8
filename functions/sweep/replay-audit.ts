import {watchedCollections} from '../../domain/audit.ts';
import {type AuditedRecord, describeRecord} from '../../domain/audit-entries.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import type {Find, List, Now, Replay} from '../../domain/ports.ts';
import {addSeconds, type Instant} from '../../domain/values.ts';

export type ReplayAuditNeeds = {find: Find; list: List; replay: Replay; now: Now};

/** How far each collection was checked, and whose turn is next. */
export type AuditCursor = Readonly<Record<string, string>>;

const pageSize = 200;
const pagesAtOnce = 20;
/** More replays of one collection wait for the next minute, so that a stage that is down is not buried in them. */
const replaysAtOnce = 200;
/** A record this young may still be on its ordinary way to audit. */
const YOUNG_SECONDS = 60;
/** Clocks of instances differ: a record may be written with a time shortly before what was checked. */
const OVERLAP_SECONDS = 30;
/** A record that audit has not taken for so long no longer holds up the look at the others. */
const PATIENCE_SECONDS = 86_400;
const BEGINNING = '1970-01-01T00:00:00.000Z';

type Look = {collection: AuditedRecord['collection']; field: 'createdAt' | 'settledAt'};
/**
 * One collection in each minute: what is missing here was delivered to audit and lost, which a few minutes more do not
 * harm, and a look costs a read whether it finds anything or not.
 */
const turns: Look[][] = watchedCollections.map(collection => [
  {collection, field: 'createdAt'},
  // A passback is written again when it is settled, long after it was created perhaps.
  ...(collection === 'passbacks' ? [{collection, field: 'settledAt' as const}] : []),
]);
/** How many looks it takes to have looked at everything. */
export const auditTurns = turns.length;

/**
 * Makes the chore that replays records without an audit entry, one collection at a time. It goes on from how far each
 * collection was checked and answers how far that is now; a cursor stays at the first record that was missing until audit has taken it.
 */
export function makeReplayAudit({find, list, replay, now}: ReplayAuditNeeds) {
  const isAudited = async (audited: AuditedRecord): Promise<boolean> => {
    const found = await Promise.all(
      describeRecord(audited).map(async ({key}) => find('audit', await makeDocumentId('audit', ...key))),
    );
    return found.every(Boolean);
  };

  const checkCollection = async ({collection, field}: Look, from: Instant, replayed: Set<string>) => {
    const until = addSeconds(now(), -YOUNG_SECONDS);
    let after: readonly [Instant, string] | undefined;
    let missing = 0;
    let firstMissing: Instant | undefined;
    let checkedUntil = from;
    for (let pages = 0; pages < pagesAtOnce && missing < replaysAtOnce; pages += 1) {
      const page = await list({
        collection,
        where: [
          [field, '>=', from],
          [field, '<=', until],
        ],
        orderBy: [field, 'asc'],
        after,
        limit: pageSize,
      });
      const audited = await Promise.all(page.map(record => isAudited({collection, record} as AuditedRecord)));
      for (const record of page.filter((_, index) => !audited[index])) {
        firstMissing ??= timeOf(record, field);
        const name = `${collection}/${record.id}`;
        if (!replayed.has(name)) {
          missing += 1;
          replayed.add(name);
          await replay('audit', name);
        }
      }

      const last = page.at(-1);
      if (!last || page.length < pageSize) {
        checkedUntil = addSeconds(until, -OVERLAP_SECONDS);
        break;
      }

      after = [timeOf(last, field), last.id];
      checkedUntil = timeOf(last, field);
    }

    return {missing, cursor: moveCursor({from, checkedUntil, firstMissing, until})};
  };

  return async (cursor: AuditCursor): Promise<{found: number; cursor: AuditCursor}> => {
    const replayed = new Set<string>();
    const turn = Number(cursor.turn ?? 0) % turns.length;
    const checks = (turns[turn] ?? []).map(async look => {
      const name = look.field === 'createdAt' ? look.collection : `${look.collection}.${look.field}`;
      return {name, ...(await checkCollection(look, cursor[name] ?? BEGINNING, replayed))};
    });
    const checked = await Promise.all(checks);
    return {
      found: checked.reduce((sum, {missing}) => sum + missing, 0),
      cursor: {
        ...cursor,
        ...Object.fromEntries(checked.map(({name, cursor: at}) => [name, at])),
        turn: String((turn + 1) % turns.length),
      },
    };
  };
}

const timeOf = (record: AuditedRecord['record'], field: Look['field']): Instant =>
  (field === 'settledAt' && 'settledAt' in record ? record.settledAt : undefined) ?? record.createdAt;

type Checked = {from: Instant; checkedUntil: Instant; firstMissing: Instant | undefined; until: Instant};

/** Where the next look begins: never before this one began, never past what was checked. */
function moveCursor({from, checkedUntil, firstMissing = checkedUntil, until}: Checked): Instant {
  const patient = addSeconds(until, -PATIENCE_SECONDS);
  const held = firstMissing > patient ? firstMissing : patient;
  const next = held < checkedUntil ? held : checkedUntil;
  return next > from ? next : from;
}
