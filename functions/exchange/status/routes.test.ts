import test from 'ava';
import {hashBytes, makeDocumentId} from '../../../domain/document-id.ts';
import type {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import {notebookName, type ObjectName, parkedName, resultName} from '../../../domain/object-names.ts';
import type {RecordOf} from '../../../domain/records.ts';
import {Status} from '../../../domain/status.ts';
import {addSeconds} from '../../../domain/values.ts';
import {
  at,
  sampleCourse,
  sampleParked,
  samplePassback,
  sampleQueueEntry,
  sampleSubmission,
} from '../../../testing/contracts/samples.ts';
import {makeMemoryRecords} from '../../../testing/memory-records.ts';
import {until} from '../../../testing/moodle/until.ts';
import {makeClaim} from '../claim.ts';
import {parseCookies, type Reply, type Request, redirect} from '../http.ts';
import {parkedCookieName} from '../park.ts';
import {makeCheckSameOrigin} from '../same-origin.ts';
import {makeSubmit} from '../submit.ts';
import {makeWaits} from '../waits.ts';
import {makeStatusRoutes} from './routes.ts';

const base = '/services/otter_grade/';
const page = {accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'};
const form = {...page, 'content-type': 'application/x-www-form-urlencoded', origin: 'https://hub.example'};
const html = (reply: Reply): string => String(reply.body);
const data = (reply: Reply) => JSON.parse(String(reply.body));

const identityOf = (name: string, given: Partial<Identity> = {}): Identity => ({
  name,
  groups: [],
  admin: false,
  proof: {kind: 'hub', verified: true, via: 'token'},
  ...given,
});

type Ask = {
  user?: Identity | string;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
  base?: string;
  isGone?: () => boolean;
};

/** The routes over real claim and submit, records and objects in memory, and a clock that only waiting moves. */
const setUp = async () => {
  const records = makeMemoryRecords();
  const objects = new Map<string, Uint8Array>();
  const nameOf = ({bucket, name}: ObjectName) => `${bucket}/${name}`;
  let now = at(100);
  const waits: number[] = [];
  let onWait = async (_waited: number) => {};
  let ids = 0;
  const store = {
    read: async (name: ObjectName) => objects.get(nameOf(name)),
    write: async (name: ObjectName, content: Uint8Array) => {
      objects.set(nameOf(name), content);
      return 'written' as const;
    },
    copy: async (from: ObjectName, to: ObjectName) => {
      objects.set(nameOf(to), objects.get(nameOf(from)) ?? new Uint8Array());
      return 'written' as const;
    },
    remove: async (name: ObjectName) => void objects.delete(nameOf(name)),
    exists: async (name: ObjectName) => objects.has(nameOf(name)),
  };
  const newId = () => {
    ids += 1;
    return `new-${ids}`;
  };
  const shared = {...records, objects: store, now: () => now, newId, wake: async () => {}, log() {}};
  const submit = makeSubmit({
    ...shared,
    getConfig: async () => ({archivePath: 'a.zip', policy: 'latest', limits: {} as never, lineItem: undefined}),
  });
  const claim = makeClaim({...shared, hub: {findUserByCode: async () => undefined}, submit, secure: false});
  let identity: Identity | undefined;
  const answer = makeStatusRoutes({
    ...shared,
    admins: ['root'],
    waits: makeWaits(2),
    wait: async seconds => {
      waits.push(seconds);
      now = addSeconds(now, seconds);
      await onWait(waits.length);
    },
    identify: async () => identity,
    startLogin: async (prefix, next) => redirect(`/login?prefix=${prefix}&next=${encodeURIComponent(next)}`),
    claim,
    checkSameOrigin: makeCheckSameOrigin(['https://hub.example']),
  });
  const put = <C extends 'submissions'>(collection: C | Parameters<typeof records.all>[0], record: object) =>
    records.transact(async transaction =>
      transaction.put(collection as 'submissions', record as RecordOf<'submissions'>),
    );
  await put('courses', {
    ...sampleCourse({config: {staff: ['prof'], policy: 'latest', limits: {}, sections: {}}}),
    id: await makeDocumentId('course', 'demo'),
  });

  const ask = async (
    address: string,
    {user, headers = {}, method = 'GET', body = '', base: prefix = base, isGone = () => false}: Ask = {},
  ) => {
    identity = typeof user === 'string' ? identityOf(user) : user;
    const [path = '', query = ''] = address.split('?');
    const request: Request = {
      method,
      path: prefix + path,
      query: new URLSearchParams(query),
      headers,
      cookies: parseCookies(headers.cookie),
      address: '127.0.0.1',
      trace: 'trace-9',
      readBody: async () => new TextEncoder().encode(body),
      releaseBody() {},
      isGone,
    };
    const reply = await answer(request, path, prefix);
    if (!reply) {
      throw new Error(`no route for ${address}`);
    }

    return reply;
  };

  return {
    ...{records, objects, store, put, ask, answer, waits},
    onWait(run: typeof onWait) {
      onWait = run;
    },
    grade: (id: string, given: Partial<RecordOf<'results'>> = {}) => put('results', makeResult(id, given)),
    refused: async (address: string, asked?: Ask): Promise<HoltError['code'] | undefined> => {
      try {
        await ask(address, asked);
        return undefined;
      } catch (error) {
        return (error as HoltError).code;
      }
    },
  };
};

const work = {course: 'demo', section: '1', assignment: 'lab', student: 'alice'};
const makeResult = (submissionId: string, given: Partial<RecordOf<'results'>>): RecordOf<'results'> => ({
  ...work,
  id: `${submissionId}-${given.run ?? 1}`,
  submissionId,
  run: 1,
  cause: 'student',
  message: '',
  score: {earned: 2, possible: 3},
  questions: [{name: 'q1', earned: 2, possible: 3}],
  autograderSha256: 'b'.repeat(64),
  isolation: 'bubblewrap',
  otter: '7.0.0',
  receivedAt: at(0),
  workId: 'work-1',
  gradedAt: at(5),
  createdAt: at(6),
  ...given,
});
const resultObject = (given: object = {}) =>
  new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 1,
      kind: 'grade',
      submissionId: 'submission-1',
      run: 1,
      cause: 'student',
      message: '',
      log: 'staff log',
      grader: {otter: '7.0.0', isolation: 'bubblewrap'},
      startedAt: at(2),
      finishedAt: at(5),
      autograderSha256: 'b'.repeat(64),
      questions: [{name: 'q1', earned: 2, possible: 3, output: 'hidden case', publicOutput: 'public case'}],
      ...given,
    }),
  );

