import test from 'ava';
import {parkedName} from '../../domain/object-names.ts';
import {secondsBetween} from '../../domain/values.ts';
import {at, makePause, makeRandom, sampleParked, samplePassback, sampleQueueEntry} from '../../testing/make.ts';
import {makeStageWorld, type StageWorld} from '../../testing/world/world.ts';
import {makeSweep} from './handler.ts';

/** A world where `s1` is being graded as run 1; no event is on its way. */
const setUp = async (given: Parameters<typeof makeStageWorld>[0] = {}) => {
  const world = await makeStageWorld(given);
  await world.prepare();
  await world.submit('s1');
  await world.stages.dispatch(world.eventOf());
  world.deliveries.length = 0;
  return world;
};

const endExecutions = (world: StageWorld, state: 'ended' | 'lost') => {
  for (const execution of world.executions.filter(one => one.state === 'running')) {
    execution.state = state;
  }
};

const replaysOf = ({deliveries}: StageWorld, stage: string) =>
  deliveries
    .filter(delivery => delivery.stage === stage)
    .map(({event}) => (event.data as {message: {attributes: Record<string, string>}}).message.attributes);

test('a result that was uploaded and not recorded is replayed, and its claim is kept', async t => {
  const world = await setUp();
  await world.runExecutions();
  world.deliveries.length = 0;
  await world.stages.sweep();
  t.deepEqual(replaysOf(world, 'record'), [{object: 'results/s1/1.json'}]);
  t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 1}, strikes: 0});
  await world.deliver();
  t.is(world.records.all('results').length, 1);
  t.deepEqual(world.records.all('queue'), []);
});

test('a claim that is not over is left alone', async t => {
  const world = await setUp();
  world.pass(300);
  await world.stages.sweep();
  t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 1}});
});

test('a claim whose dispatcher died before the platform answered is freed after two minutes, without a strike', async t => {
  const world = await setUp();
  const entry = world.records.all('queue')[0];
  await world.transact(async transaction => {
    if (entry?.claim) {
      transaction.put('queue', {
        ...entry,
        claim: {...entry.claim, execution: null},
        visibleAt: new Date(Date.parse(world.clock.now) + 120_000).toISOString(),
      });
    }
  });
  world.pass(119);
  await world.stages.sweep();
  t.true(world.records.all('queue')[0]?.claimed);
  world.pass(1);
  await world.stages.sweep();
  const freed = world.records.all('queue')[0];
  t.like(freed, {claimed: false, claim: null, strikes: 0, waitingFor: null});
  t.is(freed?.visibleAt, freed?.queuedAt);
});

test('an execution that ended without a result is a strike, and the run is tried again after the backoff', async t => {
  const world = await setUp();
  endExecutions(world, 'ended');
  await world.stages.sweep();
  const [entry] = world.records.all('queue');
  t.like(entry, {claimed: false, claim: null, strikes: 1, waitingFor: {cause: 'infrastructure'}});
  t.is(secondsBetween(world.clock.now, entry?.visibleAt ?? ''), 60);
});

test('an execution that the platform lost is freed at once, without a strike', async t => {
  const world = await setUp();
  endExecutions(world, 'lost');
  await world.stages.sweep();
  t.like(world.records.all('queue')[0], {claimed: false, strikes: 0, waitingFor: null});
  await world.deliver();
  t.is(world.executions.length, 2);
});

test('an execution that goes on is left to while its URLs live, and is a strike only after that', async t => {
  const world = await setUp();
  const seconds = secondsBetween(world.clock.now, world.records.all('queue')[0]?.visibleAt ?? '');
  world.pass(seconds + 899);
  await world.stages.sweep();
  t.true(world.records.all('queue')[0]?.claimed);
  world.pass(1);
  await world.stages.sweep();
  t.like(world.records.all('queue')[0], {claimed: false, strikes: 1});
});

test('an execution of which nothing can be told ends with its claim and is no strike', async t => {
  const world = await setUp();
  world.executions.length = 0;
  await world.stages.sweep();
  t.true(world.records.all('queue')[0]?.claimed);
  world.pass(300 + 360);
  await world.stages.sweep();
  t.like(world.records.all('queue')[0], {claimed: false, strikes: 0});
});

test('a claim that dispatch prolongs while the sweep looks is not freed', async t => {
  const world = await setUp();
  world.pass(300 + 360);
  world.executions.length = 0;
  const {sweep} = world.makeStages({
    ...world.ports,
    objects: {
      ...world.ports.objects,
      async exists() {
        const [entry] = world.records.all('queue');
        await world.transact(async transaction => {
          if (entry) {
            transaction.put('queue', {...entry, visibleAt: at(90_000)});
          }
        });
        return false;
      },
    },
  });
  await sweep();
  t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 1}, visibleAt: at(90_000)});
});

