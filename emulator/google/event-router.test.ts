import {createServer, type IncomingHttpHeaders} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import {eventTypes} from '../../domain/events.ts';
import type {Log} from '../../domain/ports.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {listen, readAll} from '../local-server.ts';
import {startEventRouter} from './event-router.ts';

type Heard = {headers: IncomingHttpHeaders; body: Buffer};

/** A router, and one function that answers these statuses in turn, then 200. */
async function setUp(
  t: ExecutionContext,
  {statuses = [], retrySeconds = 60}: {statuses?: number[]; retrySeconds?: number} = {},
) {
  const heard: Heard[] = [];
  const logged: string[] = [];
  const log: Log = (severity, message) => void logged.push(`${severity} ${message}`);
  const stage = await listen(
    createServer(async (request, response) => {
      const body = (await readAll(request, 1e6)) ?? Buffer.alloc(0);
      heard.push({headers: request.headers, body});
      response.writeHead(statuses.shift() ?? 200).end();
    }),
  );
  const router = await startEventRouter({projectId: 'p', resultsBucket: 'results', log, retrySeconds, firstRetryMs: 5});
  router.registerFunctions({audit: stage.url, record: stage.url, dispatch: stage.url});
  t.teardown(async () => {
    await router.close();
    await stage.close();
  });
  const post = async (path: string, body: string, headers: Record<string, string> = {}) =>
    (await fetch(`${router.url}${path}`, {method: 'POST', body, headers})).status;
  const hears = (count: number) => pollUntil(`${count} events`, () => heard.length >= count && heard);
  return {router, heard, logged, post, hears};
}

const bytes = Buffer.from([8, 1, 0, 255, 16]);
const documentEvent = {
  'ce-id': 'event-1',
  'ce-type': eventTypes.documentCreated,
  'ce-source': '//firestore.googleapis.com/projects/projects/p/databases/(default)',
  'ce-subject': 'documents/submissions/s-1',
  'ce-specversion': '1.0',
  'content-type': 'application/protobuf',
};
const trigger = '/functions/projects/p/triggers/audit-submissions';

const push = (attributes: Record<string, string>, data = '') =>
  JSON.stringify({subscription: 'projects/p/subscriptions/s', message: {messageId: '7', attributes, data}});

test('a Firestore event is accepted at once and handed on as a binary CloudEvent of raw bytes', async t => {
  const {post, hears} = await setUp(t);
  t.is(await post(trigger, bytes.toString('base64'), documentEvent), 204);
  const [event] = await hears(1);
  t.true(event?.body.equals(bytes));
  t.like(event?.headers, {
    'ce-id': 'event-1',
    'ce-type': eventTypes.documentCreated,
    'ce-source': '//firestore.googleapis.com/projects/p/databases/(default)',
    'ce-subject': 'documents/submissions/s-1',
    'content-type': 'application/protobuf',
  });
});

test('a Firestore event that its function refuses comes again, with the same id, until it is taken', async t => {
  const {router, post, hears, heard} = await setUp(t, {statuses: [500, 503]});
  await post(trigger, bytes.toString('base64'), documentEvent);
  await hears(3);
  await pollUntil('nothing waiting', () => router.countWaiting() === 0);
  t.deepEqual(
    heard.map(({headers}) => headers['ce-id']),
    ['event-1', 'event-1', 'event-1'],
  );
});

test('a Firestore event is given up when its time is over, and that is said', async t => {
  const {router, post, logged} = await setUp(t, {statuses: Array(100).fill(500), retrySeconds: 0.05});
  await post(trigger, bytes.toString('base64'), documentEvent);
  await pollUntil('the end', () => router.countWaiting() === 0);
  t.deepEqual(logged, ['ERROR An event was given up: its function took it not once.']);
});

test('an event for a function that is not there yet waits for it', async t => {
  const {router, post, hears} = await setUp(t);
  await post('/functions/projects/p/triggers/passback-passbacks', '', documentEvent);
  t.is(router.countWaiting(), 1);
  const later = await listen(createServer((_, response) => response.end()));
  t.teardown(later.close);
  router.registerFunctions({passback: later.url});
  await pollUntil('nothing waiting', () => router.countWaiting() === 0);
  await post(trigger, '', documentEvent);
  await hears(1);
});