test('a student sees the own submission, staff see its outputs, everybody else finds nothing', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.grade('submission-1');
  await world.store.write(resultName('submission-1', 1), resultObject());

  const own = await world.ask('submissions/submission-1', {user: 'alice'});
  t.is(own.status, 200);
  t.like(Status.parse(data(own)), {state: 'graded', score: {earned: 2, possible: 3}, staff: null});
  t.true(html(own).includes('public case'));
  t.notRegex(html(own), /hidden case|staff log/);
  for (const user of ['prof', 'root', identityOf('grader', {groups: ['formgrade-demo']})]) {
    t.regex(html(await world.ask('submissions/submission-1', {user})), /hidden case.*staff log/);
  }

  for (const user of ['bob', identityOf('x', {groups: ['other-staff']}), identityOf('hub-admin', {admin: true})]) {
    t.is(await world.refused('submissions/submission-1', {user}), 'not-found');
  }

  t.is(await world.refused('submissions/submission-2', {user: 'alice'}), 'not-found');
  t.is(await world.refused('submissions/..%2f..', {user: 'alice'}), 'not-found');
});

test('a name that a page merely claims opens nothing', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  const proof = {kind: 'claimed', verified: false, via: 'header'} as const;
  for (const name of ['alice', 'prof', 'root']) {
    const user = identityOf(name, {proof});
    t.is(await world.refused('submissions/submission-1', {user}), 'not-authenticated');
    t.is(await world.refused('courses/demo/submissions', {user}), 'not-authenticated');
  }
});

test('a page asks the hub again once its session is a minute old, because another person may sit there', async t => {
  const {ask} = await setUp();
  const session = {kind: 'hub', verified: true, via: 'session'} as const;
  const at40 = identityOf('alice', {proof: session, sealedAt: at(60)});
  t.is((await ask('submissions', {user: at40, headers: page}))?.status, 200);
  const old = identityOf('alice', {proof: session, sealedAt: at(30)});
  t.is((await ask('submissions', {user: old, headers: page}))?.status, 303);
  await t.throwsAsync(ask('submissions', {user: old}), {message: /token/});
});

test('who is not logged in is sent to log in and back, a program is told', async t => {
  const {ask, refused} = await setUp();
  const reply = await ask('submissions/submission-1?wait=3', {headers: page});
  t.is(reply.status, 303);
  t.is(
    reply.headers?.Location,
    `/login?prefix=${base}&next=${encodeURIComponent(`${base}submissions/submission-1?wait=3`)}`,
  );
  t.is(await refused('submissions'), 'not-authenticated');
});

