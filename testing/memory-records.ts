import {HoltError} from '../domain/errors.ts';
import type {Filter, Find, List, Query, Records, Transact} from '../domain/ports.ts';
import {type Collection, collections, indexes, type RecordOf} from '../domain/records.ts';

const MAX_RUNS = 200;

/** What tests may do at every moment when a real store would let others go first. */
type Options = {pause?: () => Promise<void>};

/** A record is kept as JSON, so that nothing is shared and a field without a value is a field that is missing. */
type Entry = {version: number; json: string};
type Change = {op: 'create' | 'put' | 'remove'; collection: Collection; id: string; json?: string};

/**
 * Makes a record store of Maps, for tests of stages.
 *
 * Transactions are optimistic: run again when something they read has changed. Records are copied in and out and must
 * have their collection's shape; a query needs its index; a read after a write is refused, as Firestore refuses it.
 *
 * @example const records = makeMemoryRecords(); await records.transact(async tx => tx.create('passbacks', passback));
 */
export function makeMemoryRecords({pause = async () => {}}: Options = {}): Records & {
  all: <C extends Collection>(collection: C) => RecordOf<C>[];
} {
  const stores = new Map<Collection, Map<string, Entry>>();
  const removed = new Map<string, number>();
  let lastVersion = 0;

  const storeOf = (collection: Collection) => {
    const store = stores.get(collection) ?? new Map<string, Entry>();
    stores.set(collection, store);
    return store;
  };
  const versionOf = (collection: Collection, id: string) =>
    storeOf(collection).get(id)?.version ?? removed.get(`${collection}/${id}`) ?? 0;
  const copy = <C extends Collection>(entry: Entry | undefined) =>
    (entry ? JSON.parse(entry.json) : undefined) as RecordOf<C> | undefined;
  const all = <C extends Collection>(collection: C) =>
    [...storeOf(collection).values()].map(entry => copy<C>(entry) as RecordOf<C>).sort(by('id', 1));

  const find: Find = async (collection, id) => {
    await pause();
    return copy(storeOf(collection).get(id));
  };

  const list: List = async query => {
    await pause();
    checkIndex(query);
    const sign = query.orderBy[1] === 'asc' ? 1 : -1;
    const order = by(query.orderBy[0], sign);
    const {after} = query;
    return all(query.collection)
      .filter(record => (query.where ?? []).every(filter => matches(record, filter)))
      .sort(order)
      .filter(record => !after || order(record, {[query.orderBy[0]]: after[0], id: after[1]}) > 0)
      .slice(0, query.limit);
  };

  const commit = (changes: Change[]) => {
    for (const {op, collection, id} of changes) {
      if (op === 'create' && storeOf(collection).has(id)) {
        throw new HoltError('conflict', `The record ${collection}/${id} exists already: read it instead.`);
      }
    }

    for (const {op, collection, id, json} of changes) {
      lastVersion += 1;
      if (op === 'remove') {
        storeOf(collection).delete(id);
        removed.set(`${collection}/${id}`, lastVersion);
      } else if (json !== undefined) {
        storeOf(collection).set(id, {version: lastVersion, json});
      }
    }
  };

  const transact: Transact = async work => {
    for (let run = 0; run < MAX_RUNS; run += 1) {
      const seen = new Map<string, {collection: Collection; id: string; version: number}>();
      const changes: Change[] = [];
      const write = <C extends Collection>(op: 'create' | 'put', collection: C, record: RecordOf<C>) => {
        const parsed = collections[collection].parse(record);
        changes.push({op, collection, id: parsed.id, json: JSON.stringify(parsed)});
      };
      const result = await work({
        async find(collection, id) {
          await pause();
          if (changes.length > 0) {
            throw new Error('A transaction reads first, then writes.');
          }

          const key = `${collection}/${id}`;
          seen.set(key, seen.get(key) ?? {collection, id, version: versionOf(collection, id)});
          return copy(storeOf(collection).get(id));
        },
        create: (collection, record) => write('create', collection, record),
        put: (collection, record) => write('put', collection, record),
        remove: (collection, id) => void changes.push({op: 'remove', collection, id}),
      });
      await pause();
      if ([...seen.values()].every(({collection, id, version}) => versionOf(collection, id) === version)) {
        commit(changes);
        // The answer of a commit takes its own time: the writes are there before the caller knows.
        await pause();
        return result;
      }
    }

    throw new HoltError('conflict', 'Too many writers at once: try again.');
  };

  return {
    find,
    list,
    transact,
    async count({collection, where}) {
      await pause();
      checkIndex({collection, where, orderBy: [where.find(([, operator]) => operator !== '==')?.[0] ?? 'id', 'asc']});
      return all(collection).filter(record => where.every(filter => matches(record, filter))).length;
    },
    all,
  };
}

type Fields = Record<string, unknown>;

const compare = (a: unknown, b: unknown): number => {
  if (a === b) {
    return 0;
  }

  // What has no value comes first, as on Firestore.
  if (a === null || a === undefined) {
    return -1;
  }

  return b === null || b === undefined || (a as string) > (b as string) ? 1 : -1;
};

const by = (field: string, sign: 1 | -1) => (a: Fields, b: Fields) =>
  sign * (compare(a[field], b[field]) || compare(a.id, b.id));

function matches(record: Fields, [field, operator, value]: Filter): boolean {
  const found = record[field];
  if (typeof found !== typeof value) {
    return false;
  }

  const order = compare(found, value);
  const answers = {'==': order === 0, '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0};
  return answers[operator];
}

/** Refuses a query that no index serves: it would work here and fail where it matters. */
function checkIndex({collection, where = [], orderBy: [order]}: Omit<Query, 'limit'>): void {
  const equal = where.filter(([, operator]) => operator === '==').map(([field]) => field);
  const ranges = where.filter(([, operator]) => operator !== '==').map(([field]) => field);
  const serves = (index: readonly string[]) =>
    equal.every(field => index.slice(0, equal.length).includes(field)) &&
    (order === 'id' || index[equal.length] === order);
  const known = (indexes[collection] as readonly (readonly string[])[]).some(serves);
  const plain = equal.length === 0 && order === 'id';
  if (ranges.some(field => field !== order) || !(known || plain)) {
    const fields = [...equal, order].join(', ');
    throw new Error(`No index of ${collection} serves a query by ${fields}: add it to domain/records.ts.`);
  }
}
