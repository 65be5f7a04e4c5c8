import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import test from 'ava';
import {makeSendScore} from '../../adapters/lti/replace-result.ts';
import {findCourseConfig} from '../../domain/course.ts';
import type {LineItem} from '../../domain/passback.ts';
import {makeDemoLms} from '../../emulator/demo-lms.ts';
import {createdEvent, lms, makePassbackWorld} from '../../testing/passback-world.ts';
import {readConfig} from '../config.ts';
import {readLms} from '../read-lms.ts';
import {newId, now} from '../runtime.ts';
import type {LmsSettings} from './find-route.ts';
import {makePassback} from './handler.ts';

const outcomesUrl = 'https://lms.example/outcomes?item=lab';

/** The stage with gofer's config of the course. */
async function setUp(settings: Partial<LmsSettings>, url = outcomesUrl) {
  const world = await makePassbackWorld();
  const text = JSON.stringify({demo: {sourcedid: {1: {lab: 'id-of-lab'}}, outcomes_url: {1: {lab: url}}}});
  const config = findCourseConfig(text, 'demo', 'x19_config.json') ?? world.course.config;
  await world.putCourse({...world.course, config});
  const sends: (LineItem & {fraction: number})[] = [];
  const passback = makePassback(
    {
      ...world,
      sendScore: async (lineItem, fraction) => {
        sends.push({...lineItem, fraction});
        return {outcome: 'sent', message: 'taken'};
      },
      now: () => world.clock.now,
      newId: () => 'holder',
      log() {},
    },
    {post: true, lms: undefined, prefix: '', ...settings},
  );
  return {...world, sends, run: (id: string) => passback(createdEvent(id))};
}

test('a score goes to the address of gofer’s config, in the form gofer sends it', async t => {
  const {decide, run, sends, stateOf} = await setUp({hosts: ['lms.example']});
  const {id} = await decide({earned: 2, possible: 3});
  await run(id);
  t.deepEqual(sends, [{outcomesUrl, sourcedId: 'id-of-lab:alice', fraction: 0.667}]);
  t.is(stateOf(id)?.state, 'sent');
});

test('a user’s name cannot become another user of the LMS', async t => {
  const {decide, run, sends} = await setUp({hosts: ['lms.example']});
  const {id} = await decide({earned: 1, possible: 1}, {student: 'mallory:alice%40x'});
  await run(id);
  t.is(sends[0]?.sourcedId, 'id-of-lab:mallory%3Aalice%2540x');
});

for (const url of [
  'https://evil.example/outcomes',
  'https://lms.example.evil.example/',
  'https://lms.example:8443/',
  'http://169.254.169.254/computeMetadata/v1/',
  'http://127.0.0.1:1/',
]) {
  test(`a course sends no score to ${url}, and the score waits for a setting that allows it`, async t => {
    const {decide, run, sends, stateOf} = await setUp({hosts: ['lms.example'], lms}, url);
    const {id} = await decide({earned: 1, possible: 1});
    await run(id);
    t.deepEqual(sends, []);
    t.like(stateOf(id), {state: 'pending', attempts: 1});
    t.regex(stateOf(id)?.message ?? '', /HOLT_LMS_HOSTS, or correct outcomes_url\.$/);
  });
}

test('without key and secret nothing is sent, whatever the course says', async t => {
  const {decide, run, sends, stateOf} = await setUp({hosts: []});
  const {id} = await decide({earned: 1, possible: 1});
  await run(id);
  t.deepEqual(sends, []);
  t.is(stateOf(id)?.state, 'off');
});

const environment = {
  HOLT_ENGINE: 'embedded',
  HOLT_DATA: 'data',
  LTI_CONSUMER_KEY: 'key',
  LTI_CONSUMER_SECRET: 'secret',
};
test('hosts are those of the settings: edX’s, and any that are named beside it', t => {
  const read = (given: Record<string, string>) => readLms(readConfig('passback', {...environment, ...given}));
  t.deepEqual(read({HOLT_LMS_HOSTS: 'LMS.example, canvas.example:8443'}), {
    ...{post: true, lms: undefined, hosts: ['lms.example', 'canvas.example:8443']},
  });
  t.deepEqual(read({EDX_URL: 'Edge.edx.org'}).hosts, ['edge.edx.org']);
  t.deepEqual(read({EDX_URL: 'edge.edx.org', EDX_BASE_URL: 'http://127.0.0.1:5'}).hosts, [
    'edge.edx.org',
    '127.0.0.1:5',
  ]);
  t.deepEqual(read({HOLT_LMS_HOSTS: 'lms.example', LTI_CONSUMER_SECRET: ''}).hosts, []);
  t.deepEqual(read({HOLT_LMS_HOSTS: 'lms.example', POST_GRADE: 'true'}).post, true);
  t.throws(() => read({HOLT_LMS_HOSTS: 'https://lms.example/'}), {message: /HOLT_LMS_HOSTS/});
  t.throws(() => read({POST_GRADE: 'true'}), {message: /EDX_URL/});
});

test('the LMS verifies the signature of an address that has a query', async t => {
  const consumer = {consumerKey: 'key', consumerSecret: 'secret'};
  const demo = makeDemoLms({...consumer, strict: true});
  const server = createServer((request, response) => void demo.handle(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close().closeAllConnections());
  const {port} = server.address() as AddressInfo;
  const path =
    '/courses/course-v1:O+C+R/xblock/block-v1:O+C+R+type@lti_consumer+block@b1/handler_noauth/outcome_service_handler';
  const send = makeSendScore({...consumer, newId, now});
  for (const query of ['?course=8x&item=3', '?name=a%20b', '']) {
    const url = `http://127.0.0.1:${port}${path}${query}`;
    t.is((await send({outcomesUrl: url, sourcedId: 'id-of-lab:alice'}, 0.667)).outcome, 'sent', query);
  }

  t.like(demo.scores()[0], {student: 'alice', score: 0.667});
});