test('a result object that is missing or nonsense leaves the outputs empty', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.grade('submission-1');
  for (const content of [undefined, '{', '{"kind": "grade"}']) {
    if (content) {
      await world.store.write(resultName('submission-1', 1), new TextEncoder().encode(content));
    }

    const status = data(await world.ask('submissions/submission-1', {user: 'prof'}));
    t.deepEqual(status.questions, [{name: 'q1', earned: 2, possible: 3, output: ''}]);
  }
});

test('waiting ends with the grade, or when the time is up, and never begins for what is final', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.put('queue', sampleQueueEntry({id: 'submission-1'}));
  t.is(data(await world.ask('submissions/submission-1?wait=2', {user: 'alice'})).state, 'queued');
  t.is(
    world.waits.reduce((sum, seconds) => sum + seconds, 0),
    2,
  );

  world.waits.length = 0;
  world.onWait(async waited => {
    if (waited === 3) {
      await world.records.transact(async transaction => transaction.remove('queue', 'submission-1'));
      await world.grade('submission-1');
    }
  });
  t.is(data(await world.ask('submissions/submission-1?wait=60', {user: 'alice'})).state, 'graded');
  t.is(world.waits.length, 3);

  await world.ask('submissions/submission-1?wait=60', {user: 'alice'});
  t.is(world.waits.length, 3);
});

test('no more than a number wait at once: the next has its answer as it is, and a place when one has ended', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  const held: Array<() => void> = [];
  world.onWait(() => new Promise(resolve => void held.push(resolve)));
  const ask = () => world.ask('submissions/submission-1?wait=1', {user: 'alice'});
  const waiting = [ask(), ask()];
  await until(() => held.length === 2);
  t.is(data(await ask()).state, 'submitted');
  t.is(held.length, 2);
  while (held.length > 0) {
    held.shift()?.();
    await new Promise(setImmediate);
  }

  await Promise.all(waiting);
  world.onWait(async () => {});
  world.waits.length = 0;
  await ask();
  t.not(world.waits.length, 0);
});

test('nobody waits for a client that is gone', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.ask('submissions/submission-1?wait=60', {user: 'alice', isGone: () => world.waits.length === 3});
  t.is(world.waits.length, 3);
});

test('a wait is capped at a minute', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.ask('submissions/submission-1?wait=5000', {user: 'alice'});
  t.is(
    world.waits.reduce((sum, seconds) => sum + seconds, 0),
    60,
  );
});

test('values that make no sense are refused with a sentence', async t => {
  const {refused} = await setUp();
  const bad = ['submissions/x?wait=-1', 'submissions/x?wait=soon', 'submissions?limit=0', 'submissions?limit=201'];
  for (const address of [...bad, 'submissions?after=x', 'submissions?after=2026-01-15T00:00:00.000Z~a/b']) {
    t.is(await refused(address, {user: 'alice'}), 'malformed-request', address);
  }

  t.is(await refused('submissions', {user: 'alice', method: 'POST'}), 'method-not-allowed');
  t.is(await refused('submissions/confirm', {user: 'alice'}), 'method-not-allowed');
  t.is(await refused('courses/demo/submissions', {user: 'prof', method: 'DELETE'}), 'method-not-allowed');
});

test('other paths are left to others', async t => {
  const {answer} = await setUp();
  for (const path of [
    '',
    'courses',
    'courses/demo',
    'courses//submissions',
    'submissions/a/b',
    'courses/%zz/submissions',
  ]) {
    t.is(await answer({path, headers: {}} as Request, path, base), undefined, path);
  }
});

test('one’s own submissions come newest first, page by page, and nobody else’s', async t => {
  const world = await setUp();
  for (let index = 0; index < 5; index += 1) {
    await world.put('submissions', sampleSubmission({id: `s${index}`, receivedAt: at(index)}));
  }

  await world.put('submissions', sampleSubmission({id: 'bobs', student: 'bob', receivedAt: at(9)}));
  const seen: string[] = [];
  for (let after = ''; ; ) {
    const {submissions, next} = data(await world.ask(`submissions?limit=2${after}`, {user: 'alice'}));
    seen.push(...submissions.map(({id}: {id: string}) => id));
    if (next === null) {
      break;
    }

    after = `&after=${encodeURIComponent(next)}`;
  }

  t.deepEqual(seen, ['s4', 's3', 's2', 's1', 's0']);
});

