import test from 'ava';
import {HoltError} from '../../domain/errors.ts';
import {secondsBetween} from '../../domain/values.ts';
import {at} from '../../testing/make.ts';
import {makeStageWorld} from '../../testing/world/world.ts';

const setUp = async (given: Parameters<typeof makeStageWorld>[0] = {}) => {
  const world = await makeStageWorld(given);
  const [archive] = await world.prepare();
  world.deliveries.length = 0;
  return {world, archive};
};

test('a manifest says what to grade, with which archive and limits, by signed URLs that outlive the claim', async t => {
  const {world, archive} = await setUp();
  await world.submit('s1');
  await world.stages.dispatch(world.eventOf());
  const [execution] = world.executions;
  const [entry] = execution?.tasks[0]?.entries ?? [];
  t.like(entry, {
    kind: 'grade',
    submissionId: 's1',
    run: 1,
    autograder: {sha256: archive},
    limits: {notebookSeconds: 300, memoryBytes: 2 * 2 ** 30, processes: 256},
  });
  const urls = entry?.kind === 'grade' ? [entry.notebook.url, entry.autograder.url, entry.result.url] : [];
  t.deepEqual(
    urls.map(url => new URL(url).pathname),
    ['/work/notebooks/s1.ipynb', `/work/autograders/${archive}.zip`, '/results/results/s1/1.json'],
  );
  const claimSeconds = secondsBetween(world.clock.now, world.records.all('queue')[0]?.visibleAt ?? '');
  t.is(claimSeconds, 300 + 360);
  t.is(execution?.request.timeoutSeconds, 360);
  for (const url of [...urls, execution?.request.manifestIndexUrl ?? '']) {
    t.is(Number(new URL(url).searchParams.get('seconds')), claimSeconds + 900);
  }
});

test('the limits of the course and the section reach the manifest', async t => {
  const {world} = await setUp();
  const {source} = world.sources.get('demo') ?? {};
  const section = {subpath_to_zips: 'zips', assignments: {lab: ''}, limits: {notebookSeconds: 20}};
  const config = {demo: {limits: {notebookSeconds: 100, processes: 99}, 1: section}};
  source?.files.set('course-config.json', Buffer.from(JSON.stringify(config)));
  Object.assign(source ?? {}, {revision: 'revision-2'});
  await world.stages.dispatch(world.eventOf({course: 'demo'}));
  await world.submit('s1');
  await world.stages.dispatch(world.eventOf());
  t.like(world.executions[0]?.tasks[0]?.entries[0]?.limits, {notebookSeconds: 20, processes: 99});
});

test('refused by the platform, entries are free again with a backoff and without a strike', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  await world.submit('s2');
  world.platform.start = 'refused';
  await world.stages.dispatch(world.eventOf());
  for (const entry of world.records.all('queue')) {
    t.like(entry, {claimed: false, claim: null, strikes: 0, waitingFor: {cause: 'infrastructure'}});
    t.is(secondsBetween(world.clock.now, entry.visibleAt), 60);
  }

  world.platform.start = 'ok';
  await world.settle({minutes: 2});
  t.is(world.records.all('results').length, 2);
  // The number of the refused run is never used again.
  t.deepEqual(
    world.records.all('results').map(({run}) => run),
    [2, 2],
  );
});

test('after an hour of refusals everything is graded, and no strike was counted', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  world.platform.start = 'refused';
  await world.settle({minutes: 60});
  t.is(world.records.all('queue')[0]?.strikes, 0);
  world.platform.start = 'ok';
  await world.settle({minutes: 2});
  t.like(world.records.all('grades')[0], {submissionId: 's1', score: {earned: 12, possible: 15}});
});

