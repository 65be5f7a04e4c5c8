import test from 'ava';
import {shareNext} from './share-next.ts';

test('a call is shared by those that come while one is under way, and never joins it late', async t => {
  const gates: (() => void)[] = [];
  const call = shareNext(() => new Promise<void>(resolve => gates.push(resolve)));
  const order: string[] = [];
  const first = call().then(() => order.push('first'));
  await new Promise(setImmediate);
  const others = [call(), call()].map(promise => promise.then(() => order.push('other')));
  await new Promise(setImmediate);
  t.is(gates.length, 1, 'the second call waits for the first');
  gates[0]?.();
  await first;
  await new Promise(setImmediate);
  t.deepEqual(order, ['first']);
  t.is(gates.length, 2);
  gates[1]?.();
  await Promise.all(others);
  t.is(gates.length, 2, 'two callers, one call');
});

test('a call that fails tells those that shared it, and nobody later', async t => {
  const results = [Promise.reject(new Error('disk')), Promise.resolve()];
  const call = shareNext(() => results.shift() as Promise<void>);
  await t.throwsAsync(call(), {message: 'disk'});
  await t.notThrowsAsync(call());
});