test('nothing from outside becomes markup', async t => {
  const world = await setUp();
  const evil = '<script>alert(1)</script>"\'><img src=x>';
  const outside = {assignment: evil, section: evil};
  await world.put('submissions', sampleSubmission({...outside, student: evil}));
  await world.grade('submission-1', {...outside, message: evil, questions: [{name: evil, earned: 1, possible: 3}]});
  const question = {name: evil, earned: 1, possible: 3, output: evil, publicOutput: evil};
  await world.store.write(resultName('submission-1', 1), resultObject({questions: [question], log: evil}));
  await world.put('failures', {
    ...work,
    ...outside,
    id: 'x',
    cause: 'infrastructure',
    message: evil,
    strikes: 3,
    createdAt: at(9),
  });
  await world.put('submissions', sampleSubmission({...outside, id: 'x', student: evil}));
  await world.put('parked', sampleParked({...outside, namedStudent: evil, otherLogin: evil} as never));
  const pages = [
    await world.ask('submissions', {user: evil, headers: page}),
    await world.ask('submissions/submission-1', {user: evil, headers: page}),
    await world.ask('submissions/submission-1', {user: 'prof', headers: page}),
    await world.ask('courses/demo/submissions', {user: 'prof', headers: page}),
    await world.ask(`courses/${encodeURIComponent(evil)}/submissions`, {user: 'root', headers: page}),
  ];
  // Nobody has a course of this name: the page says so, with the name in it.
  t.deepEqual(
    pages.map(({status}) => status),
    [200, 200, 200, 200, 404],
  );
  for (const reply of pages) {
    t.true(html(reply).includes('&lt;script&gt;'));
    t.notRegex(html(reply), /<script|<img/i);
  }
});

test('a page is whole, without script, and its policy allows its one style sheet only', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.put('queue', sampleQueueEntry({id: 'submission-1'}));
  for (const [address, user] of [
    ['submissions', 'alice'],
    ['submissions/submission-1', 'alice'],
    ['submissions/nothing', 'alice'],
    ['courses/demo/submissions', 'prof'],
  ] as const) {
    const reply = await world.ask(address, {user, headers: page});
    const text = html(reply);
    t.regex(text, /^<!doctype html>\n<html lang="en">/);
    t.is(text.match(/<h1>/g)?.length, 1);
    t.is(text.match(/<main /g)?.length, 1);
    t.notRegex(text, /<script| style="| on\w+="|undefined|\[object/);
    const style = /<style>([^<]*)<\/style>/.exec(text)?.[1] ?? '';
    const hash = Buffer.from(await hashBytes(style), 'hex').toString('base64');
    const policy = String(reply.headers?.['Content-Security-Policy']);
    t.true(policy.includes(`default-src 'none'; style-src 'sha256-${hash}'`));
    const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(match => match[1]);
    t.is(new Set(ids).size, ids.length);
    for (const [, named] of text.matchAll(/aria-labelledby="([^"]*)"/g)) {
      t.true(ids.includes(named));
    }

    const open = text.replace(/<(meta|input|path|circle|rect|br|!doctype)[^>]*>/g, '');
    const stack: string[] = [];
    for (const [, end, name = ''] of open.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      t.is(end ? stack.pop() : stack.push(name) && name, name, `${address}: </${name}>`);
    }

    t.deepEqual(stack, []);
  }
});

test('a page renews itself only while something is under way', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.put('queue', sampleQueueEntry({id: 'submission-1'}));
  const pages = () =>
    Promise.all(
      ['submissions', 'submissions/submission-1'].map(path => world.ask(path, {user: 'alice', headers: page})),
    );
  t.true((await pages()).every(reply => html(reply).includes('http-equiv="refresh"')));
  await world.records.transact(async transaction => transaction.remove('queue', 'submission-1'));
  await world.grade('submission-1');
  await world.put('passbacks', samplePassback({state: 'sent', settledAt: at(8), nextAttemptAt: null}));
  t.false((await pages()).some(reply => html(reply).includes('http-equiv="refresh"')));
});

test('a failure in a browser is a page with its status and the way on', async t => {
  const {ask} = await setUp();
  const reply = await ask('submissions/nothing', {user: 'alice', headers: page});
  t.is(reply.status, 404);
  t.regex(html(reply), /role="alert".*You have no submission of this id/s);
  t.true(html(reply).includes('trace-9'));
});

