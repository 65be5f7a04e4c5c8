import type {TestFn} from 'ava';
import type {Filter} from '../../domain/ports.ts';
import type {MakeRecords} from './records.ts';
import {at, sampleParked, samplePassback, sampleQueueEntry} from './samples.ts';
import {idsOf, writeSubmissions} from './submissions.ts';

/** Registers what every engine's filters and counts must do. */
export function filtersContract(test: TestFn, makeRecords: MakeRecords): void {
  test('records: each comparison of the ordered field keeps to its bound', async t => {
    const records = await makeRecords(t);
    await writeSubmissions(records);
    const find = (...filters: Filter[]) =>
      idsOf(records, {
        collection: 'submissions',
        where: [['course', '==', 'demo'], ...filters],
        orderBy: ['receivedAt', 'asc'],
        limit: 10,
      });
    t.deepEqual(await find(['receivedAt', '<', at(2)]), ['a']);
    t.deepEqual(await find(['receivedAt', '<=', at(2)]), ['a', 'b', 'c', 'd']);
    t.deepEqual(await find(['receivedAt', '>', at(2)]), ['e']);
    t.deepEqual(await find(['receivedAt', '>=', at(2)]), ['b', 'c', 'd', 'e']);
    t.deepEqual(await find(['receivedAt', '>', at(1)], ['receivedAt', '<', at(3)]), ['b', 'c', 'd']);
  });

  test('records: a range, an order and a cursor work together', async t => {
    const records = await makeRecords(t);
    await writeSubmissions(records);
    const page = await idsOf(records, {
      collection: 'submissions',
      where: [
        ['course', '==', 'demo'],
        ['receivedAt', '<=', at(2)],
      ],
      orderBy: ['receivedAt', 'asc'],
      after: [at(2), 'b'],
      limit: 10,
    });
    t.deepEqual(page, ['c', 'd']);
  });

  test('records: truth values and numbers are filtered and ordered as what they are', async t => {
    const records = await makeRecords(t);
    await records.transact(async ({create}) => {
      create('queue', sampleQueueEntry({id: 'free', claimed: false}));
      create('queue', sampleQueueEntry({id: 'taken', claimed: true}));
      for (const revision of [2, 10, 1]) {
        create('passbacks', samplePassback({id: `grade-1-${revision}`, revision}));
      }
    });
    const queue = {collection: 'queue', orderBy: ['visibleAt', 'asc'], limit: 10} as const;
    t.deepEqual(await idsOf(records, {...queue, where: [['claimed', '==', true]]}), ['taken']);
    t.deepEqual(await idsOf(records, {...queue, where: [['claimed', '==', false]]}), ['free']);
    const passbacks = {
      collection: 'passbacks',
      where: [['submissionId', '==', 'submission-1']],
      orderBy: ['revision', 'asc'],
      limit: 2,
    } as const;
    t.deepEqual(await idsOf(records, passbacks), ['grade-1-1', 'grade-1-2'], 'two comes before ten');
    t.deepEqual(await idsOf(records, {...passbacks, after: [2, 'grade-1-2']}), ['grade-1-10']);
  });

  test('records: a null matches no comparison, and comes first in order', async t => {
    const records = await makeRecords(t);
    await records.transact(async ({create}) => {
      create('passbacks', samplePassback({id: 'final', nextAttemptAt: null}));
      create('passbacks', samplePassback({id: 'due', nextAttemptAt: at(1)}));
    });
    const query = {collection: 'passbacks', orderBy: ['nextAttemptAt', 'asc'], limit: 10} as const;
    const pending: Filter = ['state', '==', 'pending'];
    t.deepEqual(await idsOf(records, {...query, where: [pending]}), ['final', 'due']);
    t.deepEqual(await idsOf(records, {...query, where: [pending, ['nextAttemptAt', '<=', at(9)]]}), ['due']);
    t.deepEqual(await idsOf(records, {...query, where: [pending, ['nextAttemptAt', '>', '']]}), ['due']);
  });

  test('records: expireAt filters and orders as a time', async t => {
    const records = await makeRecords(t);
    await records.transact(async ({create}) => {
      create('parked', sampleParked({id: 'soon', expireAt: '2098-01-01T00:00:00.000Z'}));
      create('parked', sampleParked({id: 'later', expireAt: '2099-01-01T00:00:00.000Z'}));
    });
    const query = {collection: 'parked', orderBy: ['expireAt', 'asc'], limit: 10} as const;
    t.deepEqual(await idsOf(records, query), ['soon', 'later']);
    t.deepEqual(await idsOf(records, {...query, where: [['expireAt', '<', '2098-06-01T00:00:00.000Z']]}), ['soon']);
    t.deepEqual(await idsOf(records, {...query, after: ['2098-01-01T00:00:00.000Z', 'soon']}), ['later']);
  });

  test('records: counting counts all that match, and needs no order', async t => {
    const records = await makeRecords(t);
    await writeSubmissions(records);
    t.is(await records.count({collection: 'submissions', where: []}), 6);
    t.is(await records.count({collection: 'submissions', where: [['course', '==', 'demo']]}), 5);
    const late: Filter[] = [
      ['course', '==', 'demo'],
      ['receivedAt', '>=', at(2)],
    ];
    t.is(await records.count({collection: 'submissions', where: late}), 4);
    t.is(await records.count({collection: 'submissions', where: [['course', '==', 'none']]}), 0);
  });
}
