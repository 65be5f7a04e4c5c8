import test from 'ava';
import {lasting} from '../../../testing/kept.ts';
import {refuseByMoodle} from '../../../testing/moodle/check-refusals.ts';
import {existing} from '../../../testing/moodle/refusal-row.ts';
import {master, secret, startMoodle} from '../../../testing/moodle/world.ts';

const notebook = {name: 'demo.ipynb', content: Buffer.from('{"nbformat":4,"metadata":{},"cells":[]}')};
const submitted = {
  total: 1,
  points: {1: 1, 2: 0},
  output: {1: 'all of it', 2: 'all of it'},
};

test('an activity is created, answered to, and deleted, in the reference’s forms', async t => {
  const world = await startMoodle(t);
  const created = await world.create();
  t.is(created.status, 201, created.text);
  t.is(created.headers['content-type'], 'application/json; charset=utf-8');
  const forStudents = Buffer.from('for students').toString('base64');
  t.deepEqual(created.json(), {'demo.ipynb': forStudents, total: 2, points: {1: 1, 2: 1}});
  t.like(world.records.all('activities')[0], {state: 'ready', course: '12', activity: '34', who: 'teacher'});

  const answer = await world.call('POST', '/12/34/alice', {file: notebook});
  t.is(answer.status, 200, answer.text);
  t.deepEqual(answer.json(), submitted);

  const deleted = await world.call('DELETE', '/12/34');
  t.is(deleted.status, 204);
  t.is(deleted.text, '');
  const again = await world.call('DELETE', '/12/34');
  t.is(again.status, 400);
  t.deepEqual(again.json(), {detail: 'The assignment you tried to delete does not exist.'});
});

test('a submission is the same record as any other, and nothing of it is passed back', async t => {
  const world = await startMoodle(t);
  await world.create();
  await world.call('POST', '/12/34/alice', {file: notebook, token: await world.sign({name: 'alice'})});
  const [submission] = world.records.all('submissions');
  t.like(submission, {
    ...{course: 'moodle-12', section: 'moodle', assignment: '34', student: 'alice', client: 'mod-jupyter'},
    ...{flags: [], bytes: notebook.content.length, proof: {kind: 'jwt', verified: true, via: 'token'}},
  });
  t.deepEqual(Buffer.from(world.content.get(`work/notebooks/${submission?.id}.ipynb`) ?? []), notebook.content);
  t.like(world.records.all('grades')[0], {student: 'alice', score: {earned: 1, possible: 2}});
  t.deepEqual(world.records.all('passbacks'), []);
  t.deepEqual(world.records.all('queue'), []);
});

test('a token is taken bare and as Bearer, whatever else it says', async t => {
  const world = await startMoodle(t);
  for (const [index, claims] of [{name: 'a'}, {}, {name: 7}, {name: ''}, {exp: 4e9, sub: 'x'}].entries()) {
    const token = await world.sign(claims);
    t.is((await world.create(`/1/${index}`, {token})).status, 201);
    t.is((await world.create(`/2/${index}`, {token: `Bearer ${token}`})).status, 201);
  }
});

test('other methods and addresses are refused in the reference’s words', async t => {
  const world = await startMoodle(t, {MOODLE_PREFIX: '/services/moodle/'});
  const prefix = '/services/moodle';
  for (const method of ['GET', 'PUT', 'PATCH']) {
    const answer = await world.call(method, `${prefix}/12/34`);
    t.is(answer.status, 405);
    t.deepEqual(answer.json(), {detail: 'Method Not Allowed'});
    t.is(answer.headers.allow, 'POST, DELETE');
  }

  t.is((await world.call('DELETE', `${prefix}/12/34/alice`)).status, 405);
  for (const path of ['/', '/12', '/12/34/alice/more', '/12/34/', '/12/34/%zz', '/docs']) {
    const {status, json} = await world.call('POST', prefix + path);
    t.is(status, 404, path);
    t.deepEqual(json(), {detail: 'Not Found'});
    t.is((await world.call('POST', prefix + path, {token: undefined})).status, 401, path);
  }

  t.is((await world.create(`${prefix}/12/34`)).status, 201);
  t.is((await world.create('/12/34')).status, 404);
});

test('at the root, the addresses of others stay theirs', async t => {
  const world = await startMoodle(t);
  for (const path of ['/', '/submissions', '/courses/12/submissions', '/services/otter_grade/submissions', '/a/b']) {
    const {status, text} = await world.call('GET', path, {token: undefined});
    t.false(text.includes('authorization header'), path);
    t.true([401, 404].includes(status), path);
  }
});

test('without its secret Moodle is not answered', async t => {
  const world = await startMoodle(t, {JWT_SECRET: '', HOLT_JWT_SECRET: secret});
  t.is((await world.create()).status, 404);
});

test('one integer is one activity, however it is written', async t => {
  const world = await startMoodle(t);
  t.is((await world.create('/012/34')).status, 201);
  t.like((await world.create('/12/034')).json(), {detail: 'Activity 12/34 already exists.'});
});

test('a part may have a type, and other parts may come beside it', async t => {
  const world = await startMoodle(t);
  const part = (head: string, content: string) =>
    `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
  const parts = [
    part('name="more"', 'text'),
    part('name="file"; filename="../../etc/demo.ipynb"\r\nContent-Type: application/octet-stream', String(master)),
    '--b--\r\n',
  ];
  const form = {body: Buffer.from(parts.join('')), contentType: 'multipart/form-data; boundary=b'};
  const {status, json} = await world.call('POST', '/12/34', form);
  t.is(status, 201);
  t.true('demo.ipynb' in (json() as object));
});

test('a student’s file may have any name', async t => {
  const world = await startMoodle(t);
  await world.create();
  for (const name of ['other.ipynb', 'two words.ipynb', 'demo.IPYNB', '$(touch PWNED).ipynb', 'x']) {
    t.is((await world.call('POST', `/12/34/${name.length}`, {file: {...notebook, name}})).status, 200, name);
  }
});

test('what is malformed or hostile is refused in the reference’s forms, and nothing is kept of it', async t => {
  const world = await startMoodle(t);
  t.is((await world.create(existing)).status, 201);
  const {records, content, logs, url} = world;
  await refuseByMoodle(t, {
    ...{url, secret},
    listKept: async () => [
      ...lasting.flatMap(name => records.all(name).map(record => `${name} ${JSON.stringify(record)}`)),
      ...content.keys(),
    ],
    countCutOff: () => logs.filter(({fields}) => fields?.code === 'incomplete-body').length,
  });
});