test('a waiting notebook that names the student is offered, and confirmed once it is submitted', async t => {
  const world = await setUp();
  await world.put(
    'parked',
    sampleParked({id: 'p1', submissionId: 'promised', namedStudent: 'alice', otherLogin: null}),
  );
  await world.store.write(parkedName('promised'), new Uint8Array([1]));
  const offered = await world.ask('submissions', {user: 'alice', headers: page});
  t.regex(
    html(offered),
    /is it yours\?.*action="\/services\/otter_grade\/submissions\/confirm".*name="parked" value="p1"/s,
  );
  t.is(data(await world.ask('submissions', {user: 'bob'})).offers.length, 0);

  for (let press = 0; press < 2; press += 1) {
    const reply = await world.ask('submissions/confirm', {
      user: 'alice',
      method: 'POST',
      headers: form,
      body: 'parked=p1',
    });
    t.is(reply.status, 303);
    t.is(reply.headers?.Location, `${base}submissions/promised`);
  }

  t.like(world.records.all('submissions'), {0: {id: 'promised', student: 'alice', flags: ['claimed-late']}, length: 1});
  t.deepEqual(await world.store.read(notebookName('promised')), new Uint8Array([1]));
  t.is(data(await world.ask('submissions', {user: 'alice'})).offers.length, 0);
});

test('a notebook that this browser parked without a name is offered to it alone', async t => {
  const world = await setUp();
  const cookie = `${parkedCookieName('p1')}=secret`;
  await world.put('parked', sampleParked({id: 'p1', submissionId: 'promised', cookieHash: await hashBytes('secret')}));
  await world.store.write(parkedName('promised'), new Uint8Array([1]));
  const confirm = {user: 'alice', method: 'POST', body: 'parked=p1'};
  t.is((await world.ask('submissions/confirm', {...confirm, headers: form})).status, 404);
  t.is(data(await world.ask('submissions', {user: 'alice'})).offers.length, 0);
  t.is(data(await world.ask('submissions', {user: 'alice', headers: {cookie}})).offers.length, 1);

  const reply = await world.ask('submissions/confirm', {...confirm, headers: {...form, cookie}});
  t.is(reply.status, 303);
  t.regex(String(reply.headers?.['Set-Cookie']), /^holt-parked-p1=; .*Max-Age=0/);
});

test('a notebook that names somebody else is neither offered nor confirmed, whoever holds its cookie', async t => {
  const world = await setUp();
  const cookie = `${parkedCookieName('p1')}=secret`;
  await world.put('parked', sampleParked({id: 'p1', namedStudent: 'bob', cookieHash: await hashBytes('secret')}));
  t.is(data(await world.ask('submissions', {user: 'alice', headers: {cookie}})).offers.length, 0);
  const reply = await world.ask('submissions/confirm', {
    user: 'alice',
    method: 'POST',
    headers: {...form, cookie},
    body: 'parked=p1',
  });
  t.is(reply.status, 404);
  t.deepEqual(world.records.all('submissions'), []);
});

test('a confirmation from another site, without a login, of nonsense or too late changes nothing', async t => {
  const world = await setUp();
  await world.put('parked', sampleParked({id: 'p1', namedStudent: 'alice'}));
  await world.put('parked', sampleParked({id: 'p2', namedStudent: 'alice', expireAt: at(50)}));
  const confirm = (given: object) =>
    world.ask('submissions/confirm', {user: 'alice', method: 'POST', headers: form, body: 'parked=p1', ...given});
  t.is((await confirm({headers: {...form, origin: 'https://evil.example'}})).status, 403);
  t.is((await confirm({headers: {...form, 'sec-fetch-site': 'cross-site'}})).status, 403);
  t.regex(String((await confirm({user: undefined})).headers?.Location), /submissions$/);
  t.is((await confirm({body: 'parked=..%2Fp1'})).status, 400);
  t.is((await confirm({headers: {...form, 'content-type': 'text/plain'}})).status, 400);
  t.is((await confirm({body: 'parked=p2'})).status, 410);
  t.is((await confirm({body: 'parked=p3'})).status, 404);
  t.deepEqual(world.records.all('submissions'), []);
});

test('a visit claims what this browser parked under the visitor’s name', async t => {
  const world = await setUp();
  const cookie = `${parkedCookieName('p1')}=secret`;
  await world.put(
    'parked',
    sampleParked({id: 'p1', submissionId: 'promised', namedStudent: 'alice', cookieHash: await hashBytes('secret')}),
  );
  await world.store.write(parkedName('promised'), new Uint8Array([1]));
  const reply = await world.ask('submissions', {user: 'alice', headers: {...page, cookie}});
  t.regex(String(reply.headers?.['Set-Cookie']), /^holt-parked-p1=; /);
  t.true(html(reply).includes('submissions/promised'));
  t.false(html(reply).includes('is it yours?'));
});

