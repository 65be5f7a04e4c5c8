import test from 'ava';
import {HoltError} from '../domain/errors.ts';
import {type JobStore, startJobStore} from '../testing/job-store.ts';
import {makeTransfer} from './transfer.ts';

let store: JobStore;
test.before(async () => {
  store = await startJobStore();
});
test.after.always(() => store.close());

const quick = {totalSeconds: 1, attemptSeconds: 1, firstWaitMs: 5};
const transfer = makeTransfer(new AbortController().signal, quick);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

test('a download that is reset, cut off or answered 5xx is tried again', async t => {
  const {url} = store.write('flaky', 'x'.repeat(200));
  store.faults.set('flaky', ['reset', 'cut', 500, 429, 408]);
  const patient = makeTransfer(new AbortController().signal, {...quick, totalSeconds: 60, attemptSeconds: 20});
  t.is(text(await patient.get('It', url, 1000)), 'x'.repeat(200));
});

test('a final answer is not tried again, and no error tells the URL', async t => {
  const error = await t.throwsAsync(transfer.get('It', store.url('missing?signature=secret'), 10), {
    instanceOf: HoltError,
    code: 'storage-unavailable',
  });
  t.is(error.message, 'It could not be moved: the store answered 404.');
  t.is(store.requests.filter(({name}) => name.startsWith('missing')).length, 1);
});

test('what is larger than allowed is not read', async t => {
  const {url} = store.write('large', 'x'.repeat(100));
  await t.throwsAsync(transfer.get('It', url, 99), {code: 'too-large'});
});

test('patience ends', async t => {
  store.write('down', 'x');
  store.faults.set(
    'down',
    Array.from({length: 1000}, () => 503),
  );
  const error = await t.throwsAsync(transfer.get('It', store.url('down'), 10), {code: 'storage-unavailable'});
  t.is(error?.message, 'It could not be moved: HTTP 503.');
  t.true(store.requests.filter(({name}) => name === 'down').length > 3);
});

test('a server that is not there is said without its URL', async t => {
  const error = await t.throwsAsync(transfer.get('It', 'http://127.0.0.1:1/secret', 10), {code: 'storage-unavailable'});
  t.false(error?.message.includes('secret'));
});

test('an upload is made once; 412 says that it was', async t => {
  const target = {url: store.url('result'), headers: {'x-goog-if-generation-match': '0'}};
  store.faults.set('result', [503, 'reset']);
  await transfer.put(target, Buffer.from('"one"'));
  await transfer.put(target, Buffer.from('"two"'));
  t.is(store.findResult('result') as unknown, 'one');
});

test('a stop ends the waiting', async t => {
  store.write('slow', 'x');
  store.faults.set(
    'slow',
    Array.from({length: 1000}, () => 503),
  );
  const controller = new AbortController();
  const moving = makeTransfer(controller.signal, {...quick, totalSeconds: 60, firstWaitMs: 20_000}).get(
    'It',
    store.url('slow'),
    10,
  );
  setImmediate(() => controller.abort());
  await t.throwsAsync(moving, {name: 'AbortError'});
});
