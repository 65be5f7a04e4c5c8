import {HoltError} from '../../domain/errors.ts';
import type {Find, List, Records, Transact} from '../../domain/ports.ts';
import type {Collection, RecordOf} from '../../domain/records.ts';
import {enlist, findOrder, makeStore, type Store, type Stored, select, unlist} from './store.ts';

/** What a store charges for. */
export type Operations = {reads: number; writes: number; deletes: number};

/** Milliseconds that a call takes; of a list, also each record that it answers. */
export type RecordTimes = {find: number; list: number; each: number; commit: number};

type Change = {op: 'create' | 'put' | 'remove'; collection: Collection; id: string; record?: Stored};

const MAX_RUNS = 200;

/**
 * Makes a record store that is quick with many records, takes its time by a clock of its own, and counts what Firestore
 * would charge: each record that a query answers is a read, and an empty answer is one too.
 */
export function makeSimulatedRecords(sleep: (milliseconds: number) => Promise<void>, times: RecordTimes) {
  const stores = new Map<Collection, Store>();
  const versions = new Map<string, number>();
  const operations: Operations = {reads: 0, writes: 0, deletes: 0};

  const storeOf = (collection: Collection): Store => {
    const store = stores.get(collection) ?? makeStore(collection);
    stores.set(collection, store);
    return store;
  };
  const keyOf = (collection: Collection, id: string) => `${collection}/${id}`;
  const read = <C extends Collection>(collection: C, id: string) =>
    storeOf(collection).records.get(id) as RecordOf<C> | undefined;

  const apply = ({op, collection, id, record}: Change): void => {
    const store = storeOf(collection);
    versions.set(keyOf(collection, id), (versions.get(keyOf(collection, id)) ?? 0) + 1);
    const former = store.records.get(id);
    if (former) {
      unlist(store, former);
    }

    if (op === 'remove' || !record) {
      store.records.delete(id);
      operations.deletes += 1;
    } else {
      store.records.set(id, record);
      enlist(store, record);
      operations.writes += 1;
    }
  };

  const find: Find = async (collection, id) => {
    await sleep(times.find);
    operations.reads += 1;
    return read(collection, id);
  };

  const list: List = async query => {
    const found = select(storeOf(query.collection), query).slice(0, query.limit);
    await sleep(times.list + times.each * found.length);
    operations.reads += Math.max(found.length, 1);
    return found as RecordOf<typeof query.collection>[];
  };

  const transact: Transact = async work => {
    for (let run = 0; run < MAX_RUNS; run += 1) {
      const seen = new Map<string, number>();
      const changes: Change[] = [];
      const write = (op: 'create' | 'put') => (collection: Collection, record: {id: string}) =>
        void changes.push({op, collection, id: record.id, record: copy(record)});
      const result = await work({
        async find(collection, id) {
          if (changes.length > 0) {
            throw new Error('A transaction reads first, then writes.');
          }

          const key = keyOf(collection, id);
          await sleep(times.find);
          operations.reads += 1;
          seen.set(key, seen.get(key) ?? versions.get(key) ?? 0);
          return read(collection, id);
        },
        create: write('create'),
        put: write('put'),
        remove: (collection, id) => void changes.push({op: 'remove', collection, id}),
      });
      await sleep(times.commit);
      if ([...seen].every(([key, version]) => (versions.get(key) ?? 0) === version)) {
        for (const {op, collection, id} of changes) {
          if (op === 'create' && storeOf(collection).records.has(id)) {
            throw new HoltError('conflict', `The record ${collection}/${id} exists already: read it instead.`);
          }
        }

        changes.forEach(apply);
        return result;
      }
    }

    throw new HoltError('conflict', 'Too many writers at once: try again.');
  };

  const records: Records = {
    find,
    list,
    transact,
    async count({collection, where}) {
      await sleep(times.list);
      const found = select(storeOf(collection), {where, orderBy: [findOrder(collection, where), 'asc']});
      operations.reads += Math.max(Math.ceil(found.length / 1000), 1);
      return found.length;
    },
  };
  /** Changes that another stage makes: they take no time here and are charged to nobody. */
  const put = <C extends Collection>(collection: C, record: RecordOf<C>): void => {
    apply({op: 'put', collection, id: record.id, record: copy(record)});
    operations.writes -= 1;
  };
  const remove = (collection: Collection, id: string): void => {
    apply({op: 'remove', collection, id});
    operations.deletes -= 1;
  };

  const all = <C extends Collection>(collection: C) => [...storeOf(collection).records.values()] as RecordOf<C>[];

  return {...records, operations, put, remove, all, read};
}

/** Nothing is shared with who wrote it. Who reads it shares it with others, so it cannot be changed. */
function copy(record: object): Stored {
  const stored: Stored = JSON.parse(JSON.stringify(record));
  Object.values(stored).forEach(Object.freeze);
  return Object.freeze(stored);
}