test('staff see what needs attention first, others do not learn of the course', async t => {
  const world = await setUp();
  const {put} = world;
  await put('submissions', sampleSubmission({id: 'good', receivedAt: at(1)}));
  await world.grade('good', {id: 'good-1', submissionId: 'good'});
  await put('submissions', sampleSubmission({id: 'given-up', workId: 'work-2', student: 'bob', receivedAt: at(2)}));
  await put('failures', {
    ...work,
    id: 'given-up',
    student: 'bob',
    cause: 'infrastructure',
    message: 'three runs died',
    strikes: 3,
    createdAt: at(9),
  });
  await put('submissions', sampleSubmission({id: 'broken', workId: 'work-3', student: 'carol', receivedAt: at(3)}));
  await world.grade('broken', {student: 'carol', workId: 'work-3', cause: 'autograder', message: 'no tests'});
  await put('submissions', sampleSubmission({id: 'mended', workId: 'work-4', receivedAt: at(4)}));
  await world.grade('mended', {run: 1, workId: 'work-4', cause: 'autograder'});
  await world.grade('mended', {run: 2, workId: 'work-4'});
  await put('submissions', sampleSubmission({id: 'waits', workId: 'work-5', receivedAt: at(5)}));
  await put('queue', sampleQueueEntry({id: 'waits', waitingFor: {cause: 'autograder', message: 'not a zip'}}));
  await put('submissions', sampleSubmission({id: 'turn', workId: 'work-6', receivedAt: at(6)}));
  await put('queue', sampleQueueEntry({id: 'turn'}));
  await put(
    'passbacks',
    samplePassback({id: 'g1-1', gradeId: 'g1', state: 'failed', attempts: 3, message: 'no such user'}),
  );
  await put(
    'passbacks',
    samplePassback({id: 'g2-1', gradeId: 'g2', state: 'pending', attempts: 2, message: 'timeout'}),
  );
  await put('passbacks', samplePassback({id: 'g3-1', gradeId: 'g3', state: 'pending', attempts: 0}));
  await put('parked', sampleParked({id: 'p1', namedStudent: 'zoe'}));
  await put('parked', sampleParked({id: 'p2', namedStudent: 'yan', otherLogin: 'bob'} as never));
  await put('parked', sampleParked({id: 'p3', createdAt: at(99)}));
  await put('parked', sampleParked({id: 'p4', expireAt: at(99)}));

  const list = data(await world.ask('courses/demo/submissions?limit=4', {user: 'prof'}));
  t.deepEqual(
    list.attention.map(({kind, submissionId, student}: Record<string, string>) => [kind, submissionId ?? student]),
    [
      ['failed', 'given-up'],
      ['failed', 'broken'],
      ['waiting', 'waits'],
      ['not-in-lms', 'submission-1'],
      ['not-in-lms', 'submission-1'],
      ['other-login', 'yan'],
      ['unclaimed', 'zoe'],
    ],
  );
  t.deepEqual(
    list.submissions.map(({id, state}: Record<string, string>) => [id, state]),
    [
      ['turn', 'queued'],
      ['waits', 'queued'],
      ['mended', 'graded'],
      ['broken', 'failed'],
    ],
  );
  const rest = data(await world.ask(`courses/demo/submissions?after=${encodeURIComponent(list.next)}`, {user: 'prof'}));
  t.deepEqual(
    rest.submissions.map(({id}: {id: string}) => id),
    ['given-up', 'good'],
  );
  t.deepEqual([rest.attention, rest.next], [[], null]);
  t.is(await world.refused('courses/demo/submissions', {user: 'alice'}), 'not-found');
  t.is(await world.refused('courses/unknown/submissions', {user: 'alice'}), 'not-found');
});

test('a course’s own problems come first; an archive’s first inspection is none', async t => {
  const world = await setUp();
  const section = {subpath_to_zips: 'm', assignments: {lab: ''}};
  const sha256 = 'c'.repeat(64);
  await world.put('courses', {
    ...sampleCourse({
      config: {staff: ['prof'], policy: 'latest', limits: {}, sections: {1: section}},
      problem: 'course-config.json is not JSON',
      archives: {'m/lab-autograder.zip': {sha256}, 'm/lab2-autograder.zip': {problem: 'not a zip', checkedAt: at(1)}},
    }),
    id: await makeDocumentId('course', 'demo'),
  });
  await world.put('queue', sampleQueueEntry({id: 's', waitingFor: {cause: 'autograder', message: 'being checked'}}));
  const inspect = {...sampleQueueEntry({id: `inspect-${sha256}`}), kind: 'inspect', autograderSha256: sha256};
  await world.put('queue', inspect);
  const kinds = async () =>
    data(await world.ask('courses/demo/submissions', {user: 'prof'})).attention.map(({kind}: {kind: string}) => kind);
  t.deepEqual(await kinds(), ['course-problem', 'archive-problem']);

  await world.put('queue', {...inspect, strikes: 1});
  t.deepEqual(await kinds(), ['course-problem', 'archive-problem', 'waiting']);
  const missing = {cause: 'infrastructure', message: 'a layer is missing'};
  await world.put('queue', {...inspect, strikes: 2, waitingFor: missing});
  const {attention} = data(await world.ask('courses/demo/submissions', {user: 'prof'}));
  t.is(attention.at(-1).message, missing.message);
});

