import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import {setTimeout as wait} from 'node:timers/promises';

/*
 * Starts each function as Cloud Run does, by FUNCTION_TARGET, and asks it something that needs no store. Runs inside the
 * image, without a network: a function that calls out before its first request is found here.
 *
 * Usage: node smoke-functions.ts PROGRAM          e.g. serve.js
 */

const TIMEOUT_MILLISECONDS = 60_000;
const ATTEMPT_MILLISECONDS = 2000;
/** What a GET of each is answered with: the exchange shows who it is to a browser, an event function takes events only. */
const answers: Record<string, (status: number) => boolean> = {
  exchange: status => status < 500,
  dispatch: status => status === 405,
  record: status => status === 405,
  passback: status => status === 405,
  audit: status => status === 405,
  sweep: status => status === 405,
};
/** What no function starts without; nothing behind it is there. */
const environment = {
  GCP_PROJECT_ID: 'smoke',
  GRADER_JOB: 'projects/smoke/locations/us-central1/jobs/grader',
  HOLT_BUCKET: 'smoke',
  HOLT_COURSES: 'smoke=/nowhere',
  HOLT_JWT_SECRET: 'a secret of this test only',
  METADATA_SERVER_DETECTION: 'none',
};

const [program = 'serve.js'] = process.argv.slice(2);
let failed = false;
for (const [target, isRight] of Object.entries(answers)) {
  const port = await findPort();
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {...process.env, ...environment, PORT: String(port), FUNCTION_TARGET: target},
  });
  const exited = once(child, 'exit');
  const status = await askUntilAnswered(child, port);
  const isFine = status !== undefined && isRight(status);
  console.log(
    `${isFine ? 'ok    ' : 'FAILED'} ${target} ${status === undefined ? 'does not answer' : `answers ${status}`}`,
  );
  failed ||= !isFine;
  child.kill('SIGTERM');
  await exited;
}

process.exitCode = failed ? 1 : 0;

async function askUntilAnswered(child: ChildProcess, port: number): Promise<number | undefined> {
  const deadline = Date.now() + TIMEOUT_MILLISECONDS;
  while (child.exitCode === null && Date.now() < deadline) {
    try {
      const signal = AbortSignal.timeout(ATTEMPT_MILLISECONDS);
      return (await fetch(`http://127.0.0.1:${port}/`, {redirect: 'manual', signal})).status;
    } catch {
      await wait(100);
    }
  }

  return undefined;
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
