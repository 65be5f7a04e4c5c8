import type {Records} from '../../domain/ports.ts';
import type {Collection, RecordOf} from '../../domain/records.ts';
import type {WorldStore} from './world.ts';

/** Makes an engine's records look like a test's: what was committed is noted beside, to be looked at without waiting. */
export function makeMirrorStore(records: Records): WorldStore {
  const mirror = new Map<Collection, Map<string, unknown>>();
  const of = (collection: Collection) => {
    const known = mirror.get(collection) ?? new Map<string, unknown>();
    mirror.set(collection, known);
    return known;
  };

  const transact: Records['transact'] = async work => {
    let writes: (() => void)[] = [];
    const result = await records.transact(transaction => {
      writes = [];
      return work({
        find: transaction.find,
        create(collection, record) {
          transaction.create(collection, record);
          writes.push(() => of(collection).set(record.id, record));
        },
        put(collection, record) {
          transaction.put(collection, record);
          writes.push(() => of(collection).set(record.id, record));
        },
        remove(collection, id) {
          transaction.remove(collection, id);
          writes.push(() => of(collection).delete(id));
        },
      });
    });
    for (const write of writes) {
      write();
    }

    return result;
  };

  return {
    ...records,
    transact,
    all: <C extends Collection>(collection: C) =>
      [...of(collection)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record as RecordOf<C>),
  };
}
