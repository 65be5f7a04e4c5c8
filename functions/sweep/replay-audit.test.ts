import test from 'ava';
import {watchedCollections} from '../../domain/audit.ts';
import {describeRecord} from '../../domain/audit-entries.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {at, samplePassback, sampleSubmission} from '../../testing/make.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {makeAudit} from '../audit/handler.ts';
import {auditTurns, makeReplayAudit} from './replay-audit.ts';

const setUp = () => {
  const records = makeMemoryRecords();
  const clock = {now: at(1000)};
  const replayed: string[] = [];
  const needs = {...records, now: () => clock.now, log() {}};
  const replayAudit = makeReplayAudit({...needs, replay: async (_, id) => void replayed.push(id)});
  let remembered = {};
  const run = async () => {
    let missing = 0;
    for (let turn = 0; turn < auditTurns; turn += 1) {
      const {found, cursor} = await replayAudit(remembered);
      remembered = cursor;
      missing += found;
    }

    return missing;
  };
  const audit = makeAudit({...needs, prefix: ''});
  const handle = (id: string) => audit({id: 'event', type: 'written', subject: `documents/${id}`});
  const submit = (id: string, seconds: number) =>
    records.transact(async transaction =>
      transaction.create('submissions', sampleSubmission({id, receivedAt: at(seconds), createdAt: at(seconds)})),
    );
  const cursor = () => (remembered as {submissions?: string}).submissions;
  return {records, clock, replayed, run, handle, submit, cursor};
};

test('a record without an entry is replayed, one that has it or is young is not', async t => {
  const {replayed, run, handle, submit} = setUp();
  await submit('missed', 10);
  await submit('audited', 11);
  await submit('young', 980);
  await handle('submissions/audited');
  t.is(await run(), 1);
  t.deepEqual(replayed, ['submissions/missed']);
});

test('each look is at one collection, and all have had their turn after as many', async t => {
  const {records, clock} = setUp();
  const seen: string[] = [];
  const list: typeof records.list = query => {
    seen.push(query.collection);
    return records.list(query);
  };
  const look = makeReplayAudit({...records, list, replay: async () => {}, now: () => clock.now});
  let cursor = {};
  for (let turn = 0; turn < auditTurns; turn += 1) {
    const before = new Set(seen);
    ({cursor} = await look(cursor));
    t.is(new Set(seen).size, before.size + 1);
  }

  t.deepEqual(seen.toSorted(), [...watchedCollections, 'passbacks'].toSorted());
});

test('a replay that audit never took is made again, and the cursor waits for it', async t => {
  const {clock, replayed, run, handle, submit, cursor} = setUp();
  await submit('missed', 10);
  await submit('audited', 500);
  await handle('submissions/audited');
  await run();
  t.is(cursor(), at(10));
  clock.now = at(1060);
  await run();
  t.deepEqual(replayed, ['submissions/missed', 'submissions/missed']);
  await handle('submissions/missed');
  clock.now = at(1120);
  t.is(await run(), 0);
  t.is(cursor(), at(1120 - 60 - 30));
});

test('a record that came late, with an earlier time, is seen all the same', async t => {
  const {clock, replayed, run, submit} = setUp();
  await run();
  await submit('late', 1000 - 60 - 20);
  clock.now = at(1060);
  await run();
  t.deepEqual(replayed, ['submissions/late']);
});

test('more records in a few seconds than one minute can check are all checked in the next ones', async t => {
  const {records, clock, replayed, run} = setUp();
  const total = 4500;
  await records.transact(async transaction => {
    for (let index = 0; index < total; index += 1) {
      const createdAt = at(100 + index / 1000);
      const submission = sampleSubmission({id: `s${index}`, receivedAt: createdAt, createdAt});
      transaction.create('submissions', submission);
    }
  });
  const write = async (from: number, to: number) => {
    for (let index = from; index < to; index += 1) {
      const record = sampleSubmission({id: `s${index}`});
      const [description] = describeRecord({collection: 'submissions', record});
      const id = await makeDocumentId('audit', ...(description?.key ?? []));
      await records.transact(async transaction => {
        if (description) {
          const entry = {...description.entry, id, collection: 'submissions' as const, recordId: record.id};
          transaction.create('audit', {...entry, createdAt: at(0)});
        }
      });
    }
  };
  // The last one was missed.
  await write(0, total - 1);
  await run();
  t.deepEqual(replayed, []);
  clock.now = at(1060);
  await run();
  t.deepEqual(replayed, [`submissions/s${total - 1}`]);
});

test('when audit is down, the replays of a minute are bounded and nothing is passed over', async t => {
  const {records, clock, replayed, run, handle} = setUp();
  await records.transact(async transaction => {
    for (let index = 0; index < 500; index += 1) {
      const createdAt = at(index);
      transaction.create('submissions', sampleSubmission({id: `s${index}`, receivedAt: createdAt, createdAt}));
    }
  });
  await run();
  t.is(replayed.length, 200);
  for (let minute = 1; minute < 5; minute += 1) {
    clock.now = at(1000 + 60 * minute);
    for (const id of replayed.splice(0)) {
      await handle(id);
    }

    await run();
  }

  t.is(records.all('audit').length, 500);
});

test('a record that audit cannot take holds up the others for a day at most', async t => {
  const {clock, run, submit, cursor} = setUp();
  await submit('poison', 10);
  for (const day of [0.5, 1.5]) {
    clock.now = at(day * 86_400);
    await run();
    t.is(cursor() === at(10), day < 1);
  }
});

test('a settled passback needs both its entries', async t => {
  const {records, clock, replayed, run, handle} = setUp();
  const put = (given: Parameters<typeof samplePassback>[0]) =>
    records.transact(async transaction => transaction.put('passbacks', samplePassback(given)));
  await put({createdAt: at(10)});
  await handle('passbacks/grade-1-1');
  await put({createdAt: at(10), state: 'sent', settledAt: at(12), nextAttemptAt: null});
  t.is(await run(), 1);
  await handle(replayed[0] ?? '');
  clock.now = at(1060);
  t.is(await run(), 0);
  t.deepEqual(
    records
      .all('audit')
      .map(({what}) => what)
      .sort(),
    ['passback due', 'passback sent'],
  );
});

test('the end of a passback that audit missed is found however long after the passback was made', async t => {
  const {records, clock, replayed, run, handle} = setUp();
  const put = (given: Parameters<typeof samplePassback>[0]) =>
    records.transact(async transaction => transaction.put('passbacks', samplePassback(given)));
  await put({createdAt: at(10)});
  await handle('passbacks/grade-1-1');
  clock.now = at(20_000);
  t.is(await run(), 0);
  await put({createdAt: at(10), state: 'failed', settledAt: at(20_010), nextAttemptAt: null});
  clock.now = at(20_100);
  t.is(await run(), 1);
  await handle(replayed[0] ?? '');
  t.is(records.all('audit').find(({what}) => what === 'passback failed')?.at, at(20_010));
});
