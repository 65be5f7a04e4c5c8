import test from 'ava';
import {type Activity, makeActivityId} from '../../domain/activity.ts';
import {hashBytes} from '../../domain/document-id.ts';
import {eventTypes} from '../../domain/events.ts';
import {activityArchiveName, archiveName} from '../../domain/object-names.ts';
import {assignEntryId, makeAssignEntry} from '../../domain/queue.ts';
import {sampleAssignResult} from '../../testing/make.ts';
import {makeStageWorld} from '../../testing/world/world.ts';

const creationId = 'creation-1';
const entryId = assignEntryId(creationId);
const archive = Buffer.from('an archive');

const eventOf = (run: number) => ({
  id: 'event',
  type: eventTypes.objectFinalized,
  subject: `objects/results/${entryId}/${run}.json`,
});

/** A world where an activity is being made, as run 1. */
async function setUp() {
  const world = await makeStageWorld();
  await world.prepare();
  const autograderSha256 = await hashBytes(archive);
  const id = await makeActivityId('12', '34');
  const activity: Activity = {
    ...{id, course: '12', activity: '34', creationId, fileName: 'demo.ipynb'},
    state: 'creating',
    ...{sha256: 'c'.repeat(64), autograderSha256: null, run: null, message: '', isOurFault: false, isAnswered: false},
    ...{who: 'teacher', trace: 'trace', createdAt: world.clock.now},
  };
  await world.transact(async transaction => {
    transaction.create('activities', activity);
    transaction.create('queue', makeAssignEntry(activity));
  });
  await world.stages.dispatch(world.eventOf());
  await world.ports.objects.write(activityArchiveName(creationId, 1), archive, '');
  const find = () => world.records.all('activities')[0];
  const record = async (run: number, result: object) => {
    await world.upload(entryId, run, result);
    await world.stages.record(eventOf(run));
  };
  return {world, id, autograderSha256, find, record, made: sampleAssignResult({creationId, autograderSha256})};
}

test('dispatch gives the job the notebook, and places for what it makes and says', async t => {
  const {world} = await setUp();
  const [entry] = world.executions.flatMap(world.entriesOf);
  t.like(entry, {kind: 'assign', creationId, run: 1, notebook: {name: 'demo.ipynb'}, limits: {notebookSeconds: 300}});
  const urls = entry?.kind === 'assign' ? [entry.notebook, entry.archive, entry.student, entry.result] : [];
  t.deepEqual(
    urls.map(({url}) => new URL(url).pathname),
    [
      '/work/activities/creation-1/source.ipynb',
      '/work/activities/creation-1/1/autograder.zip',
      '/work/activities/creation-1/1/student.ipynb',
      '/results/results/assign-creation-1/1.json',
    ],
  );
});

test('what was made makes the activity ready, together with its archive, once', async t => {
  const {world, autograderSha256, find, record, made} = await setUp();
  await record(1, made);
  t.like(find(), {state: 'ready', autograderSha256, run: 1});
  t.deepEqual(world.records.all('queue'), []);
  t.like(
    world.records.all('autograders').find(({id}) => id === autograderSha256),
    {problem: null, questions: made.questions},
  );
  t.deepEqual(Buffer.from(world.content.get(`work/${archiveName(autograderSha256).name}`) ?? []), archive);
  const before = JSON.stringify(world.records.all('activities'));
  await world.stages.record(eventOf(1));
  t.is(JSON.stringify(world.records.all('activities')), before);
  t.deepEqual(
    world.thrown.map(error => String(error)),
    [],
  );
});

test('an archive is believed by its content alone', async t => {
  for (const claimed of ['d'.repeat(64), null]) {
    const {world, find, record, made} = await setUp();
    await record(1, {...made, autograderSha256: claimed});
    t.like(find(), {state: 'failed', isOurFault: true});
    t.deepEqual(world.records.all('queue'), []);
    t.false(world.content.has(`work/autograders/${claimed}.zip`));
  }
});

test('a result that cannot be read, or is another’s, ends the creation as a fault of ours', async t => {
  for (const wrong of [{}, Buffer.from('junk'), sampleAssignResult({creationId: 'another'})]) {
    const {find, record} = await setUp();
    await record(1, wrong);
    t.like(find(), {state: 'failed', isOurFault: true});
  }
});

test('what a stopped task gives back is due at once', async t => {
  const {world, find, record, made} = await setUp();
  await record(1, {...made, cause: 'infrastructure', givenBack: true, autograderSha256: null, questions: []});
  t.like(find(), {state: 'creating'});
  t.like(world.records.all('queue')[0], {claimed: false, strikes: 0});
});

test('a run that ended without a result is tried again', async t => {
  const {world, find, record, made} = await setUp();
  for (const execution of world.executions) {
    execution.state = 'ended';
  }

  await world.stages.sweep();
  world.pass(120);
  await world.stages.dispatch(world.eventOf());
  t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 2}, strikes: 1});
  await world.ports.objects.write(activityArchiveName(creationId, 2), archive, '');
  await record(2, {...made, run: 2});
  t.like(find(), {state: 'ready', run: 2});
});

test('a failure of an older run that comes late leaves the newer run alone', async t => {
  const {world, find, record, made} = await setUp();
  await world.transact(async transaction => {
    const entry = await transaction.find('queue', entryId);
    if (entry?.claim) {
      transaction.put('queue', {...entry, claim: {...entry.claim, run: 2}});
    }
  });
  await record(1, {...made, cause: 'infrastructure', autograderSha256: null, questions: []});
  t.like(find(), {state: 'creating'});
  t.is(world.records.all('queue').length, 1);
});

test('a job that dies three times has failed, and needs no two hours to say so', async t => {
  const {world, find} = await setUp();
  await world.settle({minutes: 30, grade: () => undefined as never});
  t.like(find(), {state: 'failed', isOurFault: true});
  t.deepEqual(world.records.all('queue'), []);
  t.deepEqual(
    world.records
      .all('audit')
      .filter(({collection}) => collection === 'changes')
      .map(({what, who, recordId}) => [what, who, recordId]),
    [['activity not made', 'teacher', 'creation-1-failed']],
  );
  t.is(world.executions.length, 3);
});

test('a creation whose activity is gone ends without one', async t => {
  const {world, record, made} = await setUp();
  await world.transact(async transaction =>
    transaction.remove('activities', world.records.all('activities')[0]?.id ?? ''),
  );
  await record(1, made);
  t.deepEqual(world.records.all('queue'), []);
  t.deepEqual(world.records.all('activities'), []);
});
