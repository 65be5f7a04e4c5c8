import test from 'ava';
import {resultName} from '../../domain/object-names.ts';
import {addSeconds, secondsBetween} from '../../domain/values.ts';
import {at, makePause, makeRandom} from '../../testing/make.ts';
import {makeStageWorld, type StageWorld} from '../../testing/world/world.ts';

const submitMany = async (world: StageWorld, count: number, from = 0) => {
  for (let index = from; index < from + count; index += 1) {
    await world.submit(`s${String(index).padStart(4, '0')}`, {student: `student-${index}`, receivedAt: at(index)});
  }
};

/** Every run that was ever started, as `submission-run`. */
const runsOf = ({executions, entriesOf}: StageWorld) =>
  executions.flatMap(entriesOf).map(entry => `${entry.kind === 'grade' ? entry.submissionId : 'inspect'}-${entry.run}`);

const dispatchOnce = async (world: StageWorld) => {
  world.deliveries.length = 0;
  await world.stages.dispatch(world.eventOf());
};

test('starts one execution for many submissions', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 40);
  await dispatchOnce(world);
  t.is(world.executions.length, 1);
  t.is(world.executions[0]?.request.tasks, 40);
  t.is(new Set(runsOf(world)).size, 40);
  t.true(world.records.all('queue').every(({claimed, claim}) => claimed && claim?.execution === 'execution-1'));
});

test('starts at most 500 in one execution, and the rest in the next', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 1000}});
  await world.prepare();
  await submitMany(world, 510);
  await dispatchOnce(world);
  t.deepEqual(
    world.executions.map(({request}) => request.tasks),
    [500, 10],
  );
});

test('a wake-up that is delivered again starts nothing twice', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 3);
  await dispatchOnce(world);
  await dispatchOnce(world);
  t.deepEqual(runsOf(world), ['s0000-1', 's0001-1', 's0002-1']);
});

test('a claim is there before the execution starts', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 2);
  const claimedAtStart: boolean[][] = [];
  const {jobs} = world.ports;
  const {dispatch} = world.makeStages({
    ...world.ports,
    jobs: {
      ...jobs,
      async start(request) {
        claimedAtStart.push(world.records.all('queue').map(({claimed}) => claimed));
        return jobs.start(request);
      },
    },
  });
  await dispatch(world.eventOf());
  t.deepEqual(claimedAtStart, [[true, true]]);
});

test('dispatchers at once, mixed in every order, claim no entry twice and issue no run number twice', async t => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const pause = makePause(makeRandom(seed));
    const world = await makeStageWorld({pause, settings: {maxParallelTasks: 7, maxSubmissionsPerTask: 2}});
    await world.prepare();
    await submitMany(world, 9);
    // Without a lease that keeps them apart, the claims alone must hold.
    const withoutLease = {
      ...world.ports,
      find: (async (collection, id) =>
        collection === 'leases' ? undefined : world.records.find(collection, id)) as typeof world.ports.find,
      transact: (work =>
        world.transact(transaction =>
          work({
            ...transaction,
            find: (async (collection, id) =>
              collection === 'leases' ? undefined : transaction.find(collection, id)) as typeof transaction.find,
          }),
        )) as typeof world.ports.transact,
    };
    const dispatchers = [world.stages, world.makeStages(withoutLease), world.makeStages(withoutLease)];
    await Promise.all(dispatchers.map(({dispatch}) => dispatch(world.eventOf())));
    const runs = runsOf(world);
    t.is(new Set(runs).size, runs.length, `seed ${seed}: ${runs}`);
    t.deepEqual([...new Set(runs.map(run => run.slice(0, 5)))].sort(), runs.map(run => run.slice(0, 5)).sort());
    await world.settle({minutes: 3});
    t.is(world.records.all('results').length, 9, `seed ${seed}`);
  }
});

test('a wake-up that finds the lease held only reads it and ends', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 1);
  const lease = {id: 'dispatch', holder: 'another', lastRunAt: null, cursor: {}, createdAt: at(0)};
  await world.transact(async transaction =>
    transaction.put('leases', {...lease, until: addSeconds(world.clock.now, 30)}),
  );
  const {dispatch} = world.makeStages({
    ...world.ports,
    transact: async () => t.fail('it wrote'),
    list: async () => t.fail('it read the queue') as never,
  } as unknown as typeof world.ports);
  await dispatch(world.eventOf());
  t.is(world.executions.length, 0);
  world.pass(31);
  await world.stages.dispatch(world.eventOf());
  t.is(world.executions.length, 1);
});

