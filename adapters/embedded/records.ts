import assert from 'node:assert';
import {setTimeout as sleep} from 'node:timers/promises';
import {HoltError} from '../../domain/errors.ts';
import type {Records, Transaction} from '../../domain/ports.ts';
import {type Committer, isCurrent, type Read, type Write} from './committer.ts';
import {toCountStatement, toListStatement} from './queries.ts';
import type {Store} from './store.ts';

/** More than that many losses in a row is no contention any more, it is a fault. */
const ATTEMPTS = 100;
const LONGEST_PAUSE_MILLISECONDS = 30;

/** Makes the records over a store. Reads see what is committed, and what is committed is durable. */
export function makeRecords(store: Store, committer: Committer): Records {
  return {
    async find(collection, id) {
      const data = store.read(collection, id);
      return data === undefined ? undefined : JSON.parse(data);
    },

    async list(query) {
      const {sql, values} = toListStatement(query);
      return store
        .prepare(sql)
        .all(...values)
        .map(({data}) => JSON.parse(String(data)));
    },

    async count({collection, where}) {
      const {sql, values} = toCountStatement(collection, where);
      return Number(store.prepare(sql).get(...values)?.count);
    },

    async transact(work) {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const {transaction, reads, writes} = begin(store);
        const end = await settle(work(transaction));
        const readsHold = () => isCurrent(store, [...reads.values()]);
        if ('reason' in end) {
          // Work that threw over reads which do not fit together has seen what never was.
          if (readsHold()) {
            throw end.reason;
          }
        } else if (writes.size === 0) {
          if (readsHold()) {
            return end.value;
          }
        } else {
          const unit = {reads: [...reads.values()], writes: [...writes.values()], events: []};
          const outcome = await committer.commit(unit);
          if (outcome === 'committed') {
            return end.value;
          }

          if (outcome === 'exists') {
            throw new HoltError('conflict', 'A record to be created is there already: it was made meanwhile.');
          }
        }

        await sleep(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MILLISECONDS));
      }

      throw new HoltError('conflict', 'Others kept changing what this change depends on: try again.');
    },
  };
}

type End<T> = {value: T} | {reason: unknown};

const settle = <T>(promise: Promise<T>): Promise<End<T>> =>
  promise.then(
    value => ({value}),
    (reason: unknown) => ({reason}),
  );

/** A transaction that notes what it reads and keeps its writes to itself. */
function begin(store: Store) {
  const reads = new Map<string, Read>();
  const writes = new Map<string, Write>();
  const write = (collection: Write['collection'], id: string, data: string | undefined, mustBeNew: boolean) => {
    const key = `${collection}/${id}`;
    writes.set(key, {collection, id, data, mustBeNew: mustBeNew || (writes.get(key)?.mustBeNew ?? false)});
  };

  const transaction: Transaction = {
    async find(collection, id) {
      assert.ok(writes.size === 0, 'A transaction reads first, then writes.');
      const key = `${collection}/${id}`;
      const {data} = reads.get(key) ?? {data: store.read(collection, id)};
      reads.set(key, {collection, id, data});
      return data === undefined ? undefined : JSON.parse(data);
    },
    create: (collection, record) => write(collection, record.id, JSON.stringify(record), true),
    put: (collection, record) => write(collection, record.id, JSON.stringify(record), false),
    remove: (collection, id) => write(collection, id, undefined, false),
  };
  return {transaction, reads, writes};
}
