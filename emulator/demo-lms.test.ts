import {createHash, createHmac} from 'node:crypto';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type DemoLmsSettings, makeDemoLms} from './demo-lms.ts';

const consumer = {consumerKey: 'key', consumerSecret: 'secret'};
const blockId = '0123456789abcdef0123456789abcdef';
const courseId = 'UCB+Data8+2024';
const outcomePath = `/courses/course-v1:${courseId}/xblock/block-v1:${courseId}+type@lti_consumer+block@${blockId}/handler_noauth/outcome_service_handler`;

async function start(t: ExecutionContext, settings: Partial<DemoLmsSettings> = {}) {
  const lms = makeDemoLms({...consumer, ...settings});
  const server = http.createServer(async (request, response) => {
    if (!(await lms.handle(request, response))) {
      response.writeHead(404).end('somebody else');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return {...lms, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
}

const writeBody = (textString: string, sourcedId = 'course:host-block:alice', action = 'replaceResultRequest') =>
  `<?xml version="1.0" encoding="UTF-8"?><imsx_POXEnvelopeRequest xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXHeader><imsx_POXRequestHeaderInfo><imsx_version>V1.0</imsx_version><imsx_messageIdentifier>m-1</imsx_messageIdentifier></imsx_POXRequestHeaderInfo></imsx_POXHeader><imsx_POXBody><${action}><resultRecord><sourcedGUID><sourcedId>${sourcedId}</sourcedId></sourcedGUID><result><resultScore><language>en</language><textString>${textString}</textString></resultScore></result></resultRecord></${action}></imsx_POXBody></imsx_POXEnvelopeRequest>`;

const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
let nonces = 0;

/** Signs by hand, with what a test wants to be wrong. */
function sign(url: string, body: string, given: Record<string, string> = {}) {
  nonces += 1;
  const oauth: Record<string, string> = {
    oauth_body_hash: createHash('sha1').update(body).digest('base64'),
    oauth_consumer_key: consumer.consumerKey,
    oauth_nonce: `nonce-of-sixteen-characters-${nonces}`,
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(Math.floor(Date.now() / 1000)),
    oauth_version: '1.0',
    ...given,
  };
  const pairs = Object.entries(oauth)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort();
  const base = ['POST', url, pairs.join('&')].map(encode).join('&');
  const signature = createHmac('sha1', 'secret&').update(base).digest('base64');
  const header = Object.entries({...oauth, oauth_signature: signature}).map(
    ([name, value]) => `${name}="${encode(value)}"`,
  );
  return `OAuth ${header.join(', ')}`;
}

async function post(
  origin: string,
  body: string,
  {authorization = sign(origin + outcomePath, body), to = outcomePath} = {},
) {
  const response = await fetch(origin + to, {
    method: 'POST',
    headers: {Authorization: authorization, 'Content-Type': 'application/xml'},
    body,
  });
  const text = await response.text();
  const pick = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1];
  return {status: response.status, codeMajor: pick('imsx_codeMajor'), description: pick('imsx_description') ?? text};
}

test('a signed score is taken, replaced and counted', async t => {
  const {origin, scores} = await start(t);
  t.like(await post(origin, writeBody('0.8')), {
    status: 200,
    codeMajor: 'success',
    description: 'Score for course:host-block:alice is now 0.8',
  });
  await post(origin, writeBody('1.0'));
  t.like(scores(), [{student: 'alice', courseId, blockId, score: 1, count: 2}]);
  t.deepEqual(await (await fetch(`${origin}/scores`)).json(), scores());
});

const verdicts = test.macro({
  async exec(t, body: string, codeMajor: string, description: string) {
    const {origin, scores} = await start(t, {isUser: student => student === 'alice'});
    const answer = await post(origin, body);
    t.deepEqual([answer.status, answer.codeMajor], [200, codeMajor]);
    t.true(answer.description.includes(description), answer.description);
    t.is(scores().length, codeMajor === 'success' ? 1 : 0);
  },
  title: title => title ?? '',
});
test('a score above one', verdicts, writeBody('1.001'), 'failure', 'outside the permitted range');
test('points instead of a fraction', verdicts, writeBody('66.7'), 'failure', 'outside the permitted range');
test('a negative score', verdicts, writeBody('-0.1'), 'failure', 'outside the permitted range');
test('NaN', verdicts, writeBody('NaN'), 'failure', 'outside the permitted range');
test('an exponent', verdicts, writeBody('1e-05'), 'success', 'is now 0.00001');
test('a user it does not know', verdicts, writeBody('1', 'a:b:bob'), 'failure', 'User not found.');
test('an encoded user', verdicts, writeBody('1', 'a:b:al%69ce'), 'success', 'is now 1');
test('a bare ampersand, which cuts the user off', verdicts, writeBody('1', 'a:b:alice&bob'), 'success', 'is now 1');
test('another action', verdicts, writeBody('1', 'a:b:alice', 'deleteResultRequest'), 'unsupported', 'does not support');
test('blanks before the declaration', verdicts, `\n    ${writeBody('1')}`, 'success', 'is now 1');
test('no namespace', verdicts, writeBody('1').replace(/ xmlns="[^"]+"/, ''), 'failure', 'namespace');
test('no sourcedId', verdicts, writeBody('1').replaceAll('sourcedId', 'other'), 'failure', 'element is missing');
test('no XML', verdicts, 'hello', 'failure', 'Request body XML parsing error');
test(
  'a prefixed namespace',
  verdicts,
  writeBody('1')
    .replace(/<(\/?)(?!\?)/g, '<$1x:')
    .replace('xmlns=', 'xmlns:x='),
  'success',
  'is now 1',
);

for (const textString of ['', 'A+', '0,5', '1_0x']) {
  test(`it falls over the score ${JSON.stringify(textString)}, as edX does`, async t => {
    const {origin, scores} = await start(t);
    t.is((await post(origin, writeBody(textString))).status, 500);
    t.deepEqual(scores(), []);
  });
}

test('a body that is not the signed one is not taken', async t => {
  const {origin, scores} = await start(t);
  const authorization = sign(origin + outcomePath, writeBody('0.5'));
  t.like(await post(origin, writeBody('1.0'), {authorization}), {
    codeMajor: 'failure',
    description: 'OAuth verification error: OAuth body hash verification has failed',
  });
  t.deepEqual(scores(), []);
});

const addresses = test.macro({
  async exec(t, signed: (url: string) => string, codeMajor: string, sent: (path: string) => string = given => given) {
    const {origin} = await start(t);
    const body = writeBody('1');
    const answer = await post(origin, body, {
      authorization: sign(signed(origin + outcomePath), body),
      to: sent(outcomePath),
    });
    t.is(answer.codeMajor, codeMajor, answer.description);
  },
  title: title => title ?? '',
});
test('the address as it is', addresses, url => url, 'success');
test('a signed %2B where the address has a plus', addresses, url => url.replaceAll('+', '%2B'), 'failure');
test(
  'a sent %2B, read as the plus that was signed',
  addresses,
  url => url,
  'success',
  given => given.replaceAll('+', '%2B'),
);
test('another host', addresses, url => url.replace('127.0.0.1', 'lms.example'), 'failure');
test('a trailing slash that was not sent', addresses, url => `${url}/`, 'failure');

test('no header, a broken one, and a repeated parameter are refused', async t => {
  const {origin, scores} = await start(t);
  const body = writeBody('1');
  const good = sign(origin + outcomePath, body);
  for (const authorization of ['', 'Bearer x', 'OAuth nonsense', `${good}, oauth_body_hash="x"`]) {
    t.is((await post(origin, body, {authorization})).codeMajor, 'failure');
  }
  t.deepEqual(scores(), []);
});

const strictness = test.macro({
  async exec(t, given: Record<string, string>, fault: string) {
    const body = writeBody('1');
    const {origin} = await start(t);
    t.is((await post(origin, body, {authorization: sign(origin + outcomePath, body, given)})).codeMajor, 'success');
    const strict = await start(t, {strict: true});
    const answer = await post(strict.origin, body, {authorization: sign(strict.origin + outcomePath, body, given)});
    t.is(answer.description, `OAuth verification error: ${fault}`);
    t.deepEqual(strict.scores(), []);
  },
  title: (_, given, fault) => `edX lets ${JSON.stringify(given)} pass, the strict LMS says: ${fault}`,
});
test(strictness, {oauth_consumer_key: 'other'}, 'unknown consumer key');
test(strictness, {oauth_timestamp: '1'}, 'timestamp is too old or too new');
test(strictness, {oauth_timestamp: '1.5'}, 'timestamp is not whole seconds');
test(strictness, {oauth_signature_method: 'HMAC-SHA256'}, 'signature method is not HMAC-SHA1');
test(strictness, {oauth_version: '2.0'}, 'version is not 1.0');
test(strictness, {oauth_nonce: 'short'}, 'nonce is too short');

test('the strict LMS takes nothing twice', async t => {
  const {origin, scores} = await start(t, {strict: true});
  const body = writeBody('1');
  const authorization = sign(origin + outcomePath, body);
  t.is((await post(origin, body, {authorization})).codeMajor, 'success');
  t.is((await post(origin, body, {authorization})).codeMajor, 'failure');
  t.is(scores()[0]?.count, 1);
});

test('a restart keeps the gradebook', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'demo-lms-'));
  t.teardown(() => rmSync(folder, {recursive: true}));
  const file = path.join(folder, 'gradebook.json');
  const first = await start(t, {file});
  await post(first.origin, writeBody('0.8'));
  const second = await start(t, {file});
  t.like(second.scores(), [{student: 'alice', score: 0.8, count: 1}]);
  await post(second.origin, writeBody('0.9'));
  t.like((await start(t, {file})).scores(), [{student: 'alice', score: 0.9, count: 2}]);
});

test('the page shows the gradebook, escapes what it shows and needs no script', async t => {
  const {origin} = await start(t);
  t.true((await (await fetch(origin)).text()).includes('No score has arrived yet.'));
  await post(origin, writeBody('0.667', 'a:b:&lt;script&gt;alert(1)'));
  const page = await fetch(origin);
  const html = await page.text();
  t.true(html.includes('66.7 %'));
  t.true(html.includes('&#60;script&#62;alert(1)'));
  t.false(html.includes('<script'));
  t.regex(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
});

test('faults are switched from this machine only, by a form of its own page', async t => {
  const {origin, scores} = await start(t);
  const change = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${origin}/fault`, {method: 'POST', body: new URLSearchParams(body), headers, redirect: 'manual'});
  t.is((await change('mode=error', {Origin: 'http://evil.example'})).status, 403);
  t.is((await change('mode=nonsense')).status, 400);
  t.is((await post(origin, writeBody('1'))).codeMajor, 'success');

  t.is((await change('mode=error&times=2', {Origin: origin})).status, 303);
  t.deepEqual(await (await fetch(`${origin}/fault`)).json(), {mode: 'error'});
  t.is((await post(origin, writeBody('0'))).status, 500);
  t.is((await post(origin, writeBody('0'))).status, 500);
  t.is((await post(origin, writeBody('0'))).codeMajor, 'success');

  await change('mode=lost&times=1');
  await t.throwsAsync(post(origin, writeBody('0.5')));
  t.is(scores()[0]?.score, 0.5);
});

test('a sender that hangs up in the middle of its body leaves the LMS standing, and no score', async t => {
  const {origin, scores} = await start(t);
  const request = http.request(origin + outcomePath, {method: 'POST', headers: {'Content-Length': 1000}});
  request.on('error', () => {});
  await new Promise<void>(sent => void request.write('<?xml', () => sent()));
  request.destroy();
  await new Promise(closed => request.once('close', closed));
  t.is((await post(origin, writeBody('1'))).codeMajor, 'success');
  t.is(scores()[0]?.count, 1);
});

test('what is for somebody else is left alone', async t => {
  const {origin} = await start(t);
  for (const address of [
    '/else',
    '/courses/course-v1:a/xblock/block-v1:b+type@lti_consumer+block@c/handler_noauth/outcome_service_handler',
  ]) {
    const response = await fetch(origin + address, {method: 'POST', body: 'x'});
    t.is(await response.text(), 'somebody else');
  }
});