const signs = ['q1: the snapshot says yes to what cannot be.', '7 registrations of snapshots were refused.'];

test('staff see signs of tampering and the log; the student’s own view has neither, as page or as JSON', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.put('queue', sampleQueueEntry({id: 'submission-1'}));
  await world.grade('submission-1', {run: 1, cause: 'infrastructure', review: signs, forReview: true});
  const object = resultObject({run: 2, review: signs, log: 'THE LOG'});
  await world.store.write(resultName('submission-1', 2), object);
  const addresses = ['submissions/submission-1', 'submissions/submission-1?wait=1', 'submissions'];
  const secrets = /says yes|registrations|THE LOG|tampering|review|hidden case/i;
  for (const state of ['queued', 'graded']) {
    if (state === 'graded') {
      await world.records.transact(async transaction => transaction.remove('queue', 'submission-1'));
      await world.grade('submission-1', {run: 2, review: signs, forReview: true});
    }

    for (const headers of [page, {}]) {
      for (const address of addresses) {
        const own = await world.ask(address, {user: 'alice', headers});
        t.is(own.status, 200);
        t.true(html(own).includes('submission-1'));
        t.notRegex(html(own), secrets, `${state}: ${address}`);
      }

      const shown = html(await world.ask('submissions/submission-1', {user: 'prof', headers}));
      t.true(
        signs.every(sign => shown.split(sign).length === 2),
        'each sign once',
      );
      t.is(shown.includes('THE LOG'), state === 'graded');
    }
  }

  const {staff} = data(await world.ask('submissions/submission-1', {user: 'prof'}));
  t.deepEqual(staff.review, signs);
  t.is(await world.refused('submissions/submission-1', {user: 'bob'}), 'not-found');
});

