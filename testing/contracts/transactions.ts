import type {TestFn} from 'ava';
import {HoltError} from '../../domain/errors.ts';
import type {Records} from '../../domain/ports.ts';
import type {MakeRecords} from './records.ts';
import {at, sampleParked, sampleRuns, sampleSubmission} from './samples.ts';

const increment = ({transact}: Records, id: string) =>
  transact(async ({find, put}) => {
    const last = (await find('runs', id))?.last ?? 0;
    put('runs', sampleRuns(id, last + 1));
    return last + 1;
  });

/** Registers what every engine's transactions must do. */
export function transactionsContract(test: TestFn, makeRecords: MakeRecords): void {
  test('records: what was created is found, whole', async t => {
    const {find, transact} = await makeRecords(t);
    await transact(async ({create}) => create('submissions', sampleSubmission()));
    t.deepEqual(await find('submissions', 'submission-1'), sampleSubmission());
  });

  test('records: what is not there is undefined, outside and inside a transaction', async t => {
    const {find, transact} = await makeRecords(t);
    t.is(await find('submissions', 'nothing'), undefined);
    t.is(await transact(async transaction => transaction.find('submissions', 'nothing')), undefined);
  });

  test('records: the same id in two collections is two records', async t => {
    const {find, transact} = await makeRecords(t);
    await transact(async ({create}) => {
      create('submissions', sampleSubmission({id: 'same'}));
      create('parked', sampleParked({id: 'same'}));
    });
    await transact(async ({remove}) => remove('parked', 'same'));
    t.is((await find('submissions', 'same'))?.id, 'same');
    t.is(await find('parked', 'same'), undefined);
  });

  test('records: creating what exists fails with conflict and changes nothing', async t => {
    const {find, transact} = await makeRecords(t);
    await transact(async ({create}) => create('runs', sampleRuns('a', 1)));
    const error = await t.throwsAsync(
      transact(async ({create}) => {
        create('runs', sampleRuns('b', 1));
        create('runs', sampleRuns('a', 2));
      }),
      {instanceOf: HoltError},
    );
    t.is(error.code, 'conflict');
    t.is((await find('runs', 'a'))?.last, 1);
    t.is(await find('runs', 'b'), undefined, 'all or nothing');
  });

  test('records: of ten that create one record at once, one wins', async t => {
    const {find, transact} = await makeRecords(t);
    const ends = await Promise.allSettled(
      Array.from({length: 10}, (_, index) =>
        transact(async ({create}) => {
          create('runs', sampleRuns('a', index + 1));
          return index + 1;
        }),
      ),
    );
    const won = ends.filter(end => end.status === 'fulfilled');
    t.is(won.length, 1);
    t.is((await find('runs', 'a'))?.last, won[0]?.value);
    const lost = ends.filter(end => end.status === 'rejected');
    t.true(lost.every(({reason}) => reason instanceof HoltError && reason.code === 'conflict'));
  });

  test('records: of ten that look first and create what is missing, one creates and nine see it', async t => {
    const {transact} = await makeRecords(t);
    const ends = await Promise.all(
      Array.from({length: 10}, () =>
        transact(async ({find, create}) => {
          if (await find('runs', 'a')) {
            return 'seen';
          }

          create('runs', sampleRuns('a', 1));
          return 'created';
        }),
      ),
    );
    t.is(ends.filter(end => end === 'created').length, 1);
  });

  test('records: ten concurrent increments of one record end at ten, each seen once', async t => {
    const records = await makeRecords(t);
    const seen = await Promise.all(Array.from({length: 10}, () => increment(records, 'a')));
    t.is((await records.find('runs', 'a'))?.last, 10);
    t.deepEqual(
      seen.toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
  });

  test('records: a read that changed before the commit runs the work again', async t => {
    const records = await makeRecords(t);
    await increment(records, 'a');
    let attempts = 0;
    const other = Promise.withResolvers<void>();
    const transaction = records.transact(async ({find, put}) => {
      attempts += 1;
      const last = (await find('runs', 'a'))?.last ?? 0;
      // A store may hold the other writer back until this one has ended, so it is started and not awaited.
      if (attempts === 1) {
        increment(records, 'a').then(() => other.resolve(), other.reject);
      }

      put('runs', sampleRuns('a', last + 10));
    });
    await Promise.all([transaction, other.promise]);
    t.is((await records.find('runs', 'a'))?.last, 12);
  });

  test('records: writes that depend on a record nobody changed do not disturb each other', async t => {
    const records = await makeRecords(t);
    await increment(records, 'shared');
    await Promise.all(
      Array.from({length: 10}, (_, index) =>
        records.transact(async ({find, create}) => {
          const shared = await find('runs', 'shared');
          create('runs', sampleRuns(`own-${index}`, shared?.last ?? 0));
        }),
      ),
    );
    const own = await Promise.all(Array.from({length: 10}, (_, index) => records.find('runs', `own-${index}`)));
    t.true(own.every(runs => runs?.last === 1));
  });

  test('records: a transaction that throws writes nothing and throws the same', async t => {
    const {find, transact} = await makeRecords(t);
    const reason = new Error('changed my mind');
    const error = await t.throwsAsync(
      transact(async ({create, put, remove}) => {
        create('runs', sampleRuns('a', 1));
        put('runs', sampleRuns('b', 1));
        remove('runs', 'c');
        throw reason;
      }),
    );
    t.is(error, reason);
    t.is(await find('runs', 'a'), undefined);
    t.is(await find('runs', 'b'), undefined);
  });

  test('records: nothing is seen by others before the commit', async t => {
    const {find, transact} = await makeRecords(t);
    await transact(async ({put}) => {
      put('runs', sampleRuns('a', 1));
      t.is(await find('runs', 'a'), undefined);
    });
    t.is((await find('runs', 'a'))?.last, 1);
  });

  test('records: reading after writing in one transaction is refused', async t => {
    const {find, transact} = await makeRecords(t);
    await t.throwsAsync(
      transact(async transaction => {
        transaction.put('runs', sampleRuns('a', 1));
        await transaction.find('runs', 'b');
      }),
    );
    t.is(await find('runs', 'a'), undefined);
  });

  test('records: put creates and replaces whole, remove removes and does not mind absence', async t => {
    const {find, transact} = await makeRecords(t);
    const lease = {id: 'l', holder: 'me', until: at(1), lastRunAt: null, createdAt: at(0)};
    await transact(async ({put}) => put('leases', {...lease, cursor: {one: '1', two: '2'}}));
    await transact(async ({put}) => put('leases', {...lease, cursor: {three: '3'}}));
    t.deepEqual((await find('leases', 'l'))?.cursor, {three: '3'}, 'nothing of the old is merged in');
    await transact(async ({remove}) => remove('leases', 'l'));
    await transact(async ({remove}) => remove('leases', 'l'));
    t.is(await find('leases', 'l'), undefined);
  });

  test('records: a record that was removed can be created again', async t => {
    const {find, transact} = await makeRecords(t);
    await transact(async ({create}) => create('runs', sampleRuns('a', 1)));
    await transact(async ({remove}) => remove('runs', 'a'));
    await transact(async ({create}) => create('runs', sampleRuns('a', 2)));
    t.is((await find('runs', 'a'))?.last, 2);
  });

  test('records: a found record is a copy', async t => {
    const {find, transact} = await makeRecords(t);
    const given = sampleSubmission({flags: ['unverified']});
    await transact(async ({create}) => create('submissions', given));
    given.flags.push('other-login');
    const found = await find('submissions', given.id);
    t.deepEqual(found?.flags, ['unverified']);
    found?.flags.push('claimed-late');
    t.deepEqual((await find('submissions', given.id))?.flags, ['unverified']);
  });
}
