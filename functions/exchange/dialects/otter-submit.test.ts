import {createHash} from 'node:crypto';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {openBrowser, pressSubmit} from '../../../emulator/as-otter-submit.ts';
import {checkNothingMade, checkProblem, checkRefusals, checkWhole} from '../../../testing/exchange-checks.ts';
import {makeNotebook, prefix, startExchange} from '../../../testing/exchange-world.ts';

const success = 'Your submission is being graded and will be posted to the gradebook once it is finished running!';
const alice = {Authorization: 'token dev-alice'};

test('a notebook is answered with the reference’s sentence, its place and its number', async t => {
  const world = await startExchange(t);
  const notebook = makeNotebook();
  const answer = await world.post({nb: notebook}, alice);
  t.is(answer.status, 200);
  t.is(await answer.text(), success);
  t.regex(answer.headers.get('content-type') ?? '', /^text\/html/);

  const [submission] = world.records.all('submissions');
  const content = JSON.stringify(notebook);
  t.is(answer.headers.get('holt-submission'), submission?.id ?? '');
  t.is(answer.headers.get('location'), `${prefix}submissions/${submission?.id}`);
  t.like(submission, {
    ...{course: 'demo', section: '1', assignment: 'lab', student: 'alice', client: 'otter-submit', flags: []},
    ...{namedStudent: null, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex')},
    proof: {kind: 'hub', verified: true, via: 'token'},
  });
  t.is(Buffer.from(world.content.get(`work/notebooks/${submission?.id}.ipynb`) ?? []).toString(), content);
  t.deepEqual(world.wakes, [undefined]);
  checkWhole(t, world);
  checkRefusals(t, world, []);
});

test('the address in Location answers, and only its student', async t => {
  const world = await startExchange(t);
  const answer = await world.post({nb: makeNotebook()}, alice);
  const place = world.url + answer.headers.get('location');
  const status = await fetch(place, {headers: alice});
  t.like(await status.json(), {state: 'queued', student: 'alice', course: 'demo'});
  const other = await fetch(place, {headers: {Authorization: 'token dev-mallory'}});
  t.is(other.status, 404);
});

test('otter-submit 0.1.16 names nobody but in its Referer, and is known by the hub all the same', async t => {
  for (const referer of ['/user/alice/lab/tree/lab.ipynb', '/']) {
    const world = await startExchange(t);
    const browser = openBrowser();
    await browser.send(`${world.url}/hub/login`, {method: 'POST', body: 'username=alice'});
    const answer = await browser.send(`${world.url}${prefix}`, {
      method: 'POST',
      headers: {'Content-Type': 'application/json', Origin: world.url, Referer: `${world.url}${referer}`},
      body: JSON.stringify({nb: makeNotebook()}),
    });
    t.is(await answer.text(), success);
    t.like(world.records.all('submissions')[0], {student: 'alice', namedStudent: null, proof: {via: 'oauth'}});
  }
});

test('otter-submit’s own press goes through the hub and comes back with the sentence', async t => {
  const world = await startExchange(t);
  const browser = openBrowser();
  await browser.send(`${world.url}/hub/login`, {method: 'POST', body: 'username=alice'});
  const answer = await pressSubmit(browser, {
    origin: world.url,
    prefix,
    student: 'alice',
    path: 'lab.ipynb',
    notebook: JSON.stringify(makeNotebook()),
  });
  t.is(await answer.text(), success);
  t.like(world.records.all('submissions')[0], {student: 'alice', proof: {kind: 'hub', via: 'oauth', verified: true}});
  checkWhole(t, world);
});

test('a GET on the prefix keeps the reference’s sentence and leads to one’s submissions', async t => {
  const {url} = await startExchange(t);
  const answer = await fetch(url + prefix);
  const text = await answer.text();
  t.is(answer.status, 200);
  t.true(text.includes("This is a post only page. You probably shouldn't be here!"));
  t.true(text.includes(`href="${prefix}submissions"`));

  const head = await fetch(url + prefix, {method: 'HEAD'});
  t.deepEqual([head.status, await head.text()], [200, '']);
  for (const method of ['GET', 'HEAD']) {
    const bare = await fetch(url + prefix.slice(0, -1), {method, redirect: 'manual'});
    t.deepEqual([bare.status, bare.headers.get('location')], [303, prefix]);
  }
});

test('what is not answered is a problem document, not a page', async t => {
  const world = await startExchange(t);
  const post = await fetch(world.url + prefix.slice(0, -1), {method: 'POST', body: '{}', headers: alice});
  await checkProblem(t, post, 404, 'not-found');
  await checkProblem(t, await fetch(`${world.url}${prefix}nothing`), 404, 'not-found');
  await checkProblem(t, await fetch(`${world.url}/`), 404, 'not-found');
  await checkProblem(t, await fetch(`${world.url}${prefix}..%2f..%2fetc/passwd`), 404, 'not-found');
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const answer = await fetch(world.url + prefix, {method});
    await checkProblem(t, answer, 405, 'method-not-allowed');
    t.is(answer.headers.get('allow'), 'GET, POST');
    t.is(answer.headers.get('access-control-allow-origin'), null);
  }

  const callback = await fetch(`${world.url}${prefix}oauth_callback?state=x`, {method: 'POST', headers: alice});
  await checkProblem(t, callback, 405, 'method-not-allowed');
  checkNothingMade(t, world, Array(5).fill('method-not-allowed'));
});

