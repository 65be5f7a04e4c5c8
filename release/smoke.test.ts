import path from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {makeBuilder} from '../testing/build-files/programs.ts';
import {root} from '../testing/build-files/read-builds.ts';
import {needSandbox, setUpPython} from '../testing/grader.ts';

const lab = path.join(root, 'testing/fixtures/otter-lab');
const program = fileURLToPath(new URL('smoke-grader.ts', import.meta.url));

test.serial('the grader’s own entry point passes its smoke test here too', async t => {
  t.timeout(400_000);
  await setUpPython();
  if (!(await needSandbox(t))) {
    return;
  }

  const {run} = makeBuilder(t);
  const job = [process.execPath, path.join(root, 'grader-job/main.ts')];
  const {code, stdout, stderr} = await run([process.execPath, program, lab, ...job]);
  t.is(code, 0, stderr);
  t.regex(stdout, /The grader grades\.\n$/);
});

test.serial('a grader that ends well and uploads nothing fails the smoke test', async t => {
  const {run} = makeBuilder(t);
  const {code, stderr} = await run([process.execPath, program, lab, 'true']);
  t.is(code, 1);
  t.regex(stderr, /solution has no result/);
  t.regex((await run([process.execPath, program, lab, 'false'])).stderr, /the job ended with 1/);
});

const functions = fileURLToPath(new URL('smoke-functions.ts', import.meta.url));

test.serial('every function starts and answers in the smoke test', async t => {
  t.timeout(120_000);
  const {run} = makeBuilder(t);
  const {code, stdout, stderr} = await run([process.execPath, functions, 'functions/serve.ts']);
  t.is(code, 0, stdout + stderr);
  t.is(stdout.match(/^ok /gm)?.length, 6);
});

test.serial('functions that do not start, or answer with something else, fail the smoke test', async t => {
  const builder = makeBuilder(t);
  builder.leave('silent.js', 'process.exit(1)');
  builder.leave(
    'wrong.js',
    "require('node:http').createServer((_, r) => r.writeHead(500).end()).listen(process.env.PORT)",
  );
  for (const name of ['silent.js', 'wrong.js']) {
    const {code, stdout} = await builder.run([process.execPath, functions, path.join(builder.folder, 'build', name)]);
    t.is(code, 1, name);
    t.is(stdout.match(/^FAILED /gm)?.length, 6, stdout);
  }
});