test('a submission is given up on after three started runs and two hours, and not before both', async t => {
  const world = await setUp();
  await world.settle({minutes: 115, grade: () => undefined as never});
  t.true((world.records.all('queue')[0]?.strikes ?? 0) >= 3);
  t.deepEqual(world.records.all('failures'), []);
  await world.settle({minutes: 10, grade: () => undefined as never});
  t.deepEqual(world.records.all('queue'), []);
  const [failure] = world.records.all('failures');
  t.like(failure, {id: 's1', cause: 'infrastructure', student: 'alice'});
  t.true((failure?.strikes ?? 0) >= 3);
});

test('two strikes and a day are no reason to give up', async t => {
  const world = await makeStageWorld();
  await world.transact(async transaction => {
    transaction.create('queue', sampleQueueEntry({id: 's1', strikes: 2}));
  });
  world.pass(86_400);
  await world.stages.sweep();
  t.deepEqual(world.records.all('failures'), []);
  t.is(world.records.all('queue').length, 1);
});

test('a scored result that comes after giving up counts, and its failure stays beside it', async t => {
  const world = await setUp();
  const entry = world.executions.flatMap(world.entriesOf).at(-1);
  await world.settle({minutes: 125, grade: () => undefined as never});
  t.is(world.records.all('failures').length, 1);
  if (entry) {
    await world.upload('s1', 1, world.gradeEntry(entry));
  }

  await world.deliver();
  t.like(world.records.all('grades')[0], {submissionId: 's1', score: {earned: 12}});
  t.deepEqual([...world.lms.values()], [0.8]);
  t.is(world.records.all('failures').length, 1);
});

test('a submission that is queued anew while the sweep gives up on it is not given up on', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  const [fresh] = world.records.all('queue');
  await world.transact(async transaction => {
    if (fresh) {
      transaction.put('queue', {...fresh, strikes: 3});
    }
  });
  world.pass(7200);
  const {sweep} = world.makeStages({
    ...world.ports,
    list: async query => {
      const page = await world.records.list(query);
      if (query.where?.some(([field]) => field === 'strikes')) {
        await world.transact(async transaction => {
          if (fresh) {
            transaction.put('queue', {...fresh, queuedAt: world.clock.now});
          }
        });
      }

      return page;
    },
  });
  await sweep();
  t.deepEqual(world.records.all('failures'), []);
  t.is(world.records.all('queue').length, 1);
});

test('many young entries with strikes do not keep an old one from being given up on', async t => {
  const world = await makeStageWorld();
  world.pass(7200);
  await world.transact(async transaction => {
    for (let index = 0; index < 450; index += 1) {
      const id = `young-${index}`;
      transaction.create('queue', sampleQueueEntry({id, strikes: 4, queuedAt: world.clock.now}));
    }

    transaction.create('queue', sampleQueueEntry({id: 'old', strikes: 3}));
  });
  await world.stages.sweep();
  t.is(world.records.all('queue').length, 450);
  t.false(world.records.all('queue').some(({id}) => id === 'old'));
});

test('an inspection that is given up on is asked for again by who needs it', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  let dead = true;
  const grade = (entry: Parameters<typeof world.gradeEntry>[0]) =>
    (dead ? undefined : world.gradeEntry(entry)) as never;
  await world.settle({minutes: 200, grade});
  t.deepEqual(world.records.all('failures'), []);
  t.true(world.records.all('queue').some(({id}) => id === 's1'));
  dead = false;
  await world.settle({minutes: 70, grade});
  t.is(world.records.all('grades')[0]?.score.earned, 12);
});

test('passbacks whose time has come are replayed, the others are not', async t => {
  const world = await makeStageWorld();
  await world.transact(async transaction => {
    for (let index = 0; index < 450; index += 1) {
      transaction.create('passbacks', samplePassback({id: `due-${index}`, nextAttemptAt: at(index)}));
    }

    transaction.create('passbacks', samplePassback({id: 'later', nextAttemptAt: at(5000)}));
    transaction.create('passbacks', samplePassback({id: 'sent', state: 'sent', nextAttemptAt: null}));
  });
  world.deliveries.length = 0;
  await world.stages.sweep();
  const replayed = replaysOf(world, 'passback').map(({document}) => document);
  t.is(replayed.length, 450);
  t.true(replayed.every(document => document?.startsWith('passbacks/due-')));
});

