import test from 'ava';
import {secondsBetween} from '../../domain/values.ts';
import {at} from '../../testing/make.ts';
import {makeArchive} from '../../testing/world/source.ts';
import {makeStageWorld, type StageWorld} from '../../testing/world/world.ts';

const started = ({executions, entriesOf}: StageWorld) =>
  executions.map(execution =>
    entriesOf(execution).map(entry => (entry.kind === 'grade' ? entry.submissionId : entry.kind)),
  );

const sourceOf = (world: StageWorld, course: string) => {
  const found = world.sources.get(course);
  if (!found) {
    throw new Error('No such source.');
  }

  return found.source;
};

test('an archive is inspected once for many submissions, and then they are graded in their old order', async t => {
  const world = await makeStageWorld();
  await world.stages.dispatch(world.eventOf({course: '*'}));
  for (const index of [3, 1, 2]) {
    await world.submit(`s${index}`, {student: `student-${index}`, receivedAt: at(index)});
  }

  await world.deliver();
  t.deepEqual(started(world), [['inspect']]);
  t.true(
    world.records
      .all('queue')
      .filter(({kind}) => kind === 'grade')
      .every(({waitingFor}) => waitingFor?.cause === 'autograder'),
  );
  await world.runExecutions();
  await world.deliver();
  t.deepEqual(
    started(world),
    [['inspect'], ['s1', 's2', 's3']].map(ids => [...ids]),
  );
  await world.settle({minutes: 1});
  t.is(world.records.all('results').length, 3);
});

test('an inspection takes the place of the first submission that needs it', async t => {
  const world = await makeStageWorld({settings: {maxParallelTasks: 1}});
  await world.prepare();
  await world.transact(async transaction => {
    for (const {id} of world.records.all('autograders').slice(0, 2)) {
      transaction.remove('autograders', id);
    }
  });
  await world.submit('s1', {receivedAt: at(1)});
  for (let index = 2; index < 6; index += 1) {
    await world.submit(`s${index}`, {receivedAt: at(index), assignment: 'hw'});
  }

  await world.deliver();
  t.deepEqual(started(world), [['inspect']]);
});

test('a course whose source cannot be reached delays only its own submissions, and nobody gets a strike', async t => {
  const world = await makeStageWorld({courses: ['demo', 'other']});
  await world.stages.dispatch(world.eventOf({course: '*'}));
  sourceOf(world, 'other').down = true;
  await world.submit('s1');
  await world.submit('o1', {course: 'other'});
  await world.settle({minutes: 60});
  t.deepEqual(
    world.records.all('results').map(({submissionId}) => submissionId),
    ['s1'],
  );
  t.like(world.records.all('queue')[0], {id: 'o1', strikes: 0, waitingFor: {cause: 'infrastructure'}});
  sourceOf(world, 'other').down = false;
  await world.settle({minutes: 3});
  t.deepEqual(
    world.records.all('results').map(({submissionId}) => submissionId),
    ['o1', 's1'],
  );
});

test('a source that takes long delays only its own submissions', async t => {
  const world = await makeStageWorld({courses: ['demo', 'other']});
  await world.prepare();
  const other = world.sources.get('other');
  const id = world.records.all('courses').find(({course}) => course === 'other')?.id ?? '';
  await world.transact(async transaction => {
    const course = await transaction.find('courses', id);
    if (course) {
      transaction.put('courses', {...course, archives: {}});
    }
  });
  const {promise: never} = Promise.withResolvers<Uint8Array | undefined>();
  const sources = world.sources as Map<string, NonNullable<typeof other>>;
  sources.set('other', {...(other as NonNullable<typeof other>), readFile: () => never});
  await world.submit('o1', {course: 'other', receivedAt: at(1)});
  await world.submit('s1', {receivedAt: at(2)});
  world.courseSources.areSlow = true;
  await world.makeStages().dispatch(world.eventOf());
  t.deepEqual(started(world), [['s1']]);
  t.like(
    world.records.all('queue').find(entry => entry.id === 'o1'),
    {
      claimed: false,
      waitingFor: {cause: 'infrastructure'},
    },
  );
});

