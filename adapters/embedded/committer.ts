import type {Collection} from '../../domain/records.ts';
import {deleteEvent, insertEvent, makeRecordEvents, type NewEvent, type OutboxRow, type Trigger} from './outbox.ts';
import type {Store} from './store.ts';

/** A record as a transaction read it; `data` is undefined when it was not there. */
export type Read = {collection: Collection; id: string; data: string | undefined};
/** A record as a transaction leaves it; `data` is undefined when it removes it. */
export type Write = {collection: Collection; id: string; data: string | undefined; mustBeNew: boolean};
/** What is committed together: the writes, only if every read is still true, and events of the caller's own. */
export type Unit = {reads: Read[]; writes: Write[]; events: NewEvent[]};

/** `stale`: something read has changed. `exists`: a record to be created is there already. */
export type CommitOutcome = 'committed' | 'stale' | 'exists';

/** How much was committed, and in how many SQLite transactions, each of which costs one sync. */
export type CommitCounts = {units: number; groups: number};

export type Committer = {
  commit: (unit: Unit) => Promise<CommitOutcome>;
  /** Forgets a delivered event together with the next group, or a moment later. */
  forget: (seq: number) => void;
  counts: Readonly<CommitCounts>;
  /** Writes what waits and refuses what comes. */
  close: () => void;
};

type Waiting = {unit: Unit; resolve: (outcome: CommitOutcome) => void; reject: (reason: unknown) => void};

/** A delivered event that is forgotten late is only delivered twice after a crash. */
const FORGET_AFTER_MILLISECONDS = 200;

/** Whether every read still holds: the same content is as good as the same version. */
export const isCurrent = (store: Store, reads: readonly Read[]): boolean =>
  reads.every(({collection, id, data}) => store.read(collection, id) === data);

/**
 * Commits units in groups: those that wait at the same time share one SQLite transaction and its sync. A conflict fails
 * only its own unit. `publish` gets the events once they are durable.
 */
export function makeCommitter(
  store: Store,
  triggers: readonly Trigger[],
  publish: (rows: OutboxRow[]) => void,
  tellError: (error: unknown) => Error,
): Committer {
  const counts = {units: 0, groups: 0};
  let waiting: Waiting[] = [];
  let forgotten: number[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function apply({reads, writes, events}: Unit, rows: OutboxRow[]): CommitOutcome {
    if (!isCurrent(store, reads)) {
      return 'stale';
    }

    const before = writes.map(({collection, id}) => store.read(collection, id) !== undefined);
    if (writes.some(({mustBeNew}, index) => mustBeNew && before[index])) {
      return 'exists';
    }

    for (const [index, {collection, id, data}] of writes.entries()) {
      if (data === undefined) {
        store.prepare(`DELETE FROM ${collection} WHERE id = ?`).run(id);
      } else if (before[index]) {
        store.prepare(`UPDATE ${collection} SET data = ? WHERE id = ?`).run(data, id);
      } else {
        store.prepare(`INSERT INTO ${collection} (id, data) VALUES (?, ?)`).run(id, data);
      }

      if (data !== undefined) {
        const made = makeRecordEvents(triggers, {collection, id, isNew: !before[index]});
        rows.push(...made.map(event => insertEvent(store, event)));
      }
    }

    rows.push(...events.map(event => insertEvent(store, event)));
    return 'committed';
  }

  function flush(): void {
    clearImmediate(scheduled);
    clearTimeout(timer);
    scheduled = undefined;
    timer = undefined;
    const group = waiting;
    const delivered = forgotten;
    if (group.length + delivered.length === 0) {
      return;
    }

    waiting = [];
    forgotten = [];
    const rows: OutboxRow[] = [];
    try {
      const outcomes = store.writeAll(() => {
        for (const seq of delivered) {
          deleteEvent(store, seq);
        }

        return group.map(({unit}) => apply(unit, rows));
      });
      counts.units += group.length;
      counts.groups += 1;
      for (const [index, {resolve}] of group.entries()) {
        resolve(outcomes[index] as CommitOutcome);
      }
    } catch (error) {
      forgotten.push(...delivered);
      const told = tellError(error);
      for (const {reject} of group) {
        reject(told);
      }

      return;
    }

    publish(rows);
  }

  return {
    counts,
    commit(unit) {
      if (closed) {
        return Promise.reject(tellError(new Error('Holt is stopping')));
      }

      return new Promise((resolve, reject) => {
        waiting.push({unit, resolve, reject});
        // After the pending input and output, so that whatever is ready by then shares the group.
        scheduled ??= setImmediate(flush);
      });
    },
    forget(seq) {
      forgotten.push(seq);
      if (!closed) {
        timer ??= setTimeout(flush, FORGET_AFTER_MILLISECONDS).unref();
      }
    },
    close() {
      closed = true;
      flush();
    },
  };
}
