import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {startJobStore} from '../testing/job-store.ts';
import {makeTakeMore} from './take-more.ts';
import {makeTransfer} from './transfer.ts';

const limits = {notebookSeconds: 60, memoryBytes: 2 ** 30, processes: 100, diskBytes: 2 ** 20};
const at = '2030-01-01T00:00:00.000Z';

async function setUp(t: ExecutionContext, {seconds = 2} = {}) {
  const store = await startJobStore();
  t.teardown(() => store.close());
  const logs: string[] = [];
  const asked = new AbortController();
  const transfer = makeTransfer(new AbortController().signal, {totalSeconds: 1, attemptSeconds: 1, firstWaitMs: 10});
  const takeMore = makeTakeMore({
    ...transfer,
    log: (_, message) => void logs.push(message),
    asked: asked.signal,
    maxBytes: 10_000,
  });
  const url = store.url('next');
  const result = {url: store.url('result'), headers: {}};
  const entry = {kind: 'inspect', run: 1, autograder: {url, sha256: 'a'.repeat(64)}, result, limits};
  const list = JSON.stringify({schemaVersion: 1, createdAt: at, entries: [entry]});
  const place = {url, close: {url, headers: {'x-goog-if-generation-match': '0'}}, seconds};
  const look = () => takeMore(place);
  const puts = () => store.requests.filter(({method}) => method === 'PUT').length;
  return {store, list, look, takeMore, asked, logs, puts};
}

test('a list that comes while the task looks is found, and the place is not closed', async t => {
  const {store, list, look, puts} = await setUp(t, {seconds: 20});
  const looking = look();
  await sleep(300);
  store.write('next', list);
  t.is((await looking)?.entries[0]?.run, 1);
  t.is(puts(), 0);
});

test('without a list the task says that it ends, so that none can be given any more', async t => {
  const {store, look} = await setUp(t);
  t.is(await look(), undefined);
  t.deepEqual(store.findResult('next') as unknown, {ended: true});
  t.is(store.requests.find(({method}) => method === 'PUT')?.headers['x-goog-if-generation-match'], '0');
});

for (const [what, status] of [
  ['"it is there already"', undefined],
  ['"forbidden"', 403],
] as const) {
  test(`a list that is given at the last moment is taken, when the store answers the closing by ${what}`, async t => {
    const {store, list, look, puts} = await setUp(t, {seconds: 0.01});
    // The first look finds nothing; then the list is there.
    store.faults.set('next', [403, ...(status ? [status] : [])]);
    store.write('next', list);
    t.is((await look())?.entries.length, 1);
    t.is(puts(), 1);
  });
}

test('a place that the task closed before it was started again has no list', async t => {
  const {store, look, puts} = await setUp(t);
  store.write('next', '{"ended":true}');
  t.is(await look(), undefined);
  t.is(puts(), 0);
});

test('asked to stop, it looks no longer, and closes the place', async t => {
  const {store, look, asked} = await setUp(t, {seconds: 60});
  const looking = look();
  await sleep(200);
  asked.abort();
  t.is(await looking, undefined);
  t.truthy(store.findResult('next'));
});

test('asked to stop when a list was given, it takes it, because only it can give the entries back', async t => {
  const {store, list, look, asked} = await setUp(t, {seconds: 60});
  asked.abort();
  store.write('next', list);
  t.is((await look())?.entries.length, 1);
});

test('a store that cannot be reached ends the task with a line in its log, and no error', async t => {
  const {store, look, logs} = await setUp(t);
  store.faults.set(
    'next',
    Array.from({length: 500}, () => 500),
  );
  t.is(await look(), undefined);
  t.regex(logs.join(), /no look for another list was possible/);
});

test('a list that is none ends the task', async t => {
  const {store, look} = await setUp(t);
  store.write('next', 'no JSON');
  t.is(await look(), undefined);
});

test('a task without a place to look ends', async t => {
  const {takeMore, store} = await setUp(t);
  t.is(await takeMore(undefined), undefined);
  t.deepEqual(store.requests, []);
});