test('parked notebooks and refusals that have expired are removed, with the notebook', async t => {
  const world = await makeStageWorld();
  const {objects} = world.ports;
  await objects.write(parkedName('submission-1'), Buffer.from('{}'), 'application/json');
  await objects.write(parkedName('submission-2'), Buffer.from('{}'), 'application/json');
  await world.transact(async transaction => {
    transaction.create('parked', sampleParked({expireAt: at(1)}));
    transaction.create('parked', sampleParked({id: 'parked-2', submissionId: 'submission-2', expireAt: at(90_000)}));
  });
  await world.stages.sweep();
  t.deepEqual(
    world.records.all('parked').map(({id}) => id),
    ['parked-2'],
  );
  t.false(await objects.exists(parkedName('submission-1')));
  t.true(await objects.exists(parkedName('submission-2')));
});

test('a chore that fails stops no other, dispatch is woken all the same, and the failure is told', async t => {
  const {ports} = await makeStageWorld();
  const done: string[] = [];
  const chores = {
    first: async () => {
      throw new Error('broken');
    },
    second: async () => done.push('second'),
  };
  const freeClaims = async () => done.push('claims');
  const replayAudit = async () => {
    done.push('audit');
    return {found: 1, cursor: {}};
  };
  const wake = async (about?: {course?: string}) => void done.push(`wake ${about?.course}`);
  const sweep = makeSweep({...ports, freeClaims, replayAudit, chores, wake});
  const error = await t.throwsAsync(sweep(), {instanceOf: AggregateError});
  t.deepEqual(done.toSorted(), ['audit', 'claims', 'second', 'wake *']);
  t.true(done.indexOf('claims') < done.indexOf('wake *'), 'dispatch is woken when the claims are free');
  t.is((error as AggregateError).errors.length, 1);
  await t.throwsAsync(sweep());
  t.is(done.length, 8, 'the lease is given back');
});

test('a wake-up that fails is told too, and the lease is given back', async t => {
  const {ports} = await makeStageWorld();
  const runs: number[] = [];
  const wake = async () => Promise.reject(new Error('no Pub/Sub'));
  const chores = {one: async () => runs.push(1)};
  const replayAudit = async () => ({found: 0, cursor: {submissions: at(runs.length)}});
  const sweep = makeSweep({...ports, freeClaims: async () => 0, replayAudit, chores, wake});
  await t.throwsAsync(sweep());
  await t.throwsAsync(sweep());
  t.is(runs.length, 2);
});

test('how far audit was looked at is kept for the next minute, also when another chore fails', async t => {
  const {ports} = await makeStageWorld();
  const from: unknown[] = [];
  const replayAudit = async (cursor: object) => {
    from.push(cursor);
    return {found: 0, cursor: {submissions: at(from.length)}};
  };
  const chores = {broken: async () => Promise.reject(new Error('broken'))};
  const sweep = makeSweep({...ports, freeClaims: async () => 0, replayAudit, chores});
  await t.throwsAsync(sweep());
  await t.throwsAsync(sweep());
  t.deepEqual(from, [{}, {submissions: at(1)}]);
});

test('two sweeps at once do the work of one', async t => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const world = await setUp({pause: makePause(makeRandom(seed))});
    await world.submit('s2', {student: 'bob'});
    await world.stages.dispatch(world.eventOf());
    endExecutions(world, 'ended');
    await Promise.all([world.stages.sweep(), world.stages.sweep(), world.makeStages().sweep()]);
    t.deepEqual(
      world.records.all('queue').map(({strikes, claimed}) => [strikes, claimed]),
      [
        [1, false],
        [1, false],
      ],
      `seed ${seed}`,
    );
  }
});

test('sweeps that run into each other without a lease count nothing twice', async t => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const world = await setUp({pause: makePause(makeRandom(seed))});
    endExecutions(world, 'ended');
    let holder = 0;
    const apart = () => {
      holder += 1;
      const name = `dispatch-${holder}`;
      return world.makeStages({
        ...world.ports,
        transact: (async work =>
          world.transact(transaction =>
            work({
              ...transaction,
              find: (async (collection, id) =>
                transaction.find(collection, id === 'sweep' ? name : id)) as typeof transaction.find,
            }),
          )) as typeof world.ports.transact,
      });
    };
    await Promise.all([apart().sweep(), apart().sweep()]);
    t.like(world.records.all('queue')[0], {strikes: 1, claimed: false}, `seed ${seed}`);
  }
});