test('the same event twice is delivered twice: telling them apart is the handler’s work', async t => {
  const {post, hears} = await setUp(t);
  await post(trigger, '', documentEvent);
  await post(trigger, '', documentEvent);
  t.is((await hears(2)).length, 2);
});

test('a Firestore event without a subject is refused and logged', async t => {
  const {post, heard, logged} = await setUp(t);
  const {'ce-subject': _, ...headers} = documentEvent;
  t.is(await post(trigger, '', headers), 400);
  t.is(heard.length, 0);
  t.is(logged.length, 1);
});

test('a pushed message is handed on in Eventarc’s shape, and acknowledged when it was taken', async t => {
  const {post, hears} = await setUp(t);
  t.is(await post('/push/dispatch', push({course: 'demo'})), 204);
  const [event] = await hears(1);
  t.is(event?.headers['ce-type'], eventTypes.messagePublished);
  t.is(event?.headers['ce-source'], '//pubsub.googleapis.com/projects/p/topics/dispatch');
  t.is(JSON.parse(String(event?.body)).message.attributes.course, 'demo');
});

test('a pushed message that its function refuses is not acknowledged', async t => {
  const {post, heard} = await setUp(t, {statuses: [500]});
  t.is(await post('/push/dispatch', push({course: 'demo'})), 500);
  t.is(await post('/push/dispatch', push({course: 'demo'})), 204);
  t.is(heard.length, 2);
});

test('a pushed message for a function that is not there is not acknowledged', async t => {
  const {post} = await setUp(t);
  t.is(await post('/push/passback', push({document: 'passbacks/p-1'})), 500);
});

for (const body of ['', '{half', '[]', '{"message":{}}', 'null']) {
  test(`a push of ${JSON.stringify(body)} is acknowledged, logged, and reaches nobody`, async t => {
    const {post, heard, logged} = await setUp(t);
    t.is(await post('/push/dispatch', body), 204);
    t.is(await post('/objects/record', body), 204);
    t.is(heard.length, 0);
    t.is(logged.length, 2);
  });
}

const finalized = {bucketId: 'results', eventType: 'OBJECT_FINALIZE', objectId: 'results/s-1/1.json'};

test('a finished object of the results bucket is handed on as Cloud Storage’s event', async t => {
  const {post, hears} = await setUp(t);
  const data = Buffer.from('{"name":"results/s-1/1.json"}').toString('base64');
  t.is(await post('/objects/record', push(finalized, data)), 204);
  const [event] = await hears(1);
  t.is(event?.headers['ce-type'], eventTypes.objectFinalized);
  t.is(event?.headers['ce-subject'], 'objects/results/s-1/1.json');
  t.is(String(event?.body), '{"name":"results/s-1/1.json"}');
});

test('objects of other buckets and other changes are acknowledged and reach nobody', async t => {
  const {post, heard} = await setUp(t);
  t.is(await post('/objects/record', push({...finalized, bucketId: 'work'})), 204);
  t.is(await post('/objects/record', push({...finalized, eventType: 'OBJECT_DELETE'})), 204);
  t.is(heard.length, 0);
});

test('any other address is not found', async t => {
  const {router, post} = await setUp(t);
  t.is(await post('/', '{}'), 404);
  t.is((await fetch(`${router.url}/push/dispatch`)).status, 404);
});

test('a burst reaches a function no more than twenty at a time, and all of it arrives', async t => {
  const held: (() => void)[] = [];
  let most = 0;
  let taken = 0;
  const stage = await listen(
    createServer((_, response) => {
      taken += 1;
      held.push(() => response.end());
      most = Math.max(most, held.length);
    }),
  );
  t.teardown(stage.close);
  const {router, post} = await setUp(t);
  router.registerFunctions({audit: stage.url});
  await Promise.all(Array.from({length: 50}, () => post(trigger, '', documentEvent)));
  await pollUntil('all of them', () => {
    held.splice(0).forEach(end => void end());
    return taken === 50 && router.countWaiting() === 0;
  });
  t.true(most <= 20, `${most}`);
});
