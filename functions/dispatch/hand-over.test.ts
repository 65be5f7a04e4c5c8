import test from 'ava';
import {listName} from '../../domain/object-names.ts';
import {secondsBetween} from '../../domain/values.ts';
import {at, makePause, makeRandom} from '../../testing/make.ts';
import {makeStageWorld, type StageWorld} from '../../testing/world/world.ts';

const setUp = async (given: Parameters<typeof makeStageWorld>[0] = {}) => {
  const world = await makeStageWorld({
    ...given,
    settings: {maxParallelTasks: 1, maxListsPerTask: 3, ...given.settings},
  });
  await world.prepare();
  world.deliveries.length = 0;
  return world;
};

const submitMany = async (world: StageWorld, count: number) => {
  for (let index = 0; index < count; index += 1) {
    await world.submit(`s${index}`, {student: `student-${index}`, receivedAt: at(index)});
  }
};

/** The submissions of each list that an execution's tasks had. */
const listsOf = ({executions}: StageWorld) =>
  executions.map(({tasks}) =>
    tasks.map(({entries}) => entries.map(entry => (entry.kind === 'grade' ? entry.submissionId : entry.kind)).join()),
  );

/** Has every task grade what it has, and delivers what comes of it. */
const grade = async (world: StageWorld) => {
  await world.runExecutions();
  await world.deliver();
};

/** Has a task say that it ends, in the place of its next list. */
const endTask = (world: StageWorld, task = 0, list = 1) => {
  const batch = world.records.all('freeTasks')[0]?.batch ?? '';
  return world.ports.objects.write(listName(batch, task, list), Buffer.from('{"ended":true}'), 'application/json');
};

test('a task that has graded its list gets what waits, the oldest first, as often as is allowed; then another starts', async t => {
  const world = await setUp();
  await submitMany(world, 5);
  await world.deliver();
  t.deepEqual(listsOf(world), [['s0']], 'one task is allowed');
  for (let round = 0; round < 3; round += 1) {
    await grade(world);
  }

  t.deepEqual(listsOf(world), [['s0', 's1', 's2'], ['s3']]);
  await grade(world);
  await grade(world);
  t.deepEqual(listsOf(world), [
    ['s0', 's1', 's2'],
    ['s3', 's4'],
  ]);
  t.deepEqual(
    world.records.all('results').map(({id}) => id),
    ['s0-1', 's1-1', 's2-1', 's3-1', 's4-1'],
  );
  t.deepEqual(world.records.all('queue'), []);
});

test('what comes while a task looks for more waits for no start', async t => {
  const world = await setUp({settings: {maxParallelTasks: 100}});
  await submitMany(world, 1);
  await world.deliver();
  await grade(world);
  world.pass(3);
  await world.submit('late', {student: 'late'});
  await world.deliver();
  const [entry] = world.records.all('queue');
  t.like(entry, {claimed: true, claim: {run: 1, task: 0, execution: 'execution-1', next: {list: 2, left: 1}}});
  t.is(
    secondsBetween(world.clock.now, entry?.visibleAt ?? ''),
    360,
    'its claim is as long as its work: there is no start',
  );
  await grade(world);
  t.deepEqual(listsOf(world), [['s0', 'late']]);
});

test('a task that has looked in vain is not counted on, and has no place', async t => {
  const world = await setUp();
  await submitMany(world, 1);
  await world.deliver();
  await grade(world);
  t.is(world.records.all('freeTasks').length, 1);
  world.pass(6);
  await world.submit('late', {student: 'late'});
  await world.deliver();
  t.deepEqual(listsOf(world), [['s0'], ['late']]);
  t.like(world.executions[1]?.tasks[0]?.entries[0], {run: 1});
});

test('while it looks for more a task has its place', async t => {
  const world = await setUp();
  await submitMany(world, 1);
  await world.deliver();
  await grade(world);
  await world.submit('a', {student: 'a'});
  await world.submit('b', {student: 'b'});
  await world.deliver();
  t.deepEqual(
    world.records.all('queue').map(({id, claimed}) => [id, claimed]),
    [
      ['a', true],
      ['b', false],
    ],
  );
  t.is(world.executions.length, 1);
});

test('what was meant for a task that had just ended is started at once, without a strike', async t => {
  const world = await setUp();
  await submitMany(world, 1);
  await world.deliver();
  await grade(world);
  await endTask(world);
  await world.submit('late', {student: 'late'});
  await world.deliver();
  t.deepEqual(listsOf(world), [['s0'], ['late']]);
  t.like(world.records.all('queue')[0], {strikes: 0, waitingFor: null, claim: {run: 2, execution: 'execution-2'}});
  t.deepEqual(world.records.all('freeTasks'), []);
});

test('several a list: a task is free when the last of its list is recorded', async t => {
  const world = await setUp({settings: {maxSubmissionsPerTask: 2}});
  await submitMany(world, 5);
  await world.deliver();
  await grade(world);
  await grade(world);
  await grade(world);
  t.deepEqual(listsOf(world), [['s0,s1', 's2,s3', 's4']]);
});

