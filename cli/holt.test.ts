import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, writeFile} from 'node:fs/promises';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../domain/errors.ts';
import type {Status} from '../domain/status.ts';
import {problem} from '../functions/exchange/http.ts';

const program = fileURLToPath(new URL('holt.ts', import.meta.url));

type Run = {code: number; stdout: string; stderr: string};

/** Runs the command as a person does. */
const holt = (...args: string[]): Promise<Run> =>
  new Promise(resolve => {
    execFile(process.execPath, [program, ...args], (error, stdout, stderr) => {
      resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
    });
  });

const statusOf = (given: Partial<Status> = {}): Status => ({
  id: 'abc_123-XYZ',
  course: 'demo',
  section: '1',
  assignment: 'lab',
  student: 'alice',
  state: 'graded',
  score: {earned: 12, possible: 15},
  questions: [
    {name: 'q1', earned: 3, possible: 3, output: 'all passed'},
    {name: 'q2', earned: 0, possible: 12, output: '1 failed\u001b[2J'},
  ],
  cause: 'student',
  message: 'Your notebook is graded.',
  passback: {state: 'sent', attempts: 1, message: 'The gradebook has this score.'},
  timeline: [{stage: 'submitted', at: '2026-01-15T00:00:00.000Z'}],
  counts: true,
  receivedAt: '2026-01-15T00:00:00.000Z',
  sha256: 'a'.repeat(64),
  bytes: 1000,
  flags: [],
  staff: null,
  ...given,
});

type Seen = {method: string; url: string; headers: IncomingMessage['headers']; body: string};

/** A server that answers as Holt does, with these statuses one after the other, the last one from then on. */
const serve = async (
  t: ExecutionContext,
  statuses: Status[],
  intercept: (response: ServerResponse) => boolean = () => false,
) => {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const {method = '', url = '', headers} = request;
    seen.push({method, url, headers, body: await text(request)});
    if (intercept(response)) {
      return;
    }

    if (method === 'POST') {
      response.setHeader('Holt-Submission', 'abc_123-XYZ').end('Your submission is being graded');
      return;
    }

    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(status));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return {seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
};

const writeNotebook = async (content: string): Promise<string> => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'holt-cli-')), 'lab.ipynb');
  await writeFile(file, content);
  return file;
};

const refuse = (error: HoltError) => (response: ServerResponse) => {
  const {status, headers, body} = problem(error, 'trace-1');
  response.writeHead(status, headers).end(body);
  return true;
};

test('submit posts the notebook as the button does and prints the receipt', async t => {
  const {seen, url} = await serve(t, [statusOf({state: 'queued', score: null, questions: [], passback: null})]);
  const {code, stdout} = await holt('submit', await writeNotebook('{"cells": []}'), '--url', url, '--as', 'alice b');
  t.is(code, 0);
  t.regex(stdout, /submission: +abc_123-XYZ/);
  t.regex(stdout, /state: +queued/);
  t.like(seen[0], {method: 'POST', url: '/services/otter_grade/', body: '{"nb":{"cells":[]}}'});
  t.like(seen[0]?.headers, {'content-type': 'application/json', authorization: 'token dev-alice%20b'});
  // A program that named an origin would be taken for another site's page.
  t.is(seen[0]?.headers.origin, undefined);
  t.is(seen[0]?.headers['sec-fetch-site'], undefined);
});

test('submit --wait asks until it is graded and prints the score', async t => {
  const {seen, url} = await serve(t, [statusOf({state: 'queued', score: null}), statusOf()]);
  const {code, stdout} = await holt('submit', await writeNotebook('{}'), '--url', url, '--token', 'secret', '--wait');
  t.is(code, 0);
  t.regex(stdout, /score: +12\/15/);
  t.regex(stdout, /gradebook: +sent/);
  t.deepEqual(
    seen.slice(1).map(({url: asked}) => asked),
    Array(2).fill('/services/otter_grade/submissions/abc_123-XYZ?wait=60'),
  );
  t.is(seen[1]?.headers.authorization, 'token secret');
});

