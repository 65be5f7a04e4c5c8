import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import type {Collection} from '../../domain/records.ts';
import {indexes} from '../../domain/records.ts';
import {makeFolder, openTestEngine} from '../../testing/contracts/embedded-engine.ts';
import {sampleRuns, sampleSubmission} from '../../testing/contracts/samples.ts';
import {makeCommitter} from './committer.ts';
import {openDatabase} from './open-database.ts';
import {makeObjectEvents, type OutboxRow} from './outbox.ts';
import {toCountStatement, toListStatement} from './queries.ts';
import {makeRecords} from './records.ts';
import {tellStorageError} from './storage-errors.ts';

test('commits that wait at the same time share a transaction', async t => {
  const {transact, commits} = await openTestEngine(t);
  const before = {...commits};
  await Promise.all(
    Array.from({length: 100}, (_, index) =>
      transact(async ({create}) => create('submissions', sampleSubmission({id: `submission-${index}`}))),
    ),
  );
  t.is(commits.units - before.units, 100);
  t.true(commits.groups - before.groups <= 5, `${commits.groups - before.groups} groups`);
});

test('a conflict in a group fails its own commit only', async t => {
  const {transact, find} = await openTestEngine(t);
  await transact(async ({create}) => create('runs', sampleRuns('taken', 1)));
  const ends = await Promise.allSettled(
    ['a', 'taken', 'b'].map(id => transact(async ({create}) => create('runs', sampleRuns(id, 2)))),
  );
  t.deepEqual(
    ends.map(({status}) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.is((await find('runs', 'taken'))?.last, 1);
  t.is((await find('runs', 'b'))?.last, 2);
});

test('fifty that change one record at once all get their turn', async t => {
  const {transact, find} = await openTestEngine(t);
  await Promise.all(
    Array.from({length: 50}, () =>
      transact(async transaction => {
        const last = (await transaction.find('runs', 'a'))?.last ?? 0;
        transaction.put('runs', sampleRuns('a', last + 1));
      }),
    ),
  );
  t.is((await find('runs', 'a'))?.last, 50);
});

test('work that throws over reads that do not fit together is run again', async t => {
  const {transact} = await openTestEngine(t);
  const set = (last: number) =>
    transact(async ({put}) => {
      put('runs', sampleRuns('a', last));
      put('runs', sampleRuns('b', last));
    });
  await set(1);
  let attempts = 0;
  const seen = await transact(async ({find}) => {
    attempts += 1;
    const a = await find('runs', 'a');
    if (attempts === 1) {
      await set(2);
    }

    const b = await find('runs', 'b');
    if (a?.last !== b?.last) {
      throw new Error('They differ.');
    }

    return a?.last;
  });
  t.is(seen, 2);
});

test('every query of the domain is answered from its index, without a scan or a sort', t => {
  const store = openDatabase({folder: makeFolder(t), log() {}});
  t.teardown(() => store.database.close());
  const planOf = ({sql, values}: {sql: string; values: (string | number)[]}) =>
    store.database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(({detail}) => String(detail))
      .join('; ');
  for (const [collection, lists] of Object.entries(indexes) as [Collection, readonly (readonly string[])[]][]) {
    for (const fields of lists) {
      const last = fields.at(-1) as string;
      const where = fields.slice(0, -1).map(field => [field, '==', 'x'] as const);
      for (const direction of ['asc', 'desc'] as const) {
        const query = {collection, orderBy: [last, direction] as const, limit: 10};
        for (const plan of [
          planOf(toListStatement({...query, where})),
          planOf(toListStatement({...query, where, after: ['x', 'y']})),
          planOf(toListStatement({...query, where: [...where, [last, '<=', 'x']], after: ['x', 'y']})),
        ]) {
          t.regex(plan, new RegExp(`USING INDEX ${collection}_by_${fields.join('_')}\\b`), plan);
          t.notRegex(plan, /TEMP B-TREE/);
        }
      }

      if (where.length > 0) {
        t.regex(planOf(toCountStatement(collection, where)), /^SEARCH .* INDEX/);
      }
    }
  }
});

test('a full disk is a sentence, loses nothing that was there, and passes', async t => {
  const store = openDatabase({folder: makeFolder(t), log() {}});
  t.teardown(() => store.database.close());
  const committer = makeCommitter(
    store,
    [],
    () => {},
    error => tellStorageError(error, '/data'),
  );
  t.teardown(() => committer.close());
  const {find, transact} = makeRecords(store, committer);
  await transact(async ({create}) => create('submissions', sampleSubmission({id: 'before'})));

  const {page_count} = store.database.prepare('PRAGMA page_count').get() ?? {};
  store.database.exec(`PRAGMA max_page_count = ${page_count}`);
  const write = () =>
    transact(async ({create}) => create('submissions', sampleSubmission({id: 'large', trace: 'x'.repeat(90_000)})));
  const error = await t.throwsAsync(write(), {instanceOf: HoltError});
  t.is(error.code, 'storage-unavailable');
  t.true(error.retryable);
  t.is(error.message, 'The data in /data cannot be used; the disk is full: free some space.');
  t.is(await find('submissions', 'large'), undefined);
  t.truthy(await find('submissions', 'before'));

  store.database.exec('PRAGMA max_page_count = 1000000');
  await write();
  t.truthy(await find('submissions', 'large'));
});

test('events are published only after their commit, and not at all with a failed one', async t => {
  const store = openDatabase({folder: makeFolder(t), log() {}});
  t.teardown(() => store.database.close());
  const published: OutboxRow[] = [];
  const committer = makeCommitter(
    store,
    [],
    rows => published.push(...rows),
    error => error as Error,
  );
  t.teardown(() => committer.close());
  const events = makeObjectEvents({bucket: 'results', name: 'results/a/1.json'});
  const read = {collection: 'runs', id: 'a', data: 'something else'} as const;
  t.is(await committer.commit({reads: [read], writes: [], events}), 'stale');
  t.deepEqual(published, []);
  t.is(await committer.commit({reads: [], writes: [], events}), 'committed');
  t.is(published[0]?.event.subject, 'objects/results/a/1.json');
});

test('a closed engine refuses what comes, with a sentence', async t => {
  const {transact, jobs, close} = await openTestEngine(t);
  await close();
  await t.throwsAsync(
    transact(async ({put}) => put('runs', sampleRuns('a', 1))),
    {code: 'storage-unavailable'},
  );
  const request = {tasks: 1, manifestIndexUrl: 'http://127.0.0.1:1/', timeoutSeconds: 1};
  await t.throwsAsync(jobs.start(request), {code: 'jobs-refused'});
});