test('when nobody can say whether it started, the claims stay until the work would be done', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  world.platform.start = 'unknown';
  await world.stages.dispatch(world.eventOf());
  const [entry] = world.records.all('queue');
  t.like(entry, {claimed: true, claim: {run: 1, execution: null}});
  t.is(secondsBetween(world.clock.now, entry?.visibleAt ?? ''), 300 + 360);
  world.platform.start = 'ok';
  await world.settle({minutes: 5});
  t.is(world.executions.length, 0, 'it waits for what may be running');
  await world.settle({minutes: 8});
  t.like(world.records.all('results')[0], {id: 's1-2', score: {earned: 12}});
});

test('an execution that had started though nobody could say so gives the result', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  world.platform.start = 'unknown but started';
  await world.settle({minutes: 20});
  t.is(world.executions.length, 1);
  t.deepEqual(
    world.records.all('results').map(({id}) => id),
    ['s1-1'],
  );
});

test('manifests that cannot be written free the claims, because nothing can have started', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  const {objects} = world.ports;
  const {dispatch} = world.makeStages({
    ...world.ports,
    objects: {
      ...objects,
      async write(object, bytes, type) {
        if (object.name.startsWith('manifests/')) {
          throw new HoltError('storage-unavailable', 'No storage.');
        }

        return objects.write(object, bytes, type);
      },
    },
  });
  await t.throwsAsync(dispatch(world.eventOf()), {code: 'storage-unavailable'});
  t.like(world.records.all('queue')[0], {claimed: false, strikes: 0});
  await world.settle({minutes: 2});
  t.is(world.records.all('results').length, 1);
});

test('one entry that cannot be claimed does not hold up the others', async t => {
  const {world} = await setUp();
  await world.submit('s1', {receivedAt: at(1)});
  await world.submit('s2', {receivedAt: at(2)});
  await world.submit('s3', {receivedAt: at(3)});
  let refusals = 0;
  const {dispatch} = world.makeStages({
    ...world.ports,
    transact: (async work =>
      world.transact(transaction =>
        work({
          ...transaction,
          find: (async (collection, id) => {
            if (collection === 'runs' && id === 's2' && refusals === 0) {
              refusals += 1;
              throw new HoltError('conflict', 'Too many writers at once.');
            }

            return transaction.find(collection, id);
          }) as typeof transaction.find,
        }),
      )) as typeof world.ports.transact,
  });
  await dispatch(world.eventOf());
  t.deepEqual(
    world.executions.map(execution =>
      world.entriesOf(execution).map(entry => (entry.kind === 'grade' ? entry.submissionId : '')),
    ),
    [['s1', 's3'], ['s2']],
  );
  t.deepEqual(
    world.executions.map(({request}) => request.tasks),
    [2, 1],
  );
});

test('a store that takes no claim at all ends the dispatcher instead of keeping it busy', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  const {dispatch} = world.makeStages({
    ...world.ports,
    transact: (async work =>
      world.transact(transaction =>
        work({
          ...transaction,
          find: (async (collection, id) => {
            if (collection === 'runs') {
              throw new HoltError('storage-unavailable', 'No store.');
            }

            return transaction.find(collection, id);
          }) as typeof transaction.find,
        }),
      )) as typeof world.ports.transact,
  });
  await t.throwsAsync(dispatch(world.eventOf()), {code: 'storage-unavailable'});
});

test('a result that is quicker than the note of its execution stays recorded', async t => {
  const {world} = await setUp();
  await world.submit('s1');
  await world.submit('s2', {student: 'bob'});
  const {jobs} = world.ports;
  const {dispatch} = world.makeStages({
    ...world.ports,
    jobs: {
      ...jobs,
      async start(request) {
        const execution = await jobs.start(request);
        await world.runExecutions(entry =>
          entry.kind === 'grade' && entry.submissionId === 's1'
            ? world.gradeEntry(entry)
            : {...world.gradeEntry(entry), cause: 'infrastructure'},
        );
        await world.deliver(({stage}) => stage === 'record');
        return execution;
      },
    },
  });
  await dispatch(world.eventOf());
  t.deepEqual(
    world.records.all('queue').map(({id, claimed, strikes}) => [id, claimed, strikes]),
    [['s2', false, 1]],
  );
});
