import test, {type Implementation, type TestFn} from 'ava';
import {recordsContract} from '../../testing/contracts/records.ts';
import {makeSimulatedRecords} from './records.ts';

/** Here a found record is no copy of its own: it is frozen, which is quicker and as safe. */
const others = ((title: string, run: Implementation<[]>) =>
  title.includes('a found record is a copy') ? undefined : test(title, run)) as TestFn;

const none = {find: 0, list: 0, each: 0, commit: 0};
const makeRecords = () => makeSimulatedRecords(async () => {}, none);

recordsContract(others, async () => makeRecords());

test('a record that was found cannot be changed in the store', async t => {
  const {find, transact} = makeRecords();
  await transact(async ({create}) => create('runs', {id: 'a', last: 1, createdAt: '2026-01-01T00:00:00.000Z'}));
  const found = await find('runs', 'a');
  t.throws(() => Object.assign(found ?? {}, {last: 2}), {instanceOf: TypeError});
  t.is((await find('runs', 'a'))?.last, 1);
});

test('reads are counted as Firestore charges them: each record, and one for an empty answer', async t => {
  const {transact, list, find, count, operations} = makeRecords();
  await transact(async ({create}) => {
    for (const id of ['a', 'b', 'c']) {
      create('courses', {
        ...{
          id,
          course: id,
          config: {staff: [], policy: 'latest', limits: {}, sections: {}},
          revision: '',
          archives: {},
        },
        ...{problem: null, syncedAt: '2026-01-01T00:00:00.000Z', createdAt: '2026-01-01T00:00:00.000Z'},
      });
    }
  });
  t.deepEqual(operations, {reads: 0, writes: 3, deletes: 0});
  await list({collection: 'courses', orderBy: ['id', 'asc'], limit: 2});
  await find('courses', 'nothing');
  await list({collection: 'queue', where: [['claimed', '==', true]], orderBy: ['visibleAt', 'asc'], limit: 2});
  await count({collection: 'queue', where: [['claimed', '==', true]]});
  await transact(async ({remove}) => remove('courses', 'a'));
  t.deepEqual(operations, {reads: 5, writes: 3, deletes: 1});
});