test('submit --wait fails when there is no grade', async t => {
  const failed = await serve(t, [statusOf({state: 'failed', score: null, message: 'Not your doing.'})]);
  const notebook = await writeNotebook('{}');
  const run = await holt('submit', notebook, '--url', failed.url, '--wait');
  t.is(run.code, 1);
  t.regex(run.stdout, /Not your doing/);
  t.regex(run.stderr, /could not be graded/);
  const queued = await serve(t, [statusOf({state: 'queued', score: null})]);
  const late = await holt('submit', notebook, '--url', queued.url, '--wait', '0');
  t.is(late.code, 1);
  t.regex(late.stderr, /not graded after 0 s.*holt show abc_123-XYZ/);
});

test('show prints what became of a submission, nothing of it steers the terminal', async t => {
  const {seen, url} = await serve(t, [statusOf()]);
  const {code, stdout} = await holt('show', 'abc_123-XYZ', '--url', url, '--prefix', 'other/prefix');
  t.is(code, 0);
  t.is(seen[0]?.url, '/other/prefix/submissions/abc_123-XYZ?wait=0');
  t.is(seen[0]?.headers.authorization, undefined);
  t.regex(stdout, /0\/12 {2}q2\n {6}1 failed/);
  t.false(stdout.includes('\u001b'));
});

test('--json prints the whole status', async t => {
  const {url} = await serve(t, [statusOf()]);
  const {stdout} = await holt('show', 'abc_123-XYZ', '--url', url, '--json');
  t.deepEqual(JSON.parse(stdout), statusOf());
});

test('a refusal is its sentence and exit code 1', async t => {
  const error = new HoltError('not-found', 'You have no submission of this id: look at the list.');
  const {url} = await serve(t, [], refuse(error));
  const {code, stderr, stdout} = await holt('show', 'nothing', '--url', url);
  t.deepEqual([code, stdout], [1, '']);
  t.is(stderr, 'holt: You have no submission of this id: look at the list. (trace trace-1)\n');
});

test('a redirect to log in asks for a token instead of following it', async t => {
  const {seen, url} = await serve(t, [], response => {
    response.writeHead(303, {Location: '/hub/login'}).end();
    return true;
  });
  const {code, stderr} = await holt('submit', await writeNotebook('{}'), '--url', url);
  t.is(code, 1);
  t.regex(stderr, /give --token/);
  t.is(seen.length, 1);
});

test('what is no Holt, no notebook or no address is told in a sentence', async t => {
  const {url} = await serve(t, [], response => {
    response.writeHead(502, {'Content-Type': 'text/html'}).end('<h1>Bad Gateway</h1>');
    return true;
  });
  const other = await serve(t, [], response => Boolean(response.end('{"ok": true}')));
  const notebook = await writeNotebook('not JSON');
  const runs = await Promise.all([
    holt('show', 'x', '--url', url),
    holt('show', 'x', '--url', other.url),
    holt('submit', await writeNotebook('{}'), '--url', other.url),
    holt('submit', notebook, '--url', url),
    holt('submit', `${notebook}.missing`, '--url', url),
    holt('show', 'x', '--url', 'ftp://x'),
    holt('show', 'x', '--wait', 'soon'),
    holt('show', 'x', '--as', 'a', '--token', 'b'),
    holt('show', 'x', '--url', 'http://127.0.0.1:1'),
  ]);
  const sentences = [
    /answered 502 and is no Holt/,
    /does not speak Holt/,
    /gave no receipt/,
    /is not a notebook/,
    /cannot be read \(ENOENT\)/,
    /Give an address/,
    /whole number of seconds/,
    /cannot be used with/,
    /does not answer/,
  ];
  for (const [index, {code, stderr}] of runs.entries()) {
    t.is(code, 1);
    t.regex(stderr, sentences[index] ?? /never/);
    t.notRegex(stderr, /\n {4}at /);
  }
});
