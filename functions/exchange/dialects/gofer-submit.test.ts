import test, {type ExecutionContext} from 'ava';
import {openBrowser} from '../../../emulator/as-otter-submit.ts';
import {goferPrefix} from '../../../emulator/companions.ts';
import {checkNothingMade, checkRefusals, checkWhole} from '../../../testing/exchange-checks.ts';
import {startExchange} from '../../../testing/exchange-world.ts';
import {goferRefusals, makeGoferNotebook, pressGofer} from '../../../testing/gofer-requests.ts';

const success = "User submission has been received. Grade will be posted to the gradebook once it's finished running!";
const alice = {Authorization: 'token dev-alice'};

/** Checks that an answer is what can stand in an alert: one short sentence, and no page. */
async function checkPlain(t: ExecutionContext, answer: Response, status: number): Promise<string> {
  const text = await answer.text();
  t.is(answer.status, status, text);
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.regex(text, /^[A-Z“].{10,400}\.$/);
  t.notRegex(text, /[<{]\/?(html|"type")|\bat .*\.ts:\d|\n/);
  t.truthy(answer.headers.get('holt-trace'));
  return text;
}

test('a notebook is answered with the reference’s sentence, and is the student’s submission', async t => {
  const world = await startExchange(t);
  const answer = await world.post({nb: makeGoferNotebook()}, alice, goferPrefix);
  t.is(await answer.text(), success);
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  const [submission] = world.records.all('submissions');
  t.like(submission, {
    ...{course: 'demo', section: '1', assignment: 'lab', student: 'alice', client: 'gofer-submit', flags: []},
    proof: {kind: 'hub', verified: true, via: 'token'},
  });
  t.is(answer.headers.get('location'), `${goferPrefix}submissions/${submission?.id}`);
  checkWhole(t, world);
  checkRefusals(t, world, []);
});

test('a GET is the reference’s sentence and nothing after it', async t => {
  const {url} = await startExchange(t);
  const answer = await fetch(url + goferPrefix);
  t.is(await answer.text(), "This is a post only page. You probably shouldn't be here!");
  t.is(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  const bare = await fetch(url + goferPrefix.slice(0, -1), {redirect: 'manual'});
  t.deepEqual([bare.status, bare.headers.get('location')], [303, goferPrefix]);
});

test('the button’s own press goes through the hub, by gofer’s own service there, and comes back with the sentence', async t => {
  const world = await startExchange(t);
  const browser = openBrowser();
  await browser.send(`${world.url}/hub/login`, {method: 'POST', body: 'username=alice'});
  for (const answer of ['1', '2']) {
    const sent = await pressGofer(browser, {
      ...{origin: world.url, student: 'alice', notebook: JSON.stringify(makeGoferNotebook(answer))},
    });
    t.is(await sent.text(), success);
  }

  t.deepEqual(
    world.records
      .all('submissions')
      .map(({student, client, proof}) => [student, client, proof.via])
      .sort(),
    [
      ['alice', 'gofer-submit', 'oauth'],
      // The second press needed no round trip.
      ['alice', 'gofer-submit', 'session'],
    ],
  );
  checkWhole(t, world);
});

test('a notebook of another user’s page is kept, and told so in a sentence', async t => {
  const world = await startExchange(t);
  const browser = openBrowser();
  await browser.send(`${world.url}/hub/login`, {method: 'POST', body: 'username=mallory'});
  const notebook = JSON.stringify(makeGoferNotebook());
  const answer = await pressGofer(browser, {origin: world.url, student: 'alice', notebook});
  t.regex(await checkPlain(t, answer, 403), /belongs to alice, but mallory is logged in/);
  t.like(world.records.all('parked')[0], {claimed: false, otherLogin: 'mallory', client: 'gofer-submit'});
  t.deepEqual(world.records.all('submissions'), []);
});

test('one’s submissions are read under gofer’s prefix as under the other', async t => {
  const world = await startExchange(t);
  const answer = await world.post({nb: makeGoferNotebook()}, alice, goferPrefix);
  const status = await fetch(world.url + answer.headers.get('location'), {headers: alice});
  t.like(await status.json(), {state: 'queued', student: 'alice', course: 'demo'});
  const unknown = await fetch(`${world.url}${goferPrefix}submissions/none`, {headers: alice});
  t.is(unknown.headers.get('content-type'), 'application/problem+json');
  // A page logs in by the service that the prefix belongs to, and comes back to where it was.
  const browser = openBrowser();
  await browser.send(`${world.url}/hub/login`, {method: 'POST', body: 'username=alice'});
  const page = await browser.send(`${world.url}${goferPrefix}submissions`, {headers: {Accept: 'text/html'}});
  t.regex(await page.text(), /Your submissions/);
});

test('a course that is not named is 8x, and an assignment is named before a lab', async t => {
  const world = await startExchange(t);
  await world.addCourse('8x');
  const unnamed = {nb: makeGoferNotebook('1', {course: undefined, assignment: 'hw', lab: 'lab'})};
  t.is((await world.post(unnamed, alice, goferPrefix)).status, 200);
  t.is(
    (await world.post({nb: makeGoferNotebook('1', {section: 1, assignment: null})}, alice, goferPrefix)).status,
    200,
  );
  t.deepEqual(
    world.records
      .all('submissions')
      .map(({course, section, assignment}) => [course, section, assignment].join())
      .sort(),
    ['8x,1,hw', 'demo,1,lab'],
  );
});

for (const [what, body, status, code, sentence] of goferRefusals) {
  test(`${what} is refused in one plain sentence, recorded, and leaves nothing`, async t => {
    const world = await startExchange(t);
    t.regex(await checkPlain(t, await world.post(body, alice, goferPrefix), status), sentence);
    checkNothingMade(t, world, [code]);
    t.like(world.records.all('refusals')[0], {client: 'gofer-submit', status, student: 'alice'});
    // The same from a browser that nobody is logged in with: it is refused before it is parked.
    await checkPlain(t, await world.post(body, {Origin: world.url}, goferPrefix), status);
    checkNothingMade(t, world, [code, code]);
  });
}

test('what concerns the request, not the notebook, is a plain sentence too', async t => {
  const world = await startExchange(t, {environment: {MAX_NOTEBOOK_BYTES: '10000'}});
  const large = {nb: makeGoferNotebook('x'.repeat(20_000))};
  await checkPlain(t, await world.post(large, alice, goferPrefix), 413);
  await checkPlain(t, await world.post({nb: makeGoferNotebook()}, {Authorization: 'token wrong'}, goferPrefix), 401);
  await checkPlain(t, await world.post({nb: makeGoferNotebook()}, {Origin: 'https://evil.example'}, goferPrefix), 403);
  await checkPlain(t, await fetch(`${world.url}${goferPrefix}nothing`), 404);
  await checkPlain(t, await fetch(`${world.url}${goferPrefix}..%2f..%2fetc/passwd`), 404);
  await checkPlain(t, await fetch(`${world.url}${goferPrefix}oauth_callback?state=x&code=y`), 400);
  const put = await fetch(world.url + goferPrefix, {method: 'PUT'});
  await checkPlain(t, put, 405);
  t.is(put.headers.get('allow'), 'GET, POST');
  world.hub.isDown = true;
  const bob = {Authorization: 'token dev-bob'};
  await checkPlain(t, await world.post({nb: makeGoferNotebook()}, bob, goferPrefix), 502);
  t.deepEqual(world.records.all('submissions'), []);
});

test('a storage that fails is told in a plain sentence, logged with its reason, and nothing is answered as kept', async t => {
  const world = await startExchange(t);
  world.ports.fault = {at: world.ports.calls.length + 3, when: 'before'};
  const answer = await world.post({nb: makeGoferNotebook()}, alice, goferPrefix);
  t.regex(await checkPlain(t, answer, 503), /try again in a minute/);
  t.true(world.logs.some(({severity, fields}) => severity === 'ERROR' && /fails at call/.test(String(fields?.cause))));
  t.notRegex(JSON.stringify(world.logs), /answer = /);
});

test('a body that breaks off leaves nothing', async t => {
  const world = await startExchange(t);
  const {connect} = await import('node:net');
  const socket = connect(world.port, '127.0.0.1');
  const cut = JSON.stringify({nb: makeGoferNotebook()}).slice(0, 60);
  const head = `POST ${goferPrefix} HTTP/1.1\r\nHost: hub\r\nAuthorization: token dev-alice\r\nContent-Length: 500\r\n\r\n`;
  socket.write(head + cut, () => socket.destroy());
  for (let tries = 0; world.records.all('refusals').length === 0 && tries < 100; tries += 1) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }

  checkNothingMade(t, world, ['incomplete-body']);
});

test('both dialects stand in one exchange, and a prefix of one’s own is a setting', async t => {
  const environment = {HOLT_GOFER_PREFIX: '/hub-base/gofer/'};
  const world = await startExchange(t, {environment});
  t.is(await (await world.post({nb: makeGoferNotebook()}, alice, '/hub-base/gofer/')).text(), success);
  const otter = {nb: makeGoferNotebook('2', {otter_service: {course: 'demo', section: '1', assignment: 'hw'}})};
  t.regex(await (await world.post(otter, alice)).text(), /being graded/);
  t.is((await fetch(world.url + goferPrefix)).status, 404);
  t.deepEqual(
    world.records
      .all('submissions')
      .map(({client, assignment}) => `${client} ${assignment}`)
      .sort(),
    ['gofer-submit lab', 'otter-submit hw'],
  );
});

test('a hub’s service that is gofer’s alone may give its prefix by JupyterHub’s own name', async t => {
  const world = await startExchange(t, {environment: {JUPYTERHUB_SERVICE_PREFIX: goferPrefix}});
  t.is(await (await world.post({nb: makeGoferNotebook()}, alice, goferPrefix)).text(), success);
});
