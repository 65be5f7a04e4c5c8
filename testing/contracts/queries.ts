import type {TestFn} from 'ava';
import type {Filter, Query} from '../../domain/ports.ts';
import {type Collection, indexes} from '../../domain/records.ts';
import type {MakeRecords} from './records.ts';
import {at, sampleCourse, sampleQueueEntry, sampleSubmission} from './samples.ts';
import {idsOf, writeSubmissions} from './submissions.ts';

/** Values that the field of an index's filter takes in the test of every index. */
const sampleValue = (field: string) => (field === 'claimed' ? false : 'nothing');

/** Registers what every engine's queries must do: exactly those of `indexes` in `domain/records.ts`. */
export function queriesContract(test: TestFn, makeRecords: MakeRecords): void {
  const shapes = Object.entries(indexes).flatMap(([collection, lists]) =>
    lists.map(fields => ({collection: collection as Collection, fields: fields as readonly string[]})),
  );

  test('records: every index of the domain answers its query, both ways, with a cursor and a range', async t => {
    const {list, count} = await makeRecords(t);
    for (const {collection, fields} of shapes) {
      const equal = fields.slice(0, -1).map((field): Filter => [field, '==', sampleValue(field)]);
      const last = fields.at(-1) as string;
      const value = last.endsWith('At') ? at(0) : 1;
      for (const direction of ['asc', 'desc'] as const) {
        const query = {collection, orderBy: [last, direction] as const, limit: 2};
        t.deepEqual(await list({...query, where: equal}), [], `${collection} ${fields} ${direction}`);
        t.deepEqual(await list({...query, where: [...equal, [last, '<=', value]], after: [value, 'x']}), []);
      }

      t.is(await count({collection, where: equal}), 0);
    }
  });

  test('records: a list is ordered by field, then id, in both directions', async t => {
    const records = await makeRecords(t);
    await writeSubmissions(records);
    const query = {collection: 'submissions', where: [['course', '==', 'demo']], limit: 10} as const;
    t.deepEqual(await idsOf(records, {...query, orderBy: ['receivedAt', 'asc']}), ['a', 'b', 'c', 'd', 'e']);
    t.deepEqual(await idsOf(records, {...query, orderBy: ['receivedAt', 'desc']}), ['e', 'd', 'c', 'b', 'a']);
  });

  test('records: any collection is listed by id, page by page', async t => {
    const records = await makeRecords(t);
    await records.transact(async ({create}) => {
      for (const id of ['b', 'c', 'a']) {
        create('courses', sampleCourse({id}));
      }
    });
    const query = {collection: 'courses', orderBy: ['id', 'asc'], limit: 2} as const;
    t.deepEqual(await idsOf(records, query), ['a', 'b']);
    t.deepEqual(await idsOf(records, {...query, after: ['b', 'b']}), ['c']);
  });

  test('records: ids are ordered by their bytes, upper case before lower', async t => {
    const records = await makeRecords(t);
    const ids = ['-', '0', 'A', 'Z', '_', 'a', 'aa', 'z'];
    await records.transact(async ({create}) => {
      for (const id of ids.toReversed()) {
        create('submissions', sampleSubmission({id}));
      }
    });
    const query = {collection: 'submissions', orderBy: ['createdAt', 'asc'], limit: 3} as const;
    t.deepEqual(await idsOf(records, query), ids.slice(0, 3));
    t.deepEqual(await idsOf(records, {...query, after: [at(0), '_']}), ids.slice(5));
  });

  test('records: pages by cursor give each record once, through a tie, in both directions', async t => {
    const records = await makeRecords(t);
    await writeSubmissions(records);
    for (const direction of ['asc', 'desc'] as const) {
      const seen: string[] = [];
      let after: Query['after'];
      for (;;) {
        const page = await records.list({
          collection: 'submissions',
          orderBy: ['createdAt', direction],
          after,
          limit: 2,
        });
        seen.push(...page.map(({id}) => id));
        const last = page.at(-1);
        if (!last) {
          break;
        }

        after = [last.createdAt, last.id];
      }

      const expected = ['a', 'b', 'c', 'd', 'f', 'e'];
      t.deepEqual(seen, direction === 'asc' ? expected : expected.toReversed());
    }
  });

  test('records: a cursor need not be a record that is there', async t => {
    const records = await makeRecords(t);
    await writeSubmissions(records);
    const query = {collection: 'submissions', orderBy: ['createdAt', 'asc'], limit: 10} as const;
    t.deepEqual(await idsOf(records, {...query, after: [at(2), 'bb']}), ['c', 'd', 'f', 'e']);
    t.deepEqual(await idsOf(records, {...query, after: [at(2.5), '']}), ['e']);
    t.deepEqual(await idsOf(records, {...query, orderBy: ['createdAt', 'desc'], after: [at(2), '']}), ['a']);
  });

  test('records: a list sees what was committed before it, changes and removals included', async t => {
    const records = await makeRecords(t);
    const query = {
      collection: 'queue',
      where: [['claimed', '==', false]],
      orderBy: ['visibleAt', 'asc'],
      limit: 5,
    } as const;
    await records.transact(async ({create}) => {
      create('queue', sampleQueueEntry({id: 'a', visibleAt: at(1)}));
      create('queue', sampleQueueEntry({id: 'b', visibleAt: at(2)}));
      create('queue', sampleQueueEntry({id: 'c', visibleAt: at(3)}));
    });
    t.deepEqual(await idsOf(records, query), ['a', 'b', 'c']);
    await records.transact(async ({put, remove}) => {
      put('queue', sampleQueueEntry({id: 'a', visibleAt: at(9)}));
      put('queue', sampleQueueEntry({id: 'b', claimed: true}));
      remove('queue', 'c');
    });
    t.deepEqual(await idsOf(records, query), ['a']);
  });

  test('records: a query that has no index is a bug, and is refused', async t => {
    const {list} = await makeRecords(t);
    const where = [['sha256', '==', 'x']] as const;
    await t.throwsAsync(list({collection: 'submissions', where, orderBy: ['receivedAt', 'asc'], limit: 1}));
  });
}