test('a course that cannot be looked at at all keeps nobody else from being looked at', async t => {
  const world = await makeStageWorld({courses: ['demo', 'other']});
  const demo = world.sources.get('demo');
  const sources = world.sources as Map<string, NonNullable<typeof demo>>;
  sources.set('demo', {
    ...(demo as NonNullable<typeof demo>),
    findRevision: () => Promise.reject(new TypeError('bug')),
  });
  await world.makeStages().dispatch(world.eventOf({course: '*'}));
  t.deepEqual(
    world.records.all('courses').map(({course}) => course),
    ['other'],
  );
  t.truthy(world.logs.find(({severity, message}) => severity === 'ERROR' && message.includes('course')));
});

for (const [what, content] of [
  ['missing', undefined],
  ['not a zip', Buffer.from('nonsense')],
] as const) {
  test(`an archive that is ${what} makes submissions wait for staff; mended, they are graded in their old order`, async t => {
    const world = await makeStageWorld();
    const source = sourceOf(world, 'demo');
    source.files.delete('zips/lab-autograder.zip');
    if (content) {
      source.files.set('zips/lab-autograder.zip', content);
    }

    await world.stages.dispatch(world.eventOf({course: '*'}));
    for (const index of [2, 1]) {
      world.pass(1);
      await world.submit(`s${index}`, {student: `student-${index}`});
    }

    await world.settle({minutes: 130});
    t.deepEqual(world.records.all('results'), []);
    t.deepEqual(world.records.all('failures'), []);
    t.deepEqual(
      world.records.all('queue').map(({strikes, waitingFor}) => [strikes, waitingFor?.cause]),
      [
        [0, 'autograder'],
        [0, 'autograder'],
      ],
    );
    source.files.set('zips/lab-autograder.zip', await makeArchive('mended'));
    source.revision = 'revision-2';
    await world.settle({minutes: 3});
    t.deepEqual(started(world), [['inspect'], ['s2', 's1']]);
    t.deepEqual(
      world.records.all('grades').map(({score}) => score.earned),
      [12, 12],
    );
  });
}

test('an archive whose inspection found no questions makes no zero', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  await world.settle({
    minutes: 20,
    grade: entry => ({...world.gradeEntry(entry), ...(entry.kind === 'inspect' ? {questions: []} : {})}) as never,
  });
  t.deepEqual(started(world), [['inspect']]);
  t.like(world.records.all('queue')[0], {id: 's1', waitingFor: {cause: 'autograder'}});
  t.deepEqual(world.records.all('grades'), []);
});

test('a submission that is looked at while the inspection ends does not wait for a wake-up that has passed', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  const autograders = world.records.all('autograders');
  await world.transact(async transaction => {
    for (const {id} of autograders) {
      transaction.remove('autograders', id);
    }
  });
  await world.submit('s1');
  let looks = 0;
  const {dispatch} = world.makeStages({
    ...world.ports,
    find: (async (collection, id) => {
      const found = await world.records.find(collection, id);
      if (collection === 'autograders' && looks === 0) {
        looks += 1;
        // Recorded, and its wake-up delivered, between the look and the move.
        await world.transact(async transaction => {
          for (const autograder of autograders) {
            transaction.put('autograders', autograder);
          }
        });
        await world.stages.dispatch(world.eventOf({course: 'demo'}));
      }

      return found;
    }) as typeof world.ports.find,
  });
  await dispatch(world.eventOf());
  t.deepEqual(started(world), [['s1']]);
});

test('an assignment that left the config makes its submissions wait for staff, and the others go on', async t => {
  const world = await makeStageWorld();
  await world.prepare();
  await world.submit('s1', {assignment: 'gone', receivedAt: at(1)});
  await world.submit('s2', {receivedAt: at(2)});
  await world.stages.dispatch(world.eventOf());
  t.deepEqual(started(world), [['s2']]);
  const waiting = world.records.all('queue').find(({id}) => id === 's1');
  t.is(waiting?.waitingFor?.cause, 'autograder');
  t.is(secondsBetween(world.clock.now, waiting?.visibleAt ?? ''), 300);
});

test('an inspection that fails by infrastructure is tried until it says something of the archive', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  let broken = true;
  const grade = (entry: Parameters<typeof world.gradeEntry>[0]) =>
    broken ? {...world.gradeEntry(entry), cause: 'infrastructure' as const} : world.gradeEntry(entry);
  await world.settle({minutes: 300, grade});
  t.deepEqual(world.records.all('autograders'), []);
  broken = false;
  await world.settle({minutes: 65, grade});
  t.is(world.records.all('autograders')[0]?.problem, null);
  t.is(world.records.all('grades')[0]?.score.earned, 12);
});
