import test from 'ava';
import {addSeconds} from '../../../domain/values.ts';
import {signToken} from '../../../testing/moodle/client.ts';
import {answerNotebook} from '../../../testing/moodle/demo.ts';
import {until} from '../../../testing/moodle/until.ts';
import {file, master, startMoodle} from '../../../testing/moodle/world.ts';

const notebook = {name: 'demo.ipynb', content: Buffer.from('{"nbformat":4,"metadata":{},"cells":[]}')};
const detailOf = (answer: {json: () => unknown}) => (answer.json() as {detail: string}).detail;

test('a notebook that is sent twice, also at once, is one submission with one result', async t => {
  const world = await startMoodle(t);
  await world.create();
  const submit = () => world.call('POST', '/12/34/alice', {file: notebook});
  const answers = [...(await Promise.all([submit(), submit(), submit()])), await submit()];
  t.deepEqual([...new Set(answers.map(({status}) => status))], [200]);
  t.is(new Set(answers.map(({text}) => text)).size, 1);
  t.is(world.records.all('submissions').length, 1);
  t.is(world.records.all('results').length, 1);
});

test('a grading that takes too long is 408, goes on, and the next request has its result', async t => {
  const world = await startMoodle(t, {GRADING_TIMEOUT: '7'});
  await world.create();
  world.work.run = async () => {};
  const begin = world.clock.now;
  const late = await world.call('POST', '/12/34/alice', {file: notebook});
  t.is(late.status, 408);
  t.deepEqual(late.json(), {detail: 'Notebook grading timed out.'});
  t.is(world.clock.now, addSeconds(begin, 7));
  await world.doWork();
  t.is((await world.call('POST', '/12/34/alice', {file: notebook})).status, 200);
  t.is(world.records.all('submissions').length, 1);
});

test('a notebook beyond those whose grades are waited for is kept, and told apart from a slow one', async t => {
  const world = await startMoodle(t, {MOODLE_WAITS_AT_ONCE: '1'});
  await world.create();
  world.work.run = async () => {};
  const gone = new AbortController();
  const first = world.call('POST', '/12/34/alice', {file: notebook, signal: gone.signal});
  await until(() => world.records.all('submissions').length === 1 && world.waits.seconds > 0);
  const second = await world.call('POST', '/12/34/bob', {file: notebook});
  t.is(second.status, 503);
  t.regex(detailOf(second), /The notebook is kept .+ submit it again in a minute/);
  gone.abort();
  await t.throwsAsync(first);
  world.work.run = world.doWork;
  await until(() => true);
  await world.doWork();
  t.is((await world.call('POST', '/12/34/bob', {file: notebook})).status, 200);
  t.is(world.records.all('submissions').length, 2);
});

test('while staff has paused grading a notebook is kept, and its student is told at once', async t => {
  const world = await startMoodle(t);
  await world.create();
  world.work.run = async () => {
    await world.records.transact(async transaction => {
      const entry = await transaction.find('queue', world.records.all('queue')[0]?.id ?? '');
      const waitingFor = {cause: 'paused', message: 'Staff has paused grading; your notebook is kept.'} as const;
      if (entry) {
        transaction.put('queue', {...entry, visibleAt: '9999-01-01T00:00:00.000Z', waitingFor});
      }
    });
  };
  const paused = await world.call('POST', '/12/34/alice', {file: notebook});
  t.is(paused.status, 503);
  t.regex(detailOf(paused), /paused .*Submit it again then/);
  t.true(world.waits.seconds < 20, 'nobody waits for what staff has stopped');
  t.is(world.records.all('submissions').length, 1);
});

test('when the client goes away the grading goes on, and nobody waits for it any more', async t => {
  const world = await startMoodle(t);
  await world.create();
  world.work.run = async () => {};
  const gone = new AbortController();
  const cut = world.call('POST', '/12/34/alice', {file: notebook, signal: gone.signal});
  await until(() => world.records.all('submissions').length === 1);
  gone.abort();
  await t.throwsAsync(cut);
  await new Promise(resolve => setTimeout(resolve, 20));
  const {seconds} = world.waits;
  await new Promise(resolve => setTimeout(resolve, 20));
  t.is(world.waits.seconds, seconds);
  await world.doWork();
  t.is((await world.call('POST', '/12/34/alice', {file: notebook})).status, 200);
});

