import test from 'ava';
import {goferPrefix} from '../../emulator/companions.ts';
import {findFreePort} from '../../emulator/local-server.ts';
import {makeGoferNotebook} from '../gofer-requests.ts';
import {goferSuccess} from '../gofer-world.ts';
import {logInByForm, makeUserToken, openSession} from './hub-session.ts';
import {startHolt} from './start-holt.ts';
import {setUpHub, startTestHub} from './test-hub.ts';

test.before(async t => {
  t.timeout(600_000, 'the hub’s Python environment is made once');
  await setUpHub();
});

test('in a real hub gofer’s notebook is parked, goes through a service of its own, and is claimed', async t => {
  t.timeout(180_000);
  const port = await findFreePort();
  const hub = await startTestHub({serviceUrl: `http://127.0.0.1:${port}`, groups: {}});
  t.teardown(hub.close);
  const holt = await startHolt({port, env: hub.environment});
  t.teardown(holt.close);
  const alice = openSession(hub.url);
  await logInByForm(alice, {username: 'alice', password: hub.password});

  const nb = makeGoferNotebook('1', {lab: 'lab-demo'});
  let answer = await alice.send(goferPrefix, {json: {nb}});
  t.is(answer.status, 303);
  t.regex(answer.location, /client_id=service-gofer_nb/);
  for (let redirects = 0; answer.status >= 300 && answer.status < 400 && redirects < 5; redirects += 1) {
    answer = await alice.send(answer.location);
  }

  t.deepEqual([answer.status, answer.body], [200, goferSuccess]);
  // The next press needs no round trip.
  const again = await alice.send(goferPrefix, {json: {nb: makeGoferNotebook('2', {lab: 'lab-demo'})}});
  t.deepEqual([again.status, again.body], [200, goferSuccess]);

  const headers = {Authorization: `token ${await makeUserToken(alice, 'alice')}`};
  const list = await fetch(`${hub.url}${goferPrefix}submissions`, {headers});
  const {submissions} = (await list.json()) as {submissions: {student: string}[]};
  t.deepEqual(
    submissions.map(({student}) => student),
    ['alice', 'alice'],
  );
  // A token for the one service is none for the other.
  const narrow = await makeUserToken(alice, 'alice', ['access:services!service=otter_grade']);
  const refused = await fetch(`${hub.url}${goferPrefix}submissions`, {headers: {Authorization: `token ${narrow}`}});
  t.is(refused.status, 401);
});
