import {execFile} from 'node:child_process';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {HoltError} from '../domain/errors.ts';
import {problem} from '../functions/exchange/http.ts';

type Run = {code: number; stdout: string; stderr: string};

/** Runs the command as a person does, in an empty folder, against a server that answers as Holt does. */
async function setUp(t: ExecutionContext, answer: RequestListener) {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-dump-'));
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    server.close().closeAllConnections();
    await rm(folder, {recursive: true});
  });
  const {port} = server.address() as AddressInfo;
  const file = fileURLToPath(new URL('dump-grades.ts', import.meta.url));
  const run = (...args: string[]): Promise<Run> =>
    new Promise(resolve => {
      const given = [file, ...args, '--url', `http://127.0.0.1:${port}`, '--token', 'a-token'];
      execFile(process.execPath, given, {cwd: folder, timeout: 30_000}, (error, stdout, stderr) => {
        resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
      });
    });
  return {folder, run};
}

const csv = 'userid,grade,section,lab,timestamp\r\nalice,1,1,lab,1.5\r\n';
const headers = {'Content-Type': 'text/csv; charset=utf-8'};

test('the file has what Holt answers, and so has standard output', async t => {
  const asked: (string | undefined)[] = [];
  const {folder, run} = await setUp(t, (request, response) => {
    asked.push(request.url, request.headers.authorization);
    response.writeHead(200, headers).end(csv);
  });
  t.deepEqual(await run('8x/..', '--format', 'gofer', '-o', 'grades.csv'), {code: 0, stdout: '', stderr: ''});
  t.is(await readFile(path.join(folder, 'grades.csv'), 'utf8'), csv);
  t.is((await run('8x')).stdout, csv);
  t.deepEqual(asked, [
    ...['/services/otter_grade/courses/8x%2F../grades.csv?format=gofer', 'token a-token'],
    ...['/services/otter_grade/courses/8x/grades.csv', 'token a-token'],
  ]);
});

test('a download that breaks off leaves the former file as it was, and no half of a new one', async t => {
  const {folder, run} = await setUp(t, (_, response) => {
    response.writeHead(200, headers).write(csv);
    setTimeout(() => response.destroy(), 200);
  });
  await writeFile(path.join(folder, 'grades.csv'), 'former');
  const {code, stderr} = await run('8x', '-o', 'grades.csv');
  t.is(code, 1);
  t.regex(stderr, /^dump-grades: /);
  t.deepEqual(await readdir(folder), ['grades.csv']);
  t.is(await readFile(path.join(folder, 'grades.csv'), 'utf8'), 'former');
});

test('a refusal is told in Holt’s own sentence; another format and another server are told too', async t => {
  const {folder, run} = await setUp(t, (request, response) => {
    const {
      status,
      headers: told,
      body,
    } = problem(new HoltError('not-allowed', 'Only staff can do this: ask them.'), 'x');
    request.url?.includes('/page/') ? response.end('<html>') : response.writeHead(status, told).end(body);
  });
  const refused = await run('8x', '-o', 'grades.csv');
  t.is(refused.code, 1);
  t.regex(refused.stderr, /^dump-grades: Only staff can do this: ask them\./);
  t.regex((await run('8x', '--format', 'xlsx')).stderr, /Allowed choices are gofer/);
  t.regex((await run('page')).stderr, /is no Holt: check --url and --prefix/);
  t.deepEqual(await readdir(folder), []);
});