const refused = test.macro({
  async exec(t, _: string, body: unknown, status: number, code: string, detail?: RegExp) {
    const world = await startExchange(t);
    const problem = await checkProblem(t, await world.post(body, alice), status, code);
    t.regex(problem.detail, detail ?? /./);
    checkNothingMade(t, world, [code]);
    t.like(world.records.all('refusals')[0], {status, student: 'alice', message: problem.detail, trace: problem.trace});

    // The same from a browser that nobody is logged in with: it is refused before it is parked.
    await checkProblem(t, await world.post(body, {Origin: world.url}), status, code);
    checkNothingMade(t, world, [code, code]);
    t.false(JSON.stringify(world.logs).includes('answer = '), 'no notebook text in the log');
  },
  title: (_, what) => `${what} is refused, recorded, and leaves nothing`,
});

const block = (given: object) => ({course: 'demo', section: '1', assignment: 'lab', ...given});
const withBlock = (value: unknown) => ({nb: makeNotebook('1', value)});
const malformed = [400, 'malformed-request', /send \{"nb": <notebook>\}/] as const;
const noNotebook = [400, 'not-a-notebook', /JupyterLab/] as const;
const missing = (part: RegExp) => [400, 'missing-metadata', part] as const;

test(refused, 'an empty body', '', ...malformed);
test(refused, 'what is not JSON', 'nb=1', ...malformed);
test(refused, 'broken JSON', '{bad', ...malformed);
test(refused, 'JSON that ends early', '{"nb": {"cells": [{"source": "answer = 42"', ...malformed);
test(refused, 'JSON with something after it', `${JSON.stringify({nb: makeNotebook()})} answer = 1`, ...malformed);
test(
  refused,
  'invalid UTF-8',
  Buffer.from([0x7b, 0x22, 0x6e, 0x62, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  ...malformed,
);
test(refused, 'UTF-16', Buffer.from(JSON.stringify({nb: makeNotebook()}), 'utf16le'), ...malformed);
test(refused, 'a body without nb', {notebook: makeNotebook()}, ...malformed);
test(refused, 'an nb that is inherited', '{"__proto__": {"nb": {}}}', ...malformed);
test(refused, 'null', 'null', ...malformed);
test(refused, 'a list', [makeNotebook()], ...malformed);
test(refused, 'an nb of null', {nb: null}, ...noNotebook);
test(refused, 'an nb that is a list', {nb: [makeNotebook()]}, ...noNotebook);
test(refused, 'an nb that is text', {nb: JSON.stringify(makeNotebook())}, ...noNotebook);
test(refused, 'an empty nb', {nb: {}}, ...noNotebook);
test(refused, 'a notebook without cells', {nb: {...makeNotebook(), cells: undefined}}, ...noNotebook);
test(refused, 'a notebook whose cells are text', {nb: {...makeNotebook(), cells: 'x'}}, ...noNotebook);
test(refused, 'a notebook with a cell that is none', {nb: {...makeNotebook(), cells: [null]}}, ...noNotebook);
test(refused, 'a notebook without a version', {nb: {...makeNotebook(), nbformat: '4'}}, ...noNotebook);
test(refused, 'a notebook whose metadata is a list', {nb: {...makeNotebook(), metadata: []}}, ...noNotebook);
test(refused, 'a notebook that names no assignment at all', {nb: makeNotebook('1', null)}, ...missing(/otter_service/));
test(refused, 'metadata that is text', withBlock('demo/1/lab'), ...missing(/otter_service/));
test(refused, 'metadata that is a list', withBlock(['demo', '1', 'lab']), ...missing(/otter_service/));
for (const part of ['course', 'section', 'assignment']) {
  const names = missing(new RegExp(`no ${part}.*otter_service\\.${part}`));
  test(refused, `a missing ${part}`, withBlock(block({[part]: undefined})), ...names);
  test(refused, `an empty ${part}`, withBlock(block({[part]: ''})), ...names);
  test(refused, `a blank ${part}`, withBlock(block({[part]: ' \t '})), ...names);
  test(refused, `a ${part} of null`, withBlock(block({[part]: null})), ...names);
  test(refused, `a ${part} that is an object`, withBlock(block({[part]: {toString: 'demo'}})), ...names);
  const unusable = missing(new RegExp(`otter_service\\.${part}`));
  test(refused, `a ${part} with control characters`, withBlock(block({[part]: 'a\u0000\r\nb'})), ...unusable);
  test(refused, `a ${part} of 300 characters`, withBlock(block({[part]: 'x'.repeat(300)})), ...unusable);
  test(refused, `a ${part} with half a character`, withBlock(block({[part]: 'x\ud800'})), ...unusable);
}

test(refused, 'an unknown course', withBlock(block({course: 'other'})), 404, 'unknown-course', /"other"/);
test(refused, 'a course with the name of a property', withBlock(block({course: '__proto__'})), 404, 'unknown-course');
for (const name of ['../../x', '..', '/etc/passwd', 'a/b', 'a\\b', '__proto__', 'constructor', 'lab.ipynb?x#y']) {
  test(refused, `the assignment ${name}`, withBlock(block({assignment: name})), 404, 'unknown-assignment');
  test(refused, `the section ${name}`, withBlock(block({section: name})), 404, 'unknown-assignment');
}

test('numbers are taken as their text', async t => {
  const world = await startExchange(t);
  const answer = await world.post(withBlock(block({section: 1})), alice);
  t.is(answer.status, 200);
  t.like(world.records.all('submissions')[0], {section: '1'});
});

test('a notebook of version 3 is taken', async t => {
  const world = await startExchange(t);
  const {cells, ...rest} = makeNotebook();
  t.is((await world.post({nb: {...rest, nbformat: 3, worksheets: [{cells}]}}, alice)).status, 200);
});

test('what the notebook holds besides stays as it is', async t => {
  const world = await startExchange(t);
  const odd =
    '{"nbformat":4,"metadata":{"__proto__":{"course":"x"},"otter_service":{"course":"demo","section":"1","assignment":"lab"}},' +
    '"cells":[{"cell_type":"markdown","source":["\\ud83d half \\ud83d, whole 😀, zero \\u0000"],"__proto__":1}],"own":{"b":1,"a":[null]}}';
  t.is((await world.post(`{"nb":${odd}}`, alice)).status, 200);
  t.is(Buffer.from([...world.content.values()][0] ?? []).toString(), odd);
});

test('a byte order mark before the JSON is no fault', async t => {
  const world = await startExchange(t);
  t.is((await world.post(`\ufeff${JSON.stringify({nb: makeNotebook()})}`, alice)).status, 200);
});

test('a compressed body is refused with a sentence that says so, unread', async t => {
  const world = await startExchange(t);
  const body = gzipSync(JSON.stringify({nb: makeNotebook()}));
  const answer = await world.post(body, {...alice, 'Content-Encoding': 'gzip'});
  const {detail} = await checkProblem(t, answer, 400, 'malformed-request');
  t.regex(detail, /compressed.*Content-Encoding/);
  checkNothingMade(t, world, ['malformed-request']);
});

test('a body that takes too long to read is refused before it is read', async t => {
  const world = await startExchange(t);
  const start = performance.now();
  const deep = `{"nb":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  await checkProblem(t, await world.post(deep, alice), 413, 'too-large');
  for (const part of ['[],', '{},', '"a":0,', '[[[]]],']) {
    const many = part.repeat(Math.floor(18e6 / part.length));
    const body = part.startsWith('"') ? `{"nb":{${many}"z":0}}` : `{"nb":[${many}0]}`;
    await checkProblem(t, await world.post(body, alice), 413, 'too-large');
  }

  // Ten million cells that are none: one word is enough.
  const cells = `{"nb":{"nbformat":4,"metadata":{},"cells":[${'0,'.repeat(9_000_000)}0]}}`;
  await checkProblem(t, await world.post(cells, alice), 400, 'not-a-notebook');
  t.true(performance.now() - start < 20_000);
  checkNothingMade(t, world, [...Array(5).fill('too-large'), 'not-a-notebook']);
});
