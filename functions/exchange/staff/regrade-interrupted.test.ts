import test from 'ava';
import {changesGrade} from '../../../domain/regrade.ts';
import {at, makePause, makeRandom} from '../../../testing/make.ts';
import {apply, begin, gradesOf, makeRegradeWorld} from '../../../testing/regrade-world.ts';
import {makeStaffWorld} from '../../../testing/staff-world.ts';
import {checkRecords} from '../../../testing/world/chaos.ts';

test('of a class that fills many pages, and a student who fills several, everybody is told and changed once', async t => {
  const world = await makeStaffWorld({settings: {maxParallelTasks: 1000}});
  await world.prepare();
  for (let index = 0; index < 230; index += 1) {
    await world.submit(`s${index}`, {student: `student-${index}`});
  }

  for (let index = 0; index < 130; index += 1) {
    await world.submit(`a${index}`, {student: 'alice', receivedAt: at(index)});
  }

  await world.settle({minutes: 3});
  t.is(world.records.all('results').length, 360);
  await world.mend('mended');
  const {id, chosen} = await begin(world, {which: 'all'});
  t.is(chosen, 360);
  await world.settle({minutes: 4, grade: world.gradeBy(() => 3)});
  const seen = new Set<string>();
  let next = '';
  do {
    const page = await world.ask(`courses/demo/regrades/${id}/rows${next && `?after=${next}`}`);
    for (const {submissionId, changes} of page.rows) {
      t.true(changes);
      seen.add(submissionId);
    }

    next = page.next ?? '';
  } while (next);
  t.is(seen.size, 360);
  t.like(await apply(world, id), {state: 'applied', done: 360});
  // A student's submissions change together, wherever a page ends.
  t.true(world.records.all('regradeChanges').every(changesGrade));
  t.deepEqual([...new Set(Object.values(gradesOf(world)))], [3]);
  t.is(world.records.all('grades').find(({student}) => student === 'alice')?.submissionId, 'a129');
  await world.settle({minutes: 1});
  await checkRecords(t, world);
});

test('killed at any step of its beginning, the same order goes on with the same submissions', async t => {
  for (let dies = 1; dies <= 6; dies += 1) {
    const world = await makeRegradeWorld();
    let calls = 0;
    const transact: typeof world.ports.transact = async work => {
      calls += 1;
      if (calls === dies) {
        throw new Error('killed');
      }

      return world.ports.transact(work);
    };
    const order = world.makeOrder({...world.ports, transact});
    await order('courses/demo/regrades', {body: {section: '1', assignment: 'lab', which: 'all'}}).catch(() => {});
    const begun = world.records.all('regrades').length;
    world.pass(10);
    await world.submit('late', {student: 'alice'});
    const {id} = await begin(world, {which: 'all'});
    await world.run();
    const expected = begun === 0 ? 5 : 4;
    t.like(await world.ask(`courses/demo/regrades/${id}`), {state: 'ready', chosen: expected}, `died at ${dies}`);
    t.is(world.records.all('regrades').length, 1);
    t.is(world.records.all('staffActions').length, 1);
    t.is(world.records.all('regradeResults').length, expected);
  }
});

test('killed at any step of applying, applying again ends it, and each student changed once', async t => {
  for (let dies = 1; dies <= 5; dies += 1) {
    for (const when of ['before', 'after'] as const) {
      const world = await makeRegradeWorld();
      const {id} = await begin(world, {which: 'all'});
      await world.run();
      const passbacks = world.records.all('passbacks').length;
      let calls = 0;
      const transact: typeof world.ports.transact = async work => {
        calls += 1;
        const dead = calls >= dies;
        if (dead && when === 'before') {
          throw new Error('killed');
        }

        const done = await world.ports.transact(work);
        if (dead) {
          throw new Error('killed');
        }

        return done;
      };
      const order = world.makeOrder({...world.ports, transact});
      await order(`courses/demo/regrades/${id}/apply`, {body: {}}).catch(() => {});
      t.like(await apply(world, id), {state: 'applied', done: 4});
      await world.run(2);
      t.deepEqual(gradesOf(world), {alice: 9, bob: 9, carol: 9}, `died ${when} ${dies}`);
      t.is(world.records.all('passbacks').length, passbacks + 3);
      await checkRecords(t, world);
    }
  }
});

test('an order to apply that takes too long says so, and each further one gets further', async t => {
  const world = await makeRegradeWorld();
  for (let index = 0; index < 240; index += 1) {
    await world.submit(`s${index}`, {student: `student-${index}`, receivedAt: at(10 + index)});
  }

  await world.run();
  const {id} = await begin(world);
  await world.run(8);
  // Every transaction takes three seconds.
  const transact: typeof world.ports.transact = work => {
    world.pass(3);
    return world.ports.transact(work);
  };
  const order = world.makeOrder({...world.ports, transact});
  const done: number[] = [];
  for (let state = ''; state !== 'applied'; ) {
    const reply = JSON.parse(String((await order(`courses/demo/regrades/${id}/apply`, {body: {}})).body));
    state = reply.state;
    done.push(reply.done);
    t.true(['applying', 'applied'].includes(state) && done.length < 10);
  }

  t.true(done.length > 1);
  t.deepEqual(
    done,
    [...new Set(done)].sort((a, b) => a - b),
  );
  t.is(done.at(-1), 243);
});

test('two who apply at once, while other results come in, change each student once', async t => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const world = await makeRegradeWorld(undefined, {pause: makePause(makeRandom(seed))});
    const {id} = await begin(world, {which: 'all'});
    await world.run();
    await world.submit('a3', {student: 'alice'});
    await world.deliver();
    // Of two orders at once each has its own exchange, as two instances have.
    await Promise.all([
      world.makeOrder()(`courses/demo/regrades/${id}/apply`, {body: {}}),
      world.makeOrder()(`courses/demo/regrades/${id}/apply`, {body: {}}),
      world.runExecutions(world.gradeBy(() => 15)).then(() => world.deliver()),
    ]);
    await world.run(2);
    t.is(world.records.all('regradeChanges').length, 4);
    t.is(world.records.all('staffActions').length, 2);
    await checkRecords(t, world);
  }
});