test('what the machine or the archive is to blame for is no zero', async t => {
  const world = await startMoodle(t, {GRADING_TIMEOUT: '3'});
  await world.create();
  const failure = {message: 'Tests cannot load.', questions: []} as const;
  world.work.run = () => world.doWork({...failure, cause: 'autograder'});
  const broken = await world.call('POST', '/12/34/alice', {file: notebook});
  t.is(broken.status, 400);
  t.is(detailOf(broken), 'Failed to grade assignment: Tests cannot load.');

  world.work.run = async () => {
    world.work.run = async () => {};
    await world.doWork({...failure, cause: 'infrastructure'});
  };
  const waiting = await world.call('POST', '/12/34/bob', {file: notebook});
  t.is(waiting.status, 503, 'not 408: the notebook takes no time');
  t.regex(detailOf(waiting), /waits for the grader, through no fault of its own, .+: submit it again in a few minutes/);
  t.deepEqual(world.records.all('grades'), []);
});

test('what was given up on is 503, and graded when it is sent again', async t => {
  const world = await startMoodle(t);
  await world.create();
  world.work.run = async () => {
    const [entry] = world.records.all('queue');
    const [submission] = world.records.all('submissions');
    await world.records.transact(async transaction => {
      if (entry && submission) {
        const {id, course, section, assignment, student, createdAt} = submission;
        const failure = {id, course, section, assignment, student, createdAt, strikes: 3, message: 'No machine.'};
        transaction.create('failures', {...failure, cause: 'infrastructure'});
        transaction.remove('queue', entry.id);
      }
    });
  };
  t.is((await world.call('POST', '/12/34/alice', {file: notebook})).status, 503);
  world.work.run = world.doWork;
  t.is((await world.call('POST', '/12/34/alice', {file: notebook})).status, 200);
  t.is(world.records.all('submissions').length, 1);
});

test('the text of hidden cases is told as the reference tells it, unless it is switched off', async t => {
  for (const [environment, told] of [
    [{}, 'all of it'],
    [{MOODLE_SHOW_HIDDEN_OUTPUT: 'false'}, 'some of it'],
  ] as const) {
    const world = await startMoodle(t, environment);
    await world.create();
    const {json} = await world.call('POST', '/12/34/alice', {file: notebook});
    t.like(json(), {output: {1: told, 2: told}});
  }
});

test('a question without a text of its own is told why', async t => {
  const world = await startMoodle(t);
  await world.create();
  const questions = [{name: 'q1', earned: 0, possible: 1, output: '', publicOutput: ''}];
  world.work.run = () => world.doWork({questions, cause: 'limit', message: 'It took too long.'});
  const {json} = await world.call('POST', '/12/34/alice', {file: notebook});
  const told = (question: string) => `${question} results:\nIt took too long.`;
  t.deepEqual(json(), {total: 0, points: {1: 0, 2: 0}, output: {1: told('q1'), 2: told('q2')}});
});

test('a token for a user submits for that user alone, and makes and deletes nothing', async t => {
  const world = await startMoodle(t, {MOODLE_TOKEN_SCOPES: 'required', MOODLE_TOKEN_AUDIENCE: 'holt'});
  const exp = Math.floor(Date.now() / 1000) + 60;
  const sign = (claims: object) => world.sign({aud: 'holt', exp, ...claims});
  const student = await sign({name: 'Alice', scope: 'submit'});
  const staff = await sign({name: 'teacher', scope: 'create delete submit-any'});
  for (const [method, path] of [
    ['POST', '/12/34'],
    ['DELETE', '/12/34'],
    ['POST', '/12/34/bob'],
  ] as const) {
    const {status, json} = await world.call(method, path, {file, token: student});
    t.is(status, 403, path);
    t.regex((json() as {detail: string}).detail, /^This token may not .+\.$/);
  }

  t.is((await world.create('/12/34', {token: staff})).status, 201);
  const submit = (token: string) => world.call('POST', '/12/34/alice', {file: notebook, token});
  t.is((await submit(student)).status, 200);
  t.is((await submit(staff)).status, 200);
  t.is((await submit(await sign({name: 'alice'}))).status, 403);
  t.is((await submit(await sign({name: 'alice', scope: 'submit', aud: 'another'}))).status, 401);
  t.is((await submit(await world.sign({name: 'alice', scope: 'submit', exp}))).status, 401);
  t.is((await submit(await world.sign({name: 'alice', scope: 'submit', aud: 'holt'}))).status, 401);
});

