import test from 'ava';
import type {Jobs} from '../../domain/ports.ts';
import {later} from './later.ts';

const setUp = () => {
  let loads = 0;
  const port = later<Jobs>(['start', 'findState'], async () => {
    loads += 1;
    return {start: async ({tasks}) => `execution of ${tasks}`, findState: async () => 'ended'};
  });
  return {port, countLoads: () => loads};
};

test('a client is loaded by its first call, and once', async t => {
  const {port, countLoads} = setUp();
  const {start} = port;
  t.is(countLoads(), 0);
  const request = {tasks: 3, manifestIndexUrl: 'http://127.0.0.1/', timeoutSeconds: 1};
  t.deepEqual(await Promise.all([start(request), port.findState('e')]), ['execution of 3', 'ended']);
  t.is(countLoads(), 1);
});

test('a client that cannot be loaded is a rejected call, not an unhandled rejection', async t => {
  const port = later<Jobs>(['start', 'findState'], () => Promise.reject(new Error('no such file')));
  await t.throwsAsync(port.findState('e'), {message: 'no such file'});
});
