import {connect} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import {makeForm, signToken} from '../../../testing/moodle/client.ts';
import {file, master, secret, startMoodle} from '../../../testing/moodle/world.ts';

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

test('who asks comes before everything: two bodies, as the reference has them', async t => {
  const world = await startMoodle(t);
  for (const path of ['/12/34', '/12/34/alice', '/12/x', '/x/34']) {
    for (const method of ['POST', 'PUT', 'GET', 'DELETE']) {
      const {status, json} = await world.call(method, path, {token: undefined, headers: {}});
      t.is(status, 401);
      t.deepEqual(json(), {detail: 'No authorization header'});
    }
  }

  const day = 86_400;
  const now = Math.floor(Date.now() / 1000);
  const [head, body] = [{alg: 'none', typ: 'JWT'}, {name: 'teacher'}].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const wrong = {
    'another secret': await signToken('another secret of enough characters', {name: 'teacher'}),
    'no algorithm': `${head}.${body}.`,
    expired: await world.sign({name: 'teacher', exp: now - day}),
    'not yet': await world.sign({name: 'teacher', nbf: now + day}),
    'made tomorrow': await world.sign({name: 'teacher', iat: now + day}),
    'for somebody else': await world.sign({name: 'teacher', aud: 'another'}),
    garbage: 'garbage',
    'Bearer garbage': 'Bearer garbage',
    'a hub’s form': `token ${await world.sign({name: 'teacher'})}`,
  };
  for (const [what, token] of Object.entries(wrong)) {
    const {status, json} = await world.create('/12/34', {token});
    t.is(status, 401, what);
    t.deepEqual(json(), {message: 'Invalid token.'}, what);
  }

  t.deepEqual(world.records.all('activities'), []);
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

test('ids are integers, and one integer is one activity', async t => {
  const world = await startMoodle(t);
  const wrongCourse = {loc: ['path', 'course_id'], msg: 'value is not a valid integer', type: 'type_error.integer'};
  const wrongActivity = {...wrongCourse, loc: ['path', 'activity_id']};
  for (const [path, issues] of [
    ['/x/34', [wrongCourse]],
    ['/12/3.5', [wrongActivity]],
    ['/12/34$(touch%20PWNED)', [wrongActivity]],
    ['/..%2F..%2Fetc/34', [wrongCourse]],
    ['/x/y', [wrongCourse, wrongActivity]],
    ['/x/34/alice', [wrongCourse]],
    ['/99999999999999999999/1', [wrongCourse]],
  ] as const) {
    const {status, json} = await world.create(path);
    t.is(status, 422, path);
    t.deepEqual(json(), {detail: issues}, path);
  }

  t.is((await world.create('/012/34')).status, 201);
  t.like((await world.create('/12/034')).json(), {detail: 'Activity 12/34 already exists.'});
});

test('a request without the file is told so as FastAPI tells it', async t => {
  const world = await startMoodle(t);
  await world.create();
  const missing = {detail: [{loc: ['body', 'file'], msg: 'field required', type: 'value_error.missing'}]};
  for (const sending of [
    {},
    {file, field: 'notebook'},
    {body: Buffer.from('{"file": 1}'), contentType: 'application/json'},
    {body: Buffer.from('file=1'), contentType: 'application/x-www-form-urlencoded'},
  ]) {
    for (const path of ['/12/99', '/12/34/alice']) {
      const {status, json} = await world.call('POST', path, sending);
      t.is(status, 422);
      t.deepEqual(json(), missing);
    }
  }

  const contentType = 'multipart/form-data; boundary=b';
  const body = Buffer.from('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--b--\r\n');
  t.is((await world.call('POST', '/12/99', {body, contentType})).status, 422);
  t.is(world.records.all('activities').length, 1);
});

test('a form that is too large, too many-parted, damaged or cut off is refused, and nothing is kept', async t => {
  const world = await startMoodle(t, {MAX_NOTEBOOK_BYTES: '100000', BODY_MEMORY_BYTES: '300000'});
  const large = await world.create('/12/34', {file: {name: 'a.ipynb', content: Buffer.alloc(200_000, ' ')}});
  t.is(large.status, 413);
  t.regex((large.json() as {detail: string}).detail, /larger than 0\.1 MB/);

  const contentType = 'multipart/form-data; boundary=b';
  const part = (head: string, content = 'x') => `--b\r\n${head}\r\n\r\n${content}\r\n`;
  const named = 'Content-Disposition: form-data; name="file"; filename="demo.ipynb"';
  const forms = {
    'many parts': `${part('Content-Disposition: form-data; name="x"').repeat(1000)}--b--\r\n`,
    'many files': `${part('Content-Disposition: form-data; name="x"; filename="y"').repeat(1000)}--b--\r\n`,
    'a head without an end': `--b\r\n${'X: y\r\n'.repeat(10_000)}`,
    'no end': part(named, master.toString('utf8')),
    'an end in the middle': part(named, master.toString('utf8')).slice(0, -300),
    nothing: '',
  };
  for (const path of ['/12/34', '/12/34/alice']) {
    for (const [what, body] of Object.entries(forms)) {
      const {status, text} = await world.call('POST', path, {body: Buffer.from(body), contentType});
      t.is(status, 400, what);
      t.regex(text, /^\{"detail":"The form cannot be read: .+\."\}$/, what);
    }

    const {status} = await world.call('POST', path, {body: Buffer.from('x'), contentType: 'multipart/form-data; x'});
    t.is(status, 400);
  }

  t.deepEqual(world.records.all('activities'), []);
  t.deepEqual([...world.content.keys()], []);
});

test('a body that ends with its connection is nothing', async t => {
  const world = await startMoodle(t);
  const {body, contentType} = makeForm(file);
  const token = await world.sign({name: 'teacher'});
  const head = [
    ...['POST /12/34 HTTP/1.1', 'Host: holt', `Authorization: ${token}`, `Content-Type: ${contentType}`],
    ...[`Content-Length: ${body.length}`, '', ''],
  ].join('\r\n');
  const socket = connect(world.port, '127.0.0.1');
  await new Promise<void>(resolve =>
    socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, -20)]), () => resolve()),
  );
  socket.destroy();
  for (let turn = 0; !world.logs.some(({fields}) => fields?.code === 'incomplete-body') && turn < 500; turn += 1) {
    await sleep(5);
  }

  t.true(world.logs.some(({fields}) => fields?.code === 'incomplete-body'));
  t.deepEqual(world.records.all('activities'), []);
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

