import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {makeBuilder} from '../testing/build-files/programs.ts';

const steps = ['test', 'push', 'deploy'];
const secret = 'T0/B0/thewebhooksecret';

/** Slack's end of a webhook. */
async function startSlack(t: ExecutionContext, status = 200) {
  const texts: string[] = [];
  const server = createServer(async (request, response) => {
    texts.push(JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')).text);
    response.writeHead(status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return {texts, webhook: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/${secret}`};
}

const setUp = (t: ExecutionContext, done: readonly string[]) => {
  const builder = makeBuilder(t);
  for (const step of done) {
    builder.leave(`done/${step}`, '');
  }

  return (environment: Record<string, string> = {}, names: readonly string[] = steps) =>
    builder.run([process.execPath, 'release/report.ts', 'Holt c0ffee to staging', ...names], environment);
};

test('a build whose every step is done ends well, and Slack is told with its address', async t => {
  const {texts, webhook} = await startSlack(t);
  const {code, stdout} = await setUp(t, steps)({SLACK_WEBHOOK: webhook, BUILD_URL: 'https://build.example/1'});
  t.is(code, 0);
  t.deepEqual(texts, ['Holt c0ffee to staging: done.\nhttps://build.example/1']);
  t.false(stdout.includes(secret));
});

test('a build that stopped fails, and Slack is told where', async t => {
  const {texts, webhook} = await startSlack(t);
  const {code} = await setUp(t, ['test'])({SLACK_WEBHOOK: webhook});
  t.is(code, 1);
  t.regex(texts.join(), /stopped at \*push\*/);
});

test('a build without a webhook is reported all the same', async t => {
  t.is((await setUp(t, steps)()).code, 0);
  t.is((await setUp(t, [])()).code, 1);
});

test('Slack that refuses, or is not there, changes nothing, and its address is in no log', async t => {
  const {webhook} = await startSlack(t, 403);
  const refused = await setUp(t, steps)({SLACK_WEBHOOK: `${webhook}\n`});
  t.is(refused.code, 0);
  t.regex(refused.stdout, /Slack answered 403/);
  for (const [gone, done] of [
    [`http://127.0.0.1:1/${secret}`, steps],
    [`not an address ${secret}`, []],
  ] as const) {
    const {code, stdout, stderr} = await setUp(t, done)({SLACK_WEBHOOK: gone});
    t.is(code, done.length > 0 ? 0 : 1);
    t.regex(stdout, /Slack could not be told/);
    t.false((stdout + stderr).includes(secret));
  }
});

test('a report on no step at all is a mistake, not a success', async t => {
  t.is((await setUp(t, [])({}, [])).code, 1);
});
