import test from 'ava';
import {makeStageWorld} from '../../testing/world/world.ts';

const linesOf = ({logs}: Awaited<ReturnType<typeof makeStageWorld>>) =>
  logs.filter(({message}) => message === 'entries wait').map(({fields}) => fields);

test('the sweep tells how long the oldest entry has been due', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  world.pass(400);
  await world.submit('s2');
  world.pass(20);
  await world.stages.sweep();
  t.deepEqual(linesOf(world), [{oldestWaitingSeconds: 420, id: 's1', course: 'demo'}]);
});

test('the time that staff paused it for is not counted', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  world.pass(400);
  await world.transact(async transaction => {
    const [entry] = world.records.all('queue');
    transaction.put('queue', {...(entry as NonNullable<typeof entry>), heldUntil: world.clock.now});
  });
  world.pass(20);
  await world.stages.sweep();
  t.is(linesOf(world)[0]?.oldestWaitingSeconds, 20);
});

test('nothing is told of an empty queue, of what is being graded, or of what is due later', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await world.stages.sweep();
  await world.submit('s1');
  await world.stages.dispatch(world.eventOf());
  world.pass(30);
  await world.stages.sweep();
  t.true(world.records.all('queue')[0]?.claimed);
  await world.transact(async transaction => {
    const [entry] = world.records.all('queue');
    if (entry) {
      const later = new Date(Date.parse(world.clock.now) + 3_600_000).toISOString();
      transaction.put('queue', {...entry, claimed: false, claim: null, visibleAt: later});
    }
  });
  world.pass(60);
  await world.stages.sweep();
  t.deepEqual(linesOf(world), []);
});