test('a submission that looks like tampering needs attention, with the evidence and the way to it', async t => {
  const world = await setUp();
  const flag = async (id: string, given: Partial<RecordOf<'results'>>) => {
    await world.put('submissions', sampleSubmission({id, student: given.student ?? 'alice', workId: id}));
    await world.grade(id, {workId: id, forReview: true, ...given});
  };
  await flag('twice', {run: 1, review: ['an older run'], createdAt: at(6)});
  await flag('twice', {run: 2, review: signs, createdAt: at(9)});
  await flag('same', {student: 'bob', review: signs, createdAt: at(8)});
  await flag('many', {student: 'carol', review: Array.from({length: 9}, (_, index) => `sign ${index}.`)});
  await world.grade('honest');
  await world.put('results', makeResult('elsewhere', {course: 'other', review: signs, forReview: true}));
  await world.put('passbacks', samplePassback({gradeId: 'g1', state: 'failed', attempts: 3, message: 'no such user'}));
  await world.put('parked', sampleParked({id: 'p1', namedStudent: 'zoe'}));

  const {attention, attentionIsCut} = data(await world.ask('courses/demo/submissions', {user: 'prof'}));
  t.deepEqual(
    attention.map(({kind, submissionId, student}: Record<string, string>) => [kind, submissionId, student]),
    [
      ['not-in-lms', 'submission-1', 'alice'],
      ['for-review', 'twice', 'alice'],
      ['for-review', 'same', 'bob'],
      ['for-review', 'many', 'carol'],
      ['unclaimed', null, 'zoe'],
    ],
  );
  t.like(attention[1], {message: signs.join(' '), at: at(9), assignment: 'lab'});
  t.is(attention[3].message, 'sign 0. sign 1. sign 2. sign 3. sign 4. … and 4 more.');
  t.false(attentionIsCut);

  const text = html(await world.ask('courses/demo/submissions', {user: 'prof', headers: page}));
  t.is(text.split('Looks like tampering').length, 3, 'one note for one evidence');
  t.regex(text, /registrations of snapshots.*href="\/services\/otter_grade\/submissions\/twice">alice<.*same">bob</s);
  t.is(await world.refused('courses/demo/submissions', {user: 'alice'}), 'not-found');
});

test('staff see on the course’s first page what of each autograder is forgeable', async t => {
  const world = await setUp();
  const evil = '<img src=x>';
  const hashes = ['c', 'd', 'e', 'f'].map(letter => letter.repeat(64));
  const archives = Object.fromEntries(hashes.map((sha256, index) => [`m/lab${index}-autograder.zip`, {sha256}]));
  const assignments = {lab0: '', lab1: '', lab2: '', lab3: '', lab4: '', lab5: ''};
  await world.put('courses', {
    ...sampleCourse({
      config: {
        ...{staff: ['prof'], policy: 'latest', limits: {}},
        sections: {1: {subpath_to_zips: 'm', assignments}, 2: {subpath_to_zips: './m/', assignments: {lab0: ''}}},
      },
      archives: {...archives, 'm/lab4-autograder.zip': {problem: 'not a zip', checkedAt: at(1)}},
    }),
    id: await makeDocumentId('course', 'demo'),
  });
  const inspect = (index: number, given: object) =>
    world.put('autograders', {
      id: hashes[index],
      problem: null,
      cause: null,
      createdAt: at(0),
      questions: [],
      ...given,
    });
  await inspect(0, {
    questions: [
      {name: 'q1', possible: 2, forgeable: []},
      {name: evil, possible: 3, forgeable: [0, 2]},
    ],
    unsupported: [],
  });
  await inspect(1, {questions: [{name: 'q1', possible: 1}], unsupported: [`tests/${evil}.py computes test.`]});
  await inspect(2, {questions: [{name: 'q1', possible: 1}]});
  await inspect(3, {problem: 'The archive has no tests.', cause: 'autograder'});

  const {autograders} = data(await world.ask('courses/demo/submissions', {user: 'prof'}));
  const first = [
    {name: 'q1', possible: 2, forgeable: []},
    {name: evil, possible: 3, forgeable: [`${evil} - 1`, `${evil} - 3`]},
  ];
  const unlisted = [{name: 'q1', possible: 1, forgeable: null}];
  t.deepEqual(
    autograders.map(({section, assignment, questions, unsupported}: Record<string, unknown>) => ({
      [`${section}/${assignment}`]: [questions, unsupported],
    })),
    [
      {'1/lab0': [first, []]},
      {'1/lab1': [unlisted, [`tests/${evil}.py computes test.`]]},
      {'1/lab2': [unlisted, []]},
      {'1/lab3': [null, []]},
      {'1/lab4': [null, []]},
      {'1/lab5': [null, []]},
      {'2/lab0': [first, []]},
    ],
  );
  t.is(autograders[6].archive, 'm/lab0-autograder.zip');
  const text = html(await world.ask('courses/demo/submissions', {user: 'prof', headers: page}));
  t.regex(
    text,
    /can be forged.*lab0<.*&lt;img src=x&gt; - 1, &lt;img src=x&gt; - 3.*lab1<.*plain otter grades it.*lab0</s,
  );
  t.notRegex(text, /<img/);
  t.notRegex(text.slice(text.indexOf('can be forged')), /lab[2-5]/);

  await world.put('submissions', sampleSubmission());
  const after = encodeURIComponent(`${at(1)}~x`);
  t.deepEqual(data(await world.ask(`courses/demo/submissions?after=${after}`, {user: 'prof'})).autograders, []);
  t.is(await world.refused('courses/demo/submissions', {user: 'alice'}), 'not-found');
});

test('a failure that a newer notebook’s score has settled needs nobody', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  await world.put('failures', {
    ...work,
    id: 'submission-1',
    cause: 'infrastructure',
    message: 'm',
    strikes: 3,
    createdAt: at(9),
  });
  const list = async () => data(await world.ask('courses/demo/submissions', {user: 'prof'}));
  t.is((await list()).attention.length, 1);
  await world.put('grades', {
    ...work,
    ...{id: 'work-1', submissionId: 'newer', run: 1, score: {earned: 1, possible: 1}, policy: 'latest'},
    ...{receivedAt: at(50), revision: 1, resultsSeen: 1, decidedAt: at(60), createdAt: at(60)},
  });
  t.is((await list()).attention.length, 0);
});

test('the root serves the same routes, its links without the client’s prefix', async t => {
  const world = await setUp();
  await world.put('submissions', sampleSubmission());
  const reply = await world.ask('submissions', {user: 'alice', headers: page, base: '/'});
  t.true(html(reply).includes('href="/submissions/submission-1"'));
  t.false(html(reply).includes(base));
});