test('a token that is limited stays limited where others need not be', async t => {
  const world = await startMoodle(t);
  const token = await world.sign({name: 'alice', scope: 'submit'});
  t.is((await world.create('/12/34', {token})).status, 403);
  t.is((await world.create()).status, 201);
  t.is((await world.call('POST', '/12/34/bob', {file: notebook, token})).status, 403);
  t.is((await world.call('POST', '/12/34/ALICE', {file: notebook, token})).status, 200);
  t.is((await world.call('POST', '/12/34/bob', {file: notebook})).status, 200);
  const flags = Object.fromEntries(world.records.all('submissions').map(one => [one.student, one.flags]));
  t.deepEqual(flags, {ALICE: [], bob: ['unverified']});
});

test('a student’s name is only a name', async t => {
  const world = await startMoodle(t);
  await world.create();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell would read it.
  const students = ['x$(touch${IFS}PWNED)', '../../etc/passwd', 'a b', "o'neill", 'ä@example.org', '%'];
  for (const student of students) {
    const path = `/12/34/${encodeURIComponent(student).replaceAll('.', '%2E')}`;
    t.is((await world.call('POST', path, {file: notebook})).status, 200, student);
  }

  const kept = world.records.all('submissions').map(({student}) => student);
  t.deepEqual(kept.toSorted(), students.toSorted());
  for (const hostile of ['%00', '%0A', 'x'.repeat(300)]) {
    t.is((await world.call('POST', `/12/34/${hostile}`, {file: notebook})).status, 404);
  }

  const all = [...world.content.keys()].join('\n');
  t.notRegex(all, /PWNED|passwd|neill|\.\./);
});

test('who waits for a grade holds no memory that others need', async t => {
  const content = answerNotebook(master, [], `# ${'x'.repeat(40_000)}\n`);
  const world = await startMoodle(t, {BODY_MEMORY_BYTES: '100000', GRADING_TIMEOUT: '3600'});
  await world.create();
  world.work.run = async () => {
    if (world.records.all('submissions').length === 6) {
      await world.doWork();
    }
  };
  const answers = await Promise.all(
    Array.from({length: 6}, async (_, index) => {
      await until(() => world.records.all('submissions').length >= index);
      return world.call('POST', `/12/34/s${index}`, {file: {name: 'a.ipynb', content}});
    }),
  );
  t.deepEqual([...new Set(answers.map(({status}) => status))], [200]);
});

test('staff see what was submitted to Moodle’s activities as they see any other course', async t => {
  const hub = {HOLT_JWT_SECRET: 'another secret of enough characters', HOLT_ADMINS: 'admin'};
  const world = await startMoodle(t, hub);
  await world.create();
  await world.call('POST', '/12/34/alice', {file: notebook});
  const token = await signToken(hub.HOLT_JWT_SECRET, {sub: 'admin', exp: 4e9});
  const look = (path: string) => world.call('GET', path, {token: `Bearer ${token}`});
  const list = (await look('/courses/moodle-12/submissions')).json() as {attention: []; submissions: {id: string}[]};
  t.deepEqual(list.attention, []);
  t.like(list.submissions[0], {student: 'alice', assignment: '34', state: 'graded', score: {earned: 1, possible: 2}});
  const one = (await look(`/submissions/${list.submissions[0]?.id}`)).json();
  t.like(one, {state: 'graded', passback: null, flags: ['unverified'], message: 'Your notebook is graded.'});
});
