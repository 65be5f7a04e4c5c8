import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import framework from '@google-cloud/functions-framework';
import {getTestServer} from '@google-cloud/functions-framework/testing';
import test from 'ava';
import {courseOf, documentOf, objectOf, type StageEvent} from '../domain/events.ts';

/*
 * Requests as Google Cloud sends them where no Eventarc is in between, through the framework that the functions run on.
 */

const taken: StageEvent[] = [];
framework.cloudEvent('push', async (event: unknown) => void taken.push(event as StageEvent));

async function post(body: object, headers: Record<string, string> = {}): Promise<StageEvent | undefined> {
  const events = getTestServer('push');
  const server = createServer((request, response) => events.emit('request', request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: {'content-type': 'application/json', ...headers},
    body: JSON.stringify(body),
  });
  server.close();
  return answer.ok ? taken.at(-1) : undefined;
}

const push = (attributes: Record<string, string>, more: object = {}) =>
  post({
    message: {attributes, messageId: '7', message_id: '7', publishTime: '2026-01-01T00:00:00Z', ...more},
    subscription: 'projects/p/subscriptions/dispatch-push',
  });

test.serial('a wake-up that a subscription pushes names its course', async t => {
  t.is(courseOf((await push({course: 'demo'})) as StageEvent), 'demo');
  t.is(courseOf((await push({queue: 'changed'})) as StageEvent), undefined);
});

test.serial(
  'a replay that a subscription pushes names its record or object, whether the message has data or not',
  async t => {
    for (const more of [{}, {data: ''}, {data: Buffer.from('x').toString('base64')}]) {
      const document = (await push({document: 'e-passbacks/p1'}, more)) as StageEvent;
      t.deepEqual(documentOf(document, 'e-'), {collection: 'passbacks', id: 'p1'});
      t.is(objectOf((await push({object: 'results/s1/1.json'}, more)) as StageEvent), 'results/s1/1.json');
    }
  },
);

test.serial('the scheduler’s call is an event', async t => {
  const headers = {'ce-id': 'sweep', 'ce-source': '//s', 'ce-specversion': '1.0', 'ce-type': 'a.b'};
  t.like(await post({}, headers), {id: 'sweep', type: 'a.b'});
});
