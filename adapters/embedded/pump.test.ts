import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {courseOf, eventTypes} from '../../domain/events.ts';
import {resultName} from '../../domain/object-names.ts';
import {makeFolder, openTestEngine} from '../../testing/contracts/embedded-engine.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {makePump, type PumpSettings} from './pump.ts';

const row = (seq: number, about = String(seq)) => ({
  seq,
  target: 'record' as const,
  event: {id: `embedded-${seq}`, type: eventTypes.objectFinalized, subject: `objects/${about}`},
});

const setUp = (settings: Partial<PumpSettings> = {}) => {
  const forgotten: number[] = [];
  const logged: string[] = [];
  const pump = makePump({
    deliveries: 2,
    forget: seq => forgotten.push(seq),
    log: (severity, message) => logged.push(`${severity} ${message}`),
    ...settings,
  });
  return {pump, forgotten, logged};
};

test('an event that is refused for good is logged, dropped and never seen again', async t => {
  const {pump, forgotten, logged} = setUp();
  let attempts = 0;
  pump.start(async () => {
    attempts += 1;
    throw new HoltError('invalid-result', 'This is no result.');
  });
  pump.add([row(1)]);
  await pollUntil('the end', () => forgotten.length > 0);
  t.is(attempts, 1);
  t.deepEqual(logged, ['ERROR an event was refused and is dropped']);
  await pump.stop(1);
});

test('an event that a stage cannot take now comes again, and holds up no other', async t => {
  const {pump, forgotten} = setUp({deliveries: 1});
  const seen: number[] = [];
  pump.start(async (_, {id}) => {
    const seq = Number(id.replace('embedded-', ''));
    seen.push(seq);
    if (seq === 1 && seen.filter(other => other === 1).length < 3) {
      throw new HoltError('lms-unavailable', 'The LMS is down.');
    }
  });
  pump.add([row(1), row(2), row(3)]);
  await pollUntil('all', () => forgotten.length === 3);
  t.deepEqual(seen, [1, 2, 3, 1, 1]);
  t.deepEqual(forgotten, [2, 3, 1]);
  await pump.stop(1);
});

test('no more events of a target are handed over at once than allowed', async t => {
  const {pump, forgotten} = setUp({deliveries: 3});
  let current = 0;
  let most = 0;
  pump.add(Array.from({length: 20}, (_, index) => row(index)));
  pump.start(async () => {
    current += 1;
    most = Math.max(most, current);
    await new Promise(setImmediate);
    current -= 1;
  });
  await pollUntil('all', () => forgotten.length === 20);
  t.is(most, 3);
  await pump.stop(1);
});

test('of like events one is handed over at a time, and others pass it', async t => {
  const {pump, forgotten} = setUp({deliveries: 3});
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  pump.start(async (_, {id, subject}) => {
    seen.push(id);
    await (subject === 'objects/same' ? gate.promise : undefined);
  });
  pump.add([row(1, 'same'), row(2, 'same'), row(3, 'same'), row(4), row(5)]);
  await pollUntil('the others', () => forgotten.length === 2);
  t.deepEqual(seen, ['embedded-1', 'embedded-4', 'embedded-5']);
  gate.resolve();
  await pollUntil('all', () => forgotten.length === 5);
  t.deepEqual(seen, ['embedded-1', 'embedded-4', 'embedded-5', 'embedded-2', 'embedded-3']);
  await pump.stop(1);
});

test('stopping waits for what is under way, and hands over nothing more', async t => {
  const {pump, forgotten} = setUp({deliveries: 1});
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  pump.start(async (_, {id}) => {
    seen.push(id);
    await gate.promise;
  });
  pump.add([row(1), row(2)]);
  const stopped = pump.stop(10);
  gate.resolve();
  await stopped;
  t.deepEqual(seen, ['embedded-1']);
  t.deepEqual(forgotten, [1]);
});

test('stopping does not wait for ever', async t => {
  const {pump} = setUp();
  pump.start(() => new Promise(() => {}));
  pump.add([row(1)]);
  await t.notThrowsAsync(pump.stop(0.01));
});

test('wake-ups that wait become one, by course; one under way does not count as waiting', async t => {
  const engine = await openTestEngine(t, {deliveries: 1});
  await Promise.all([engine.wake(), engine.wake({course: 'a'})]);
  for (let count = 0; count < 5; count += 1) {
    await engine.wake();
    await engine.wake({course: 'a'});
  }

  const heard: (string | undefined)[] = [];
  const gate = Promise.withResolvers<void>();
  engine.startDelivery(async (_, event) => {
    heard.push(courseOf(event));
    await gate.promise;
  });
  await pollUntil('the first', () => heard.length === 1);
  await engine.wake(heard[0] ? {course: heard[0]} : undefined);
  gate.resolve();
  await pollUntil('all', () => heard.length === 3);
  t.deepEqual(heard.map(String).toSorted(), heard[0] ? ['a', 'a', 'undefined'] : ['a', 'undefined', 'undefined']);
});

test('events that nobody took before the end are handed over by the next life, in order', async t => {
  const folder = makeFolder(t);
  const first = await openTestEngine(t, {folder});
  for (const run of [1, 2, 3]) {
    await first.objects.write(resultName('s', run), new Uint8Array(1), 'application/json');
  }

  await first.close();
  const second = await openTestEngine(t, {folder, deliveries: 1});
  const heard: (string | undefined)[] = [];
  second.startDelivery(async (_, {subject}) => {
    heard.push(subject);
  });
  await pollUntil('all', () => heard.length === 3);
  t.deepEqual(
    heard,
    [1, 2, 3].map(run => `objects/results/s/${run}.json`),
  );
});
