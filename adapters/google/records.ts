import {setTimeout as sleep} from 'node:timers/promises';
import {type DocumentReference, FieldPath, Firestore, type Query as NativeQuery} from '@google-cloud/firestore';
import {HoltError} from '../../domain/errors.ts';
import type {Filter, Query, Records} from '../../domain/ports.ts';
import {type Collection, indexes, type RecordOf} from '../../domain/records.ts';
import {makeReader} from './read-together.ts';
import {decodeRecord, encodeRecord, encodeValue} from './stored-record.ts';

/** How often one transaction is run before its contention is reported. */
const MAX_ATTEMPTS = 20;
const DEADLINE_MS = 25_000;

// gRPC status codes, https://grpc.io/docs/guides/status-codes/
const ALREADY_EXISTS = 6;
const ABORTED = 10;
const UNAVAILABLE: ReadonlySet<unknown> = new Set([1, 2, 4, 8, 13, 14]);
/** Contention, and what a moment mends: the codes that the client itself tries again. */
const AGAIN: ReadonlySet<unknown> = new Set([ABORTED, ...UNAVAILABLE]);

type Settings = {projectId: string; databaseId?: string | undefined; emulatorHost?: string | undefined};

/** Connects to Firestore, or to its emulator at `host:port`. */
export const connectFirestore = ({projectId, databaseId, emulatorHost}: Settings): Firestore =>
  new Firestore({
    projectId,
    ...(databaseId && {databaseId}),
    ...(emulatorHost && {host: emulatorHost, ssl: false, customHeaders: {Authorization: 'Bearer owner'}}),
    ignoreUndefinedProperties: true,
  });

/**
 * Makes Firestore the record store. A collection's name is the prefix and the collection.
 *
 * @example const records = makeRecords(connectFirestore({projectId: 'my-project'}), {prefix: 'staging-'});
 */
export function makeRecords(db: Firestore, {prefix}: {prefix: string}): Records {
  const collectionOf = (collection: Collection) => db.collection(`${prefix}${collection}`);
  const documentOf = (collection: Collection, id: string) => collectionOf(collection).doc(id);
  const read = <C extends Collection>(collection: C, {id}: DocumentReference, data: object | undefined) =>
    data ? decodeRecord(collection, id, data as Record<string, unknown>) : undefined;

  return {
    async find(collection, id) {
      const document = await inTime(documentOf(collection, id).get());
      return read(collection, document.ref, document.data());
    },

    async list<C extends Collection>(query: Query<C>) {
      checkIndex(query);
      const {collection, where = [], orderBy, after, limit} = query;
      const [field, direction] = orderBy;
      const byId = FieldPath.documentId();
      const filtered = filter(collectionOf(collection), where);
      const ordered =
        field === 'id'
          ? filtered.orderBy(byId, direction)
          : filtered.orderBy(field, direction).orderBy(byId, direction);
      const page = await inTime((after ? goOn(ordered, query, after) : ordered).limit(limit).get());
      return page.docs.map(document => read(collection, document.ref, document.data()) as RecordOf<C>);
    },

    async count({collection, where}) {
      const range = where.find(([, operator]) => operator !== '==');
      checkIndex({collection, where, orderBy: [range?.[0] ?? 'id', 'asc']});
      const answer = await inTime(filter(collectionOf(collection), where).count().get());
      return answer.data().count;
    },

    transact: work =>
      inTime(
        withPatience(() =>
          db.runTransaction(
            native => {
              const get = makeReader(native);
              return work({
                async find(collection, id) {
                  const document = await get(documentOf(collection, id));
                  return read(collection, document.ref, document.data());
                },
                create(collection, record) {
                  native.create(documentOf(collection, record.id), encodeRecord(collection, record));
                },
                put(collection, record) {
                  native.set(documentOf(collection, record.id), encodeRecord(collection, record));
                },
                remove(collection, id) {
                  native.delete(documentOf(collection, id));
                },
              });
            },
            {maxAttempts: 1},
          ),
        ),
      ),
  };
}

/**
 * Runs a transaction again that others have stopped, after a random pause. The client's own pauses are nearly equal, so
 * that those who collided collide again: measured with ten writers of one record, 7 s instead of 3 s.
 */
async function withPatience<T>(run: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const isLate = performance.now() > deadline || attempt === MAX_ATTEMPTS;
      if (isLate || !AGAIN.has((error as {code?: unknown}).code)) {
        throw error;
      }

      await sleep(Math.random() * Math.min(500 * 2 ** attempt, 8000));
    }
  }
}

/** Waits no longer than somebody who submits would: the client itself goes on trying for minutes. */
async function inTime<T>(operation: Promise<T>): Promise<T> {
  const {promise: isOver, reject} = Promise.withResolvers<never>();
  const late = () => reject(unavailable(`Firestore gave no answer in ${DEADLINE_MS / 1000} s`));
  const timer = setTimeout(late, DEADLINE_MS).unref();
  try {
    return await Promise.race([operation, isOver]);
  } catch (error) {
    return rethrow(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Goes on after a value and an id. No id is below every id, and Firestore takes none for a cursor. */
function goOn(query: NativeQuery, {orderBy}: Query, [value, id]: readonly [string | number, string]): NativeQuery {
  const [field, direction] = orderBy;
  const values = field === 'id' ? [] : [encodeValue(field, value)];
  if (id !== '') {
    return query.startAfter(...values, id);
  }

  if (field === 'id') {
    return direction === 'asc' ? query : query.limit(0);
  }

  return direction === 'asc' ? query.startAt(...values) : query.startAfter(...values);
}

const filter = (query: NativeQuery, where: readonly Filter[]): NativeQuery =>
  where.reduce(
    (narrowed, [field, operator, value]) =>
      narrowed.where(field === 'id' ? FieldPath.documentId() : field, operator, encodeValue(field, value)),
    query,
  );

/** Refuses a query that no index serves. The emulator would answer it, and Firestore would not. */
function checkIndex({collection, where = [], orderBy: [order]}: Omit<Query, 'limit'>): void {
  const equal = where.filter(([, operator]) => operator === '==').map(([field]) => field);
  const ranges = where.filter(([, operator]) => operator !== '==').map(([field]) => field);
  const serves = (index: readonly string[]) =>
    equal.every(field => index.slice(0, equal.length).includes(field)) &&
    (order === 'id' || index[equal.length] === order);
  const known = (indexes[collection] as readonly (readonly string[])[]).some(serves);
  if (ranges.some(field => field !== order) || !(known || (equal.length === 0 && order === 'id'))) {
    const fields = [...equal, order].join(', ');
    throw new Error(`No index of ${collection} serves a query by ${fields}: add it to domain/records.ts.`);
  }
}

/** Names what Firestore could not do. An error that is not known here is a bug and stays as it is. */
function rethrow(error: unknown): never {
  const code = (error as {code?: unknown}).code;
  if (code === ALREADY_EXISTS) {
    throw new HoltError('conflict', 'A record of this name exists already: read it instead.', {cause: error});
  }

  if (code === ABORTED) {
    throw new HoltError('conflict', 'Too many writers at once: try again.', {cause: error});
  }

  if (UNAVAILABLE.has(code)) {
    throw unavailable('Firestore cannot be reached now', error);
  }

  throw error;
}

const unavailable = (what: string, cause?: unknown) =>
  new HoltError('storage-unavailable', `${what}: try again in a minute.`, {cause});