test('a file must be a notebook by its name and by its content', async t => {
  const world = await startMoodle(t);
  for (const name of ['demo.IPYNB', 'demo.py', 'demo', '']) {
    const {status, json} = await world.create('/12/34', {file: {name, content: master}});
    t.is(status, 400);
    t.deepEqual(json(), {detail: `The file ${name} is not a .ipynb file.`});
  }

  for (const name of ['a\\"b.ipynb', `${'ä'.repeat(150)}.ipynb`, 'a\u0007b.ipynb']) {
    const {status, text} = await world.create('/12/34', {file: {name, content: master}});
    t.is(status, 400, name);
    t.regex(text, /^\{"detail":"Failed to create assignment: Give the file a short/);
  }

  for (const content of ['', 'junk', '[]', '{"cells":[]}', '{"nbformat":4,"metadata":{},"cells":[1]}']) {
    const {status, json} = await world.create('/12/34', {file: {name: 'a.ipynb', content: Buffer.from(content)}});
    t.is(status, 400);
    t.regex((json() as {detail: string}).detail, /^Failed to create assignment: .+\.$/);
  }

  t.is((await world.create()).status, 201);
  for (const name of ['other.ipynb', 'two words.ipynb', 'demo.IPYNB', '$(touch PWNED).ipynb', 'x']) {
    t.is((await world.call('POST', `/12/34/${name.length}`, {file: {...notebook, name}})).status, 200, name);
  }

  const junk = await world.call('POST', '/12/34/alice', {file: {name: 'empty.ipynb', content: Buffer.from('')}});
  t.is(junk.status, 400);
  t.regex((junk.json() as {detail: string}).detail, /^Failed to grade assignment: .+\.$/);
});
