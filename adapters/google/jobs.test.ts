import {mkdtempSync, rmSync} from 'node:fs';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openLocalAccount} from '../../emulator/google/local-account.ts';
import {listen} from '../../emulator/local-server.ts';
import {connectJobs, makeJobs} from './jobs.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holt-jobs-'));
test.after.always(() => rmSync(folder, {recursive: true, force: true}));
process.env.GOOGLE_APPLICATION_CREDENTIALS = openLocalAccount(folder, 'p').file;
process.env.METADATA_SERVER_DETECTION = 'none';

type Answer = {status: number; body: object} | 'hang up';

/** Jobs at a platform that always gives this answer, and how often it was asked. */
async function setUp(t: ExecutionContext, answer: Answer) {
  const asked: string[] = [];
  const server = await listen(
    createServer((request, response) => {
      asked.push(`${request.method} ${request.url?.split('?')[0]}`);
      if (answer === 'hang up') {
        response.destroy();
        return;
      }

      response.writeHead(answer.status, {'content-type': 'application/json'}).end(JSON.stringify(answer.body));
    }),
  );
  t.teardown(server.close);
  const clients = connectJobs({projectId: 'p', apiEndpoint: server.url});
  return {...makeJobs(clients, {projectId: 'p', region: 'r', job: 'grader'}), asked};
}

const request = {tasks: 2, manifestIndexUrl: 'https://storage.test/index.json', timeoutSeconds: 300};
const problem = (status: number, name: string) => ({
  status,
  body: {error: {code: status, status: name, message: name}},
});

const start = test.macro({
  async exec(t, answer: Answer, code: string) {
    const {start: startJob, asked} = await setUp(t, answer);
    t.like(await t.throwsAsync(startJob(request)), {code});
    t.deepEqual(asked, ['POST /v2/projects/p/locations/r/jobs/grader:run'], 'asked once');
  },
  title: (_, answer: Answer, code) =>
    `${answer === 'hang up' ? answer : answer.status} is ${code}, and is not tried again`,
});

test(start, problem(400, 'INVALID_ARGUMENT'), 'jobs-refused');
test(start, problem(401, 'UNAUTHENTICATED'), 'jobs-refused');
test(start, problem(403, 'PERMISSION_DENIED'), 'jobs-refused');
test(start, problem(404, 'NOT_FOUND'), 'jobs-refused');
test(start, problem(429, 'RESOURCE_EXHAUSTED'), 'jobs-refused');
test(start, problem(500, 'INTERNAL'), 'jobs-unknown');
test(start, problem(503, 'UNAVAILABLE'), 'jobs-unknown');
test(start, problem(504, 'DEADLINE_EXCEEDED'), 'jobs-unknown');
test(start, 'hang up', 'jobs-unknown');
test(start, {status: 200, body: {name: 'operations/1'}}, 'jobs-unknown');

const find = test.macro({
  async exec(t, answer: Answer, state: string) {
    const {findState} = await setUp(t, answer);
    t.is(await findState('projects/p/locations/r/jobs/grader/executions/e'), state as never);
  },
  title: (given, _, state) => `${given} is ${state}`,
});

const name = 'projects/p/locations/r/jobs/grader/executions/e';
const ended = {name, completionTime: '2026-01-15T00:00:00Z'};
const condition = (executionReason: string) => [{type: 'Completed', state: 'CONDITION_FAILED', executionReason}];
test('an execution without an end', find, {status: 200, body: {name}}, 'running');
test('an execution with an end', find, {status: 200, body: ended}, 'ended');
test(
  'an execution that failed',
  find,
  {status: 200, body: {...ended, conditions: condition('NON_ZERO_EXIT_CODE')}},
  'ended',
);
test(
  'an execution that was cancelled',
  find,
  {status: 200, body: {...ended, conditions: condition('CANCELLED')}},
  'lost',
);
test('an execution that was forgotten', find, problem(404, 'NOT_FOUND'), 'unknown');
test('an execution of a platform that is down', find, problem(500, 'INTERNAL'), 'unknown');
