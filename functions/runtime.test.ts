import test from 'ava';
import {HoltError} from '../domain/errors.ts';
import {acknowledgeFinal} from './runtime.ts';

const event = {id: '1', type: 'test'};
const failing = (error: Error, logged: string[] = []) =>
  acknowledgeFinal(
    async () => {
      throw error;
    },
    (_, sentence) => void logged.push(sentence),
  );

test('an event that can never succeed is acknowledged and logged', async t => {
  const logged: string[] = [];
  await failing(new HoltError('invalid-result', 'It belongs to no run.'), logged)(event);
  t.is(logged.length, 1);
});

test('an event that may succeed later, or met a bug, is delivered again', async t => {
  await t.throwsAsync(failing(new HoltError('storage-unavailable', 'Later.'))(event));
  await t.throwsAsync(failing(new TypeError('a bug'))(event));
});
