import {spawn} from 'node:child_process';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';

/*
 * Gives the grading job one task, from a store on this machine's own address, and looks at what it uploads: the solution has
 * all points, the untouched notebook has none. Runs inside the image, without a network, as Cloud Run would run it.
 *
 * Usage: node smoke-grader.ts LAB COMMAND [ARGUMENT...]       LAB: the folder of testing/fixtures/otter-lab
 */

const TIMEOUT_MILLISECONDS = 300_000;
const POINTS = 15;
/** Points of each notebook. */
const expected: Record<string, number> = {solution: POINTS, partial: 12, blank: 0};

type Result = {cause: string; message: string; questions: {earned: number}[]; grader: {isolation: string}};

const [lab = '', command = '', ...parameters] = process.argv.slice(2);
const objects = new Map<string, Buffer>();

const server = createServer(async (request, response) => {
  const name = request.url ?? '';
  if (request.method === 'PUT') {
    objects.set(name, Buffer.concat(await request.toArray()));
    response.writeHead(200).end();
  } else {
    const content = objects.get(name);
    response.writeHead(content ? 200 : 404).end(content);
  }
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function put(name: string, content: Buffer | object): string {
  objects.set(name, Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content)));
  return origin + name;
}

const archive = readFileSync(path.join(lab, 'autograders/demo/zips/lab-demo-autograder.zip'));
const autograder = {url: put('/archive', archive), sha256: createHash('sha256').update(archive).digest('hex')};
const entries = Object.keys(expected).map(name => ({
  kind: 'grade',
  submissionId: name,
  run: 1,
  autograder,
  limits: {notebookSeconds: 120},
  notebook: {url: put(`/${name}.ipynb`, readFileSync(path.join(lab, 'submissions', `${name}.ipynb`)))},
  result: {url: `${origin}/results/${name}`, headers: {'content-type': 'application/json'}},
}));
const manifest = put('/manifest', {schemaVersion: 1, createdAt: new Date().toISOString(), entries});

const child = spawn(command, parameters, {
  stdio: 'inherit',
  env: {
    ...process.env,
    MANIFEST_INDEX_URL: put('/index', {schemaVersion: 1, tasks: [manifest]}),
    CLOUD_RUN_TASK_INDEX: '0',
  },
  timeout: TIMEOUT_MILLISECONDS,
});
const [code] = await once(child, 'exit');
server.close();

const faults = Object.entries(expected).flatMap(([name, points]) => {
  const content = objects.get(`/results/${name}`);
  if (!content) {
    return [`${name} has no result`];
  }

  const {cause, message, questions, grader} = JSON.parse(content.toString('utf8')) as Result;
  const earned = questions.reduce((sum, question) => sum + question.earned, 0);
  return cause === 'student' && earned === points && grader.isolation === 'judge'
    ? []
    : [
        `${name}: ${earned} of ${POINTS} points, not ${points}; cause ${cause}, kept apart by ${grader.isolation}. ${message}`,
      ];
});
if (code !== 0) {
  faults.push(`the job ended with ${code}`);
}

for (const fault of faults) {
  console.error(`smoke: ${fault}`);
}

console.log(faults.length === 0 ? 'The grader grades.' : 'The grader does not grade.');
process.exitCode = faults.length === 0 ? 0 : 1;
