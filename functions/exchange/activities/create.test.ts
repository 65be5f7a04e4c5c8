import test from 'ava';
import {describeRecord} from '../../../domain/audit-entries.ts';
import {until} from '../../../testing/moodle/until.ts';
import {file, type MoodleWorld, master, startMoodle} from '../../../testing/moodle/world.ts';

const notebook = {name: 'demo.ipynb', content: Buffer.from('{"nbformat":4,"metadata":{},"cells":[]}')};
/** What audit will say of the activities, and by whose doing. */
const toldOf = ({records}: Pick<MoodleWorld, 'records'>) =>
  records
    .all('changes')
    .flatMap(record => describeRecord({collection: 'changes', record}))
    .map(({entry: {what, who, assignment}}) => `${what}, ${assignment}, ${who}`)
    .toSorted();
const detailOf = (answer: {json: () => unknown}) => (answer.json() as {detail: string}).detail;

test('of two creations at a time one is made, and the other is refused clearly', async t => {
  const world = await startMoodle(t);
  const answers = await Promise.all([world.create(), world.create(), world.create('/12/35')]);
  t.deepEqual(answers.map(({status}) => status).toSorted(), [201, 201, 400]);
  const refused = answers.find(({status}) => status === 400);
  t.is(refused && detailOf(refused), 'Activity 12/34 already exists.');
  t.is(world.records.all('activities').length, 2);
  t.is([...world.content.keys()].filter(name => name.endsWith('source.ipynb')).length, 2);
});

test('what is still made can neither be made again nor be submitted to', async t => {
  const world = await startMoodle(t);
  world.work.run = async () => {};
  const creating = world.create();
  await until(() => world.records.all('activities').length === 1);
  t.is(detailOf(await world.create()), 'Activity 12/34 already exists.');
  const early = await world.call('POST', '/12/34/alice', {file: notebook});
  t.is(early.status, 400);
  t.is(detailOf(early), "Activity 12/34 doesn't exist.");
  world.work.run = world.doWork;
  t.is((await creating).status, 201);
});

test('a failed creation says why, leaves nothing behind, and can be tried again at once', async t => {
  const world = await startMoodle(t);
  const failure = {cause: 'autograder', message: 'No tests.', autograderSha256: null, questions: []} as const;
  world.work.run = () => world.doWork(failure);
  const failed = await world.create();
  t.is(failed.status, 400);
  t.is(detailOf(failed), 'Failed to create assignment: No tests.');
  t.is(detailOf(await world.call('POST', '/12/34/alice', {file: notebook})), "Activity 12/34 doesn't exist.");
  t.is((await world.call('DELETE', '/12/34')).status, 400);
  t.deepEqual(world.records.all('queue'), []);

  world.work.run = () => world.doWork({...failure, cause: 'infrastructure', message: 'No room.'});
  const unlucky = await world.create();
  t.is(unlucky.status, 503);
  t.is(unlucky.headers['retry-after'], '5');

  world.work.run = world.doWork;
  t.is((await world.create()).status, 201);
});

test('an archive that grades nothing is no assignment', async t => {
  const world = await startMoodle(t);
  for (const questions of [[], [{name: 'q1', possible: 0}]]) {
    world.work.run = () => world.doWork({questions});
    const {status, text} = await world.create();
    t.is(status, 400);
    t.regex(text, /Failed to create assignment: .*(no tests|nothing can be earned)/);
  }
});

test('a delete calls off what is made, and what comes of it late changes nothing', async t => {
  const world = await startMoodle(t);
  world.work.run = async () => {};
  const creating = world.create();
  await until(() => world.records.all('queue').length === 1);
  const [entry] = world.records.all('queue');
  t.is((await world.call('DELETE', '/12/34')).status, 204);
  t.regex(detailOf(await creating), /^Failed to create assignment: .*deleted/);
  t.deepEqual(world.records.all('activities'), []);
  t.deepEqual(world.records.all('queue'), []);

  world.work.run = world.doWork;
  t.is((await world.create()).status, 201);
  await world.records.transact(async transaction => entry && transaction.create('queue', entry));
  await world.doWork();
  t.not(world.records.all('activities')[0]?.creationId, entry?.kind === 'assign' ? entry.creationId : '');
  t.like(world.records.all('activities')[0], {state: 'ready'});
});

test('after a delete the ids are free, and the same notebook is graded against the new archive', async t => {
  const world = await startMoodle(t);
  await world.create();
  t.is((await world.call('POST', '/12/34/alice', {file: notebook})).status, 200);
  await world.call('DELETE', '/12/34');
  t.is((await world.create('/12/34', {file: {...file, content: Buffer.from(`${master} `)}})).status, 201);
  t.is((await world.call('POST', '/12/34/alice', {file: notebook})).status, 200);
  const submissions = world.records.all('submissions');
  t.is(submissions.length, 2);
  t.is(new Set(submissions.map(({autograderSha256}) => autograderSha256)).size, 2);
  t.is(world.records.all('grades').length, 2);
});

test('a creation whose answer nobody heard is answered again, to the same notebook alone', async t => {
  const world = await startMoodle(t);
  world.work.run = async () => {};
  const gone = new AbortController();
  const cut = world.create('/12/34', {signal: gone.signal});
  await until(() => world.records.all('queue').length === 1);
  gone.abort();
  await t.throwsAsync(cut);
  t.is((await world.create()).status, 400);
  await world.doWork();
  world.work.run = world.doWork;
  const other = {...file, content: Buffer.from(`${master} `)};
  t.is((await world.create('/12/34', {file: other})).status, 400);
  t.is((await world.create()).status, 201);
  t.is((await world.create()).status, 400);
});

test('whatever becomes of an activity is told to audit once, with who did it, in the step’s own transaction', async t => {
  const world = await startMoodle(t);
  const message = 'the author’s own words';
  world.work.run = () => world.doWork({cause: 'autograder', message, autograderSha256: null, questions: []});
  await world.create();
  const failed = ['activity not made, 34, teacher', 'activity to be made, 34, teacher'];
  t.deepEqual(toldOf(world), failed);

  world.work.run = world.doWork;
  await Promise.all([world.create(), world.create()]);
  const other = await world.sign({name: 'other'});
  t.is((await world.call('DELETE', '/12/34', {token: other})).status, 204);
  t.is((await world.call('DELETE', '/12/34')).status, 400);
  const made = ['activity deleted, 34, other', 'activity made, 34, teacher', 'activity to be made, 34, teacher'];
  t.deepEqual(toldOf(world), [...failed, ...made].toSorted());
  const {autograderSha256: archive} = world.records.all('changes').find(({step}) => step === 'ready') ?? {};
  t.true(world.content.has(`work/autograders/${archive}.zip`));
  t.false(JSON.stringify(world.records.all('changes')).includes(message));
});