test('entries that come while the lease is held are started by its holder', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 1);
  const {jobs} = world.ports;
  let late = 0;
  const {dispatch} = world.makeStages({
    ...world.ports,
    jobs: {
      ...jobs,
      async start(request) {
        const execution = await jobs.start(request);
        if (late < 2) {
          late += 1;
          await submitMany(world, 1, late);
          await world.stages.dispatch(world.eventOf());
        }

        return execution;
      },
    },
  });
  await dispatch(world.eventOf());
  t.deepEqual(runsOf(world), ['s0000-1', 's0001-1', 's0002-1']);
});

test('an entry that comes just as the lease is given back is started too', async t => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const world = await makeStageWorld({pause: makePause(makeRandom(seed)), settings: {minSecondsBetweenRuns: 0}});
    await world.prepare();
    await Promise.all(
      [0, 1, 2, 3].map(async index => {
        await submitMany(world, 1, index);
        await world.stages.dispatch(world.eventOf());
      }),
    );
    t.deepEqual(runsOf(world).sort(), ['s0000-1', 's0001-1', 's0002-1', 's0003-1'], `seed ${seed}`);
  }
});

test('the first execution after idle starts at once, the others the set seconds apart', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 1500}});
  await world.prepare();
  const starts: string[] = [];
  const {jobs} = world.ports;
  const {dispatch} = world.makeStages({
    ...world.ports,
    jobs: {
      ...jobs,
      async start(request) {
        starts.push(world.clock.now);
        return jobs.start(request);
      },
    },
  });
  await submitMany(world, 1001);
  const begun = world.clock.now;
  await dispatch(world.eventOf());
  t.is(starts[0], begun);
  t.deepEqual(
    starts.slice(1).map((start, index) => secondsBetween(starts[index] ?? '', start)),
    [6, 6],
  );
  // A wake-up by another process two seconds later keeps the distance too.
  world.pass(2);
  await submitMany(world, 1, 2000);
  await dispatch(world.eventOf());
  t.is(secondsBetween(starts[2] ?? '', starts[3] ?? ''), 6);
  world.pass(60);
  await submitMany(world, 1, 2001);
  const idle = world.clock.now;
  await dispatch(world.eventOf());
  t.is(starts[4], idle);
});

test('a clock that was set back makes nobody wait longer than the distance', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 1);
  world.pass(3600);
  await dispatchOnce(world);
  world.pass(-1800);
  await submitMany(world, 1, 1);
  await world.transact(async transaction => {
    const lease = await transaction.find('leases', 'dispatch');
    if (lease) {
      transaction.put('leases', {...lease, until: at(0)});
    }
  });
  const before = world.clock.now;
  await dispatchOnce(world);
  t.is(world.executions.length, 2);
  t.is(secondsBetween(before, world.clock.now), 6);
});

test('never more tasks are outstanding than the platform may have; the rest waits in the order of upload', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 3, maxSubmissionsPerTask: 2}});
  await world.prepare();
  await submitMany(world, 20);
  const order: string[] = [];
  while (world.records.all('queue').length > 0) {
    await world.deliver();
    const running = world.executions.filter(({state}) => state === 'running');
    t.true(running.reduce((sum, {request}) => sum + request.tasks, 0) <= 3);
    order.push(...running.flatMap(world.entriesOf).map(entry => ('submissionId' in entry ? entry.submissionId : '')));
    await world.runExecutions();
    await world.deliver(({stage}) => stage === 'record');
  }

  t.deepEqual(order, [...order].sort());
  t.is(order.length, 20);
  t.deepEqual(
    world.executions.slice(0, 2).map(({request}) => request.tasks),
    [3, 3],
  );
});

test('several submissions share a task when the operator says so', async t => {
  const world = await makeStageWorld({settings: {maxSubmissionsPerTask: 4}});
  await world.prepare();
  await submitMany(world, 10);
  await dispatchOnce(world);
  t.deepEqual(
    world.executions[0]?.tasks.map(({entries}) => entries.length),
    [4, 4, 2],
  );
  t.is(world.executions[0]?.request.timeoutSeconds, 4 * (300 + 60));
});

test('a run that is late keeps its place, so that no other takes it too', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 1}});
  await world.prepare();
  await submitMany(world, 2);
  await dispatchOnce(world);
  world.pass(300 + 360 + 1);
  await world.stages.sweep();
  await world.deliver();
  t.deepEqual(runsOf(world), ['s0000-1']);
  await world.runExecutions();
  await world.deliver();
  t.deepEqual(runsOf(world), ['s0000-1', 's0001-1']);
});

test('entries in a row that must wait do not keep one behind them from starting', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 1}});
  await world.prepare();
  world.sources.get('demo')?.source.files.delete('zips/hw-autograder.zip');
  for (let index = 0; index < 1200; index += 1) {
    await world.submit(`w${String(index).padStart(4, '0')}`, {assignment: 'hw', receivedAt: at(index / 10)});
  }

  await submitMany(world, 5, 500);
  let lists = 0;
  const {dispatch} = world.makeStages({
    ...world.ports,
    list: query => {
      lists += 1;
      return world.records.list(query);
    },
  });
  await dispatch(world.eventOf());
  t.deepEqual(runsOf(world), ['s0500-1']);
  t.true(lists < 30, `${lists} look-ups`);
});

