import type {Filter, Query} from '../../domain/ports.ts';
import {type Collection, indexes} from '../../domain/records.ts';

/*
 * Records of one collection, kept sorted for each index that the domain lists.
 */

type Value = string | number | boolean;
export type Stored = {id: string} & Record<string, unknown>;
type Index = {fields: readonly string[]; buckets: Map<string, Stored[]>};
export type Store = {records: Map<string, Stored>; indexes: Index[]};

/** Before every value, and after every id. */
const NOTHING = '';
const LAST = '\uffff';

/** Makes an empty collection. */
export const makeStore = (collection: Collection): Store => ({
  records: new Map(),
  indexes: [['id'], ...(indexes[collection] as readonly (readonly string[])[])].map(fields => ({
    fields,
    buckets: new Map(),
  })),
});

type Selection = Pick<Query, 'where' | 'orderBy' | 'after'>;

const equalsOf = (where: readonly Filter[]) => where.filter(([, operator]) => operator === '==');

/** Answers through the index of the domain that serves a query, and refuses one that has none. */
export function select(store: Store, {where = [], orderBy: [order, direction], after}: Selection): Stored[] {
  const equals = new Map(equalsOf(where).map(([field, , value]) => [field, value]));
  const ranges = where.filter(([, operator]) => operator !== '==');
  const index = store.indexes.find(
    ({fields}) =>
      fields[equals.size] === order &&
      fields.length === equals.size + 1 &&
      fields.slice(0, equals.size).every(field => equals.has(field)),
  );
  if (!index || ranges.some(([field]) => field !== order)) {
    throw new Error(`No index serves a query by ${[...equals.keys(), order].join(', ')}: add it to domain/records.ts.`);
  }

  const key = index.fields.slice(0, -1).map(field => String(equals.get(field)));
  const bucket = index.buckets.get(key.join('\n')) ?? [];
  // What has no value comes first, and no comparison finds it.
  let from = ranges.length > 0 ? place(bucket, order, NOTHING, LAST) : 0;
  let to = bucket.length;
  for (const [, operator, value] of ranges) {
    const least = place(bucket, order, value, '');
    const most = place(bucket, order, value, LAST);
    from = Math.max(from, operator === '>' ? most : operator === '>=' ? least : from);
    to = Math.min(to, operator === '<' ? least : operator === '<=' ? most : to);
  }

  if (after) {
    const [value, id] = after;
    from = direction === 'asc' ? Math.max(from, place(bucket, order, value, `${id}\u0000`)) : from;
    to = direction === 'desc' ? Math.min(to, place(bucket, order, value, id)) : to;
  }

  const found = bucket.slice(from, Math.max(from, to));
  return direction === 'asc' ? found : found.reverse();
}

/** Finds the order that a count may go by: its range's field, or the last field of an index with its equalities. */
export function findOrder(collection: Collection, where: readonly Filter[]): string {
  const range = where.find(([, operator]) => operator !== '==')?.[0];
  if (range) {
    return range;
  }

  const fields = new Set(equalsOf(where).map(([field]) => field));
  const all = indexes[collection] as readonly (readonly string[])[];
  return (
    all.find(index => index.length === fields.size + 1 && index.slice(0, -1).every(f => fields.has(f)))?.at(-1) ?? 'id'
  );
}

/** The place in a bucket before which every record is smaller than this value and id. */
function place(bucket: readonly Stored[], field: string, value: Value, id: string): number {
  let low = 0;
  let high = bucket.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const record = bucket[middle] as Stored;
    const found = fieldOf(record, field);
    if (found < value || (found === value && record.id < id)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }

  return low;
}

const fieldOf = (record: Stored, field: string) => (record[field] ?? NOTHING) as Value;
const bucketKey = ({fields}: Index, record: Stored) =>
  fields
    .slice(0, -1)
    .map(field => String(record[field]))
    .join('\n');
const placeOf = (bucket: readonly Stored[], field: string, record: Stored) =>
  place(bucket, field, fieldOf(record, field), record.id);

/** Puts a record into its collection's indexes. */
export function enlist(store: Store, record: Stored): void {
  for (const index of store.indexes) {
    const field = index.fields.at(-1) as string;
    if (record[field] !== undefined) {
      const key = bucketKey(index, record);
      const bucket = index.buckets.get(key) ?? [];
      index.buckets.set(key, bucket);
      bucket.splice(placeOf(bucket, field, record), 0, record);
    }
  }
}

/** Takes a record out of its collection's indexes. */
export function unlist(store: Store, record: Stored): void {
  for (const index of store.indexes) {
    const field = index.fields.at(-1) as string;
    const bucket = index.buckets.get(bucketKey(index, record));
    if (bucket && record[field] !== undefined) {
      bucket.splice(placeOf(bucket, field, record), 1);
    }
  }
}