test('dispatchers at once, mixed in every order, give each entry once and each task one list', async t => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const world = await setUp({
      pause: makePause(makeRandom(seed)),
      settings: {maxParallelTasks: 4, maxListsPerTask: 5},
    });
    await submitMany(world, 12);
    await world.deliver();
    await world.runExecutions();
    const waiting = world.deliveries.splice(0);
    await Promise.all(waiting.map(({stage, event}) => world.stages[stage](event)));
    world.deliveries.length = 0;
    await Promise.all([1, 2, 3].map(() => world.stages.dispatch(world.eventOf())));
    const claims = world.records.all('queue').flatMap(({claim}) => (claim ? [`${claim.batch}-${claim.task}`] : []));
    t.is(new Set(claims).size, claims.length, `seed ${seed}: a task has two lists`);
    t.is(claims.length, 4, `seed ${seed}`);
    await world.settle({minutes: 6});
    const runs = listsOf(world).flat();
    t.is(new Set(runs).size, 12, `seed ${seed}`);
    t.is(world.records.all('results').length, 12, `seed ${seed}`);
  }
});

/** Has a task look for a list while a second submission waits, and dispatches once with another store. */
async function dispatchWith(change: (objects: StageWorld['ports']['objects']) => object) {
  const world = await setUp();
  await submitMany(world, 2);
  await world.deliver();
  await world.runExecutions();
  for (const {event} of world.deliveries.splice(0).filter(({stage}) => stage === 'record')) {
    await world.stages.record(event);
  }

  world.deliveries.length = 0;
  const {objects} = world.ports;
  const {dispatch} = world.makeStages({...world.ports, objects: {...objects, ...change(objects)}});
  await dispatch(world.eventOf());
  return world;
}

const fail = async () => {
  throw new Error('The store is away.');
};

for (const [what, port] of [
  ['signed', 'signPut'],
  ['written', 'write'],
] as const) {
  test(`entries of a list that cannot be ${what} are started as ever, without a strike`, async t => {
    let calls = 0;
    const world = await dispatchWith(objects => ({
      [port]: (object: {name: string}, ...rest: never[]) =>
        /\d-\d\.json$/.test(object.name) && calls++ === 0
          ? fail()
          : (objects[port] as (...given: unknown[]) => unknown)(object, ...rest),
    }));
    t.like(world.records.all('queue')[0], {id: 's1', strikes: 0, claim: {run: 2, execution: 'execution-2'}});
    await world.settle({minutes: 2});
    t.deepEqual(
      world.records.all('results').map(({id}) => id),
      ['s0-1', 's1-2'],
    );
  });
}

test('a list of which nobody can say whether it was written is claimed for two minutes', async t => {
  const world = await dispatchWith(() => ({write: fail, read: fail}));
  t.like(
    world.logs.find(({message}) => message.includes('could not be given another list')),
    {severity: 'WARNING'},
  );
  const entry = world.records.all('queue').find(({id}) => id === 's1');
  t.is(secondsBetween(world.clock.now, entry?.visibleAt ?? ''), 120);
  await world.settle({minutes: 5});
  t.is(world.records.all('results').length, 2);
  t.deepEqual(world.records.all('failures'), []);
});

test('a list that was written though the answer was lost is the task’s', async t => {
  const world = await dispatchWith(({write}) => ({
    async write(...given: Parameters<typeof write>) {
      await write(...given);
      await fail();
    },
  }));
  t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 1, execution: 'execution-1'}});
  await grade(world);
  t.deepEqual(listsOf(world), [['s0', 's1']]);
});

test('a task is given nothing that its platform might end before it is done', async t => {
  const world = await setUp({settings: {maxListsPerTask: 100}});
  await submitMany(world, 2);
  await world.deliver();
  t.is(world.executions[0]?.request.timeoutSeconds, 360 + 3600);
  world.pass(3700);
  await grade(world);
  t.like(world.records.all('queue')[0], {id: 's1', claimed: false});
  world.pass(6);
  await world.stages.dispatch(world.eventOf());
  t.deepEqual(listsOf(world), [['s0'], ['s1']]);
});

test('a result of an older run frees no task', async t => {
  const world = await setUp();
  await submitMany(world, 1);
  await world.deliver();
  const [entry] = world.executions[0]?.tasks[0]?.entries ?? [];
  const [queued] = world.records.all('queue');
  await world.transact(async transaction =>
    transaction.put('queue', {...queued, claim: {...queued?.claim, run: 2}} as NonNullable<typeof queued>),
  );
  await world.upload('s0', 1, entry && world.gradeEntry(entry));
  await world.deliver();
  t.is(world.records.all('results').length, 1);
  t.deepEqual(world.records.all('freeTasks'), []);
});

test('without lists to come nothing is noted, and no task looks for any', async t => {
  const world = await setUp({settings: {maxListsPerTask: 1}});
  await submitMany(world, 2);
  await world.deliver();
  t.is(world.executions[0]?.tasks[0]?.next, undefined);
  await grade(world);
  t.deepEqual(world.records.all('freeTasks'), []);
  t.deepEqual(listsOf(world), [['s0'], ['s1']]);
});
