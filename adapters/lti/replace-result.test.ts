import {createHash, createHmac} from 'node:crypto';
import {once} from 'node:events';
import http from 'node:http';
import net, {type AddressInfo} from 'node:net';
import test from 'ava';
import {makeLineItem, type SendOutcome} from '../../domain/passback.ts';
import {makeDemoLms} from '../../emulator/demo-lms.ts';
import {makeSendScore} from './replace-result.ts';

const consumer = {consumerKey: 'holt & co', consumerSecret: 'se+cr/e t=&%'};
const course = {courseId: 'UCB+Data8+2024_T1', blockId: 'a'.repeat(32)};
const newId = () => crypto.randomUUID().replaceAll('-', '');
const now = () => new Date().toISOString();
const makeSender = (timeoutSeconds = 10) => makeSendScore({...consumer, newId, now, timeoutSeconds});

type Teardown = {teardown: (end: () => void) => void};

/** A local server; answers its address. */
async function serve(t: Teardown, server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on('connection', socket => void sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serveHttp = (t: Teardown, answer: http.RequestListener) => serve(t, http.createServer(answer));

async function startLms(t: Teardown, settings: Partial<Parameters<typeof makeDemoLms>[0]> = {}) {
  const lms = makeDemoLms({...consumer, strict: true, ...settings});
  const baseUrl = await serveHttp(t, async (request, response) => {
    if (!(await lms.handle(request, response))) {
      response.writeHead(404).end();
    }
  });
  return {
    ...lms,
    baseUrl,
    lineItem: (student: string) => makeLineItem(course, {host: 'lms.example', baseUrl}, student),
  };
}

/** Takes one whole request as bytes and answers with the given bytes, or cuts the line. */
async function startRaw(t: Teardown, answer: string | undefined) {
  const requests: string[] = [];
  const baseUrl = await serve(
    t,
    net.createServer(socket => {
      let seen = '';
      socket.on('error', () => {});
      socket.on('data', chunk => {
        seen += chunk.toString('utf8');
        const [head = '', body] = seen.split(/\r\n\r\n(.*)/s);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        if (body !== undefined && Buffer.byteLength(body) >= length) {
          requests.push(seen);
          answer === undefined ? socket.destroy() : socket.end(answer);
        }
      });
    }),
  );
  return {requests, lineItem: makeLineItem(course, {host: 'lms.example', baseUrl}, 'alice')};
}

const httpAnswer = (status: string, body = '', headers = '') =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}Connection: close\r\n\r\n${body}`;
const envelope = (status: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<imsx_POXEnvelopeResponse xmlns = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version><imsx_statusInfo>${status}</imsx_statusInfo></imsx_POXResponseHeaderInfo></imsx_POXHeader><imsx_POXBody/></imsx_POXEnvelopeResponse>`;
const success = envelope('<imsx_codeMajor>success</imsx_codeMajor><imsx_description>taken</imsx_description>');

test('a score arrives at an LMS that checks the signature, the body hash, the clock and the nonce', async t => {
  const lms = await startLms(t);
  const sent = await makeSender()(lms.lineItem('alice'), 2 / 3);
  t.is(sent.outcome, 'sent', sent.message);
  t.regex(sent.message, /^Score for .*alice is now 0\.667$/);
  t.like(lms.scores()[0], {...course, student: 'alice', score: 0.667, count: 1});
  t.is(lms.scores().length, 1);
});

for (const student of [
  'a&b',
  '<b>&amp;',
  'a:b',
  '50%',
  '%41',
  'x%3Ay',
  '"q\'',
  'jo+ann',
  'ålice 🦦',
  ' padded\u00a0',
  '\uffff',
  '&lt;',
  ']]>',
]) {
  test(`a score of ${JSON.stringify(student)} is that person's`, async t => {
    const lms = await startLms(t);
    const sent = await makeSender()(lms.lineItem(student), 1);
    t.is(sent.outcome, 'sent', sent.message);
    t.deepEqual(
      lms.scores().map(({student, score}) => [student, score]),
      [[student, 1]],
    );
  });
}

test('the wire: the path is untouched, the header is whole, the body begins with its declaration', async t => {
  const raw = await startRaw(t, httpAnswer('200 OK', success));
  await makeSender()(raw.lineItem, 0.8);
  await makeSender()(raw.lineItem, 1);
  const [first = '', second = ''] = raw.requests;
  const [head = '', body = ''] = first.split('\r\n\r\n');
  const path = `/courses/course-v1:${course.courseId}/xblock/block-v1:${course.courseId}+type@lti_consumer+block@${course.blockId}/handler_noauth/outcome_service_handler`;
  t.is(head.split('\r\n')[0], `POST ${path} HTTP/1.1`);
  t.regex(head, /\r\ncontent-type: application\/xml\r\n/i);
  t.notRegex(head, /transfer-encoding/i);
  t.true(body.startsWith('<?xml version="1.0" encoding="UTF-8"?><imsx_POXEnvelopeRequest xmlns="'));
  t.true(body.includes('<language>en</language><textString>0.8</textString>'));
  t.true(second.includes('<textString>1.0</textString>'));

  const header = /authorization: OAuth (.*)/i.exec(head)?.[1] ?? '';
  const oauth = Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  t.deepEqual(Object.keys(oauth).sort(), [
    'oauth_body_hash',
    'oauth_consumer_key',
    'oauth_nonce',
    'oauth_signature',
    'oauth_signature_method',
    'oauth_timestamp',
    'oauth_version',
  ]);
  t.is(oauth.oauth_consumer_key, 'holt%20%26%20co');
  t.is(decodeURIComponent(oauth.oauth_body_hash ?? ''), createHash('sha1').update(body).digest('base64'));
  t.true(Math.abs(Number(oauth.oauth_timestamp) - Date.now() / 1000) < 5);
  t.regex(oauth.oauth_timestamp ?? '', /^\d+$/);

  // RFC 5849 by hand: the literal path, the values as they stand in the header encoded once more.
  const host = /host: (\S+)/i.exec(head)?.[1];
  const pairs = Object.keys(oauth)
    .filter(name => name !== 'oauth_signature')
    .sort()
    .map(name => `${name}=${oauth[name]}`);
  const base = ['POST', `http://${host}${path}`, pairs.join('&')].map(encodeURIComponent).join('&');
  const key = `${encodeURIComponent(consumer.consumerSecret)}&`;
  t.is(decodeURIComponent(oauth.oauth_signature ?? ''), createHmac('sha1', key).update(base).digest('base64'));

  const idOf = (text: string) => /<imsx_messageIdentifier>(.+?)</.exec(text)?.[1];
  const nonceOf = (text: string) => /oauth_nonce="(.+?)"/.exec(text)?.[1];
  t.not(idOf(first), idOf(second));
  t.not(nonceOf(first), nonceOf(second));
});

test('the signature holds for a host in capitals, because an LMS compares it in lower case', async t => {
  const lms = await startLms(t);
  const baseUrl = lms.baseUrl.replace('http://127.0.0.1', 'HTTP://LOCALHOST');
  const sent = await makeSender()(makeLineItem(course, {host: 'x', baseUrl}, 'alice'), 0);
  t.is(sent.outcome, 'sent', sent.message);
});

test('a course id beyond ASCII is sent encoded and signed as it reads', async t => {
  const lms = await startLms(t);
  const odd = {...course, courseId: 'Üni+Daten 8+2024'};
  const sent = await makeSender()(makeLineItem(odd, {host: 'x', baseUrl: lms.baseUrl}, 'alice'), 0.5);
  t.is(sent.outcome, 'sent', sent.message);
  t.is(lms.scores()[0]?.courseId, odd.courseId);
});

const refusals = test.macro({
  async exec(t, fault: 'refuse' | 'past-due', message: string) {
    const lms = await startLms(t);
    lms.setFault(fault);
    t.deepEqual(await makeSender()(lms.lineItem('alice'), 1), {outcome: 'refused', message});
    t.deepEqual(lms.scores(), []);
  },
  title: (_, fault) => `an LMS that answers ${fault} with HTTP 200 has refused, in its own words`,
});
test(refusals, 'refuse', 'User not found.');
test(refusals, 'past-due', 'Grade is past due');

test('a wrong secret is refused', async t => {
  const lms = await startLms(t, {consumerSecret: 'another'});
  const sent = await makeSender()(lms.lineItem('alice'), 1);
  t.deepEqual(sent, {
    outcome: 'refused',
    message: 'OAuth verification error: OAuth signature verification has failed',
  });
});

for (const fraction of [Number.NaN, -0.1, 1.001, Number.POSITIVE_INFINITY]) {
  test(`${fraction} never leaves`, async t => {
    const lms = await startLms(t);
    const sent = await makeSender()(lms.lineItem('alice'), fraction);
    t.is(sent.outcome, 'refused');
    t.deepEqual(lms.scores(), []);
  });
}

test('an outcomes URL that is no web address is refused without a send', async t => {
  for (const outcomesUrl of ['ftp://x/y', 'not a url', 'http://']) {
    t.is((await makeSender()({outcomesUrl, sourcedId: 's'}, 1)).outcome, 'refused');
  }
});

const statuses = test.macro({
  async exec(t, status: string, outcome: SendOutcome['outcome'], message: RegExp) {
    const raw = await startRaw(t, httpAnswer(status, '<html>words</html>'));
    const sent = await makeSender()(raw.lineItem, 1);
    t.is(sent.outcome, outcome);
    t.regex(sent.message, message);
    t.is(raw.requests.length, 1);
  },
  title: (_, status, outcome) => `HTTP ${status} is ${outcome}`,
});
test(statuses, '401 Unauthorized', 'refused', /HTTP 401 Unauthorized/);
test(statuses, '403 Forbidden', 'refused', /HTTP 403/);
test(statuses, '404 Not Found', 'refused', /HTTP 404/);
test(statuses, '408 Request Timeout', 'unavailable', /HTTP 408/);
test(statuses, '425 Too Early', 'unavailable', /HTTP 425/);
test(statuses, '429 Too Many Requests', 'unavailable', /HTTP 429/);
test(statuses, '500 Internal Server Error', 'unavailable', /HTTP 500/);
test(statuses, '503 Service Unavailable', 'unavailable', /HTTP 503/);
test(statuses, '502 Bad Gateway', 'unknown', /HTTP 502/);
test(statuses, '504 Gateway Timeout', 'unknown', /HTTP 504/);
test(statuses, '200 OK', 'unknown', /no LTI outcome/);
test(statuses, '202 Accepted', 'unknown', /HTTP 202/);

test('a redirect is not followed', async t => {
  const other = await startRaw(t, httpAnswer('200 OK', success));
  const raw = await startRaw(t, httpAnswer('302 Found', '', `Location: ${other.lineItem.outcomesUrl}\r\n`));
  const sent = await makeSender()(raw.lineItem, 1);
  t.is(sent.outcome, 'unavailable');
  t.regex(sent.message, /redirect to http/);
  t.deepEqual(other.requests, []);
});

const verdicts = test.macro({
  async exec(t, xml: string, outcome: SendOutcome['outcome'], message: string) {
    const raw = await startRaw(t, httpAnswer('200 OK', xml));
    t.deepEqual(await makeSender()(raw.lineItem, 1), {outcome, message});
  },
  title: title => title ?? '',
});
test('a success', verdicts, success, 'sent', 'taken');
test(
  'a success under another namespace prefix and after a blank line',
  verdicts,
  `\n\n${success.replaceAll('<imsx', '<ims:imsx').replaceAll('</imsx', '</ims:imsx').replace('xmlns =', 'xmlns:ims=')}`,
  'sent',
  'taken',
);
test(
  'a success whose description is not escaped, as edX writes it',
  verdicts,
  success.replace('taken', 'Score for x:a&b is now 1.0'),
  'sent',
  'Score for x:a&b is now 1.0',
);
test(
  'an unsupported action',
  verdicts,
  envelope('<imsx_codeMajor>unsupported</imsx_codeMajor><imsx_description/>'),
  'refused',
  'The LMS answered "unsupported".',
);
test(
  'a description with line ends, controls, references and too many words',
  verdicts,
  envelope(
    `<imsx_codeMajor>failure</imsx_codeMajor><imsx_description>a\r\n\t b &amp;&#65;\u0007${'ü'.repeat(600)}</imsx_description>`,
  ),
  'refused',
  `a b &A ${'ü'.repeat(493)}`,
);
test(
  'an answer without a verdict',
  verdicts,
  envelope(''),
  'unknown',
  'The LMS answered HTTP 200 with something that is no LTI outcome.',
);
test('an empty answer', verdicts, '', 'unknown', 'The LMS answered HTTP 200 with something that is no LTI outcome.');
test(
  'an answer of more than 64 kB',
  verdicts,
  `${success}${' '.repeat(65 * 1024)}`,
  'unknown',
  'The LMS answered HTTP 200 with something that is no LTI outcome.',
);

test('an answer without an end is not read forever', async t => {
  const baseUrl = await serveHttp(t, (_, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'.repeat(8192)), 1);
    response.on('close', () => clearInterval(timer));
  });
  const sent = await makeSender(30)(makeLineItem(course, {host: 'x', baseUrl}, 'alice'), 1);
  t.is(sent.outcome, 'unknown');
});

test('an answer that is cut off is unknown', async t => {
  const raw = await startRaw(t, `HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n${success}`);
  t.is((await makeSender()(raw.lineItem, 1)).outcome, 'unknown');
});

test('a connection that is refused, or a host that does not exist, has taken nothing', async t => {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const refused = await makeSender()({outcomesUrl: `http://127.0.0.1:${port}/x`, sourcedId: 's'}, 1);
  t.deepEqual(refused, {outcome: 'unavailable', message: 'The LMS gave no answer: ECONNREFUSED.'});
  const lost = await makeSender()({outcomesUrl: 'http://lms.invalid/x', sourcedId: 's'}, 1);
  t.is(lost.outcome, 'unavailable');
});

test('a TLS handshake that fails has taken nothing', async t => {
  const plain = await startRaw(t, undefined);
  const outcomesUrl = plain.lineItem.outcomesUrl.replace('http:', 'https:');
  t.is((await makeSender(0.2)({outcomesUrl, sourcedId: 's'}, 1)).outcome, 'unavailable');
});

test('a line cut after the request leaves it unknown, and the LMS may have the score', async t => {
  const lms = await startLms(t);
  lms.setFault('lost', 1);
  const sent = await makeSender()(lms.lineItem('alice'), 1);
  t.is(sent.outcome, 'unknown');
  t.is(lms.scores()[0]?.score, 1);
  t.is((await makeSender()(lms.lineItem('alice'), 1)).outcome, 'sent');
  t.is(lms.scores()[0]?.count, 2);
});

test('an LMS that never answers is unknown when the time is up', async t => {
  const lms = await startLms(t);
  lms.setFault('hang', 1);
  const started = performance.now();
  t.deepEqual(await makeSender(0.2)(lms.lineItem('alice'), 1), {
    outcome: 'unknown',
    message: 'The LMS gave no answer: nothing within 0.2 seconds.',
  });
  t.true(performance.now() - started < 5000);
});