test('a dispatcher that lost its lease in the middle counts anew what the platform has room for', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 3}});
  await world.prepare();
  await submitMany(world, 3, 10);
  const rival = world.makeStages();
  let taken = false;
  const {dispatch} = world.makeStages({
    ...world.ports,
    find: (async (collection, id) => {
      if (collection === 'autograders' && !taken) {
        // It is held up for so long that another takes its place and fills the platform with older submissions.
        taken = true;
        world.pass(61);
        await submitMany(world, 3);
        await rival.dispatch(world.eventOf());
      }

      return world.records.find(collection, id);
    }) as typeof world.ports.find,
  });
  await dispatch(world.eventOf());
  t.deepEqual(runsOf(world), ['s0000-1', 's0001-1', 's0002-1']);
  t.is(world.records.all('queue').filter(({claimed}) => !claimed).length, 3);
});

test('a dispatcher ends after a while though work goes on coming, and the next wake-up goes on', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 10_000}});
  await world.prepare();
  await submitMany(world, 1);
  const {jobs} = world.ports;
  let index = 0;
  const {dispatch} = world.makeStages({
    ...world.ports,
    jobs: {
      ...jobs,
      async start(request) {
        index += 1;
        await submitMany(world, 1, index);
        return jobs.start(request);
      },
    },
  });
  const begun = world.clock.now;
  await dispatch(world.eventOf());
  t.true(secondsBetween(begun, world.clock.now) < 300);
  t.is(world.records.all('queue').filter(({claimed}) => !claimed).length, 1);
  await dispatchOnce(world);
  t.is(world.records.all('queue').filter(({claimed}) => !claimed).length, 0);
});

test('a dispatcher killed at any step leaves entries that are started later, and loses none', async t => {
  let deaths = 0;
  for (let step = 1; ; step += 1) {
    const world = await makeStageWorld();
    await world.prepare();
    await submitMany(world, 3);
    const {ports, hasDied} = dieAt(world.ports, step);
    await world
      .makeStages(ports)
      .dispatch(world.eventOf())
      .catch(() => {});
    if (!hasDied()) {
      break;
    }

    deaths += 1;
    await world.settle({minutes: 8});
    t.deepEqual(world.records.all('queue'), [], `step ${step}`);
    t.deepEqual(
      world.records
        .all('grades')
        .map(({submissionId, score}) => [submissionId, score.earned])
        .sort(),
      [
        ['s0000', 12],
        ['s0001', 12],
        ['s0002', 12],
      ],
      `step ${step}`,
    );
    const runs = runsOf(world);
    t.is(new Set(runs).size, runs.length);
  }

  t.true(deaths > 20, `${deaths} deaths`);
});

/** Ports of a process that ends, for good, before its n-th call of any of them. */
function dieAt(ports: StageWorld['ports'], step: number) {
  let calls = 0;
  const wrap = <T extends object>(part: T): T =>
    Object.fromEntries(
      Object.entries(part).map(([name, value]) => {
        if (typeof value === 'object') {
          return [name, wrap(value)];
        }

        const isPure = ['now', 'newId', 'log'].includes(name);
        return [
          name,
          isPure
            ? value
            : async (...given: unknown[]) => {
                calls += 1;
                if (calls >= step) {
                  throw new Error('killed');
                }

                return value(...given);
              },
        ];
      }),
    ) as T;
  return {ports: wrap(ports), hasDied: () => calls >= step};
}

test('killed after the platform has started, and before it could say so: the result is taken, nothing is lost', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await submitMany(world, 1);
  const {jobs} = world.ports;
  let isDead = false;
  const die = () => {
    if (isDead) {
      throw new Error('killed');
    }
  };
  const {dispatch} = world.makeStages({
    ...world.ports,
    transact: (async work => {
      die();
      return world.transact(work);
    }) as typeof world.ports.transact,
    jobs: {
      ...jobs,
      async start(request) {
        await jobs.start(request);
        isDead = true;
        throw new Error('killed');
      },
    },
  });
  await dispatch(world.eventOf()).catch(() => {});
  t.is(world.records.all('queue')[0]?.claim?.execution, null);
  await world.runExecutions();
  world.deliveries.length = 0;
  world.pass(130);
  await world.stages.sweep();
  await world.deliver();
  t.deepEqual(runsOf(world), ['s0000-1']);
  t.true(world.content.has(`results/${resultName('s0000', 1).name}`));
  t.is(world.records.all('results').length, 1);
  t.deepEqual(world.records.all('queue'), []);
});
