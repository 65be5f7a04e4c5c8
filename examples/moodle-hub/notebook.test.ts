import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {pressSubmit} from '../../emulator/as-otter-submit.ts';
import {needSandbox, setUpPython} from '../../testing/grader.ts';
import {
  askAsMoodle,
  activityFile as file,
  loadNotebook,
  makeFrameAddress,
  makeToken,
} from '../../testing/moodle-hub/as-moodle.ts';
import {root, setUp} from '../../testing/moodle-hub/environments.ts';
import {openFrame} from '../../testing/moodle-hub/frame.ts';
import {type Example, startExample} from '../../testing/moodle-hub/start-example.ts';

/*
 * What mod_jupyter does with a hub for an activity: it starts the user's server, writes the notebook into it, shows it in a
 * frame by a token, and reads it again; and what the Submit button in that frame does.
 */

const moodle = 'https://moodle.example.edu';
const origin = 'https://hub.example.edu';
const prefix = '/services/otter_grade/';
const notebook = readFileSync(path.join(root, 'testing/fixtures/otter-lab/submissions/solution.ipynb'));
let hub: Example;

test.before(async t => {
  t.timeout(600_000, 'the Python environments are made once');
  await setUpPython();
  await setUp('hub', 'lab', 'check');
  hub = await startExample({MOODLE_URL: moodle, HUB_URL: origin});
});

test.after.always(() => hub?.close());

/** The notebook in a user's server, as mod_jupyter fetches it to have it graded. */
async function fetchNotebook(user: string, name = file): Promise<Buffer> {
  const query = 'content=1&format=base64&type=file';
  const answer = await askAsMoodle(`${hub.url}/user/${user}/api/contents/5/7/${name}?${query}`);
  const {content} = (await answer.json()) as {content: string};
  return Buffer.from(content, 'base64');
}

const inFrame = (user: string) => makeFrameAddress('', user);

test.serial('Moodle loads a notebook, and its user sees it in JupyterLab with the Submit button', async t => {
  t.timeout(120_000);
  t.deepEqual(await loadNotebook(hub.url, 'alice', notebook), [404, 201, 201, 404, 201, 201, 201]);

  const shown = await openFrame(hub.url).open(inFrame('alice'));
  t.is(shown.status, 200);
  t.is(shown.hops.at(-1)?.path, `/user/alice/lab/tree/5/7/${file}`);
  t.deepEqual(
    shown.hops.slice(2).filter(hop => hop.path.includes('auth_token')),
    [],
  );
  t.regex(shown.body, /"name": "@otter-submit\/submit-button"/);
  t.regex(shown.body, /"news": {"disabled": true}/);
  t.deepEqual(await fetchNotebook('alice'), notebook);
});

test.serial('only Moodle shows a user’s server in a frame, where its cookies reach it', async t => {
  t.timeout(120_000);
  const {hops} = await openFrame(hub.url).open(inFrame('alice'));
  const ofServer = hops.filter(hop => hop.path.startsWith('/user/alice/'));
  t.true(ofServer.length > 1);
  t.is(ofServer.at(-1)?.headers['content-security-policy'], `frame-ancestors ${moodle}`);

  const cookies = ofServer.flatMap(({headers}) => headers['set-cookie'] ?? []);
  t.true(cookies.some(cookie => cookie.startsWith('_xsrf=')));
  t.true(cookies.some(cookie => cookie.startsWith('jupyterhub-user-alice=')));
  const kept = cookies.filter(cookie => !/^[^=]+="";/.test(cookie));
  t.deepEqual(
    kept.filter(cookie => !(/; SameSite=None/i.test(cookie) && /; Secure/i.test(cookie))),
    [],
  );
});

test.serial('a press on Submit is graded, under the name that Moodle gave', async t => {
  t.timeout(120_000);
  if (!(await needSandbox(t))) {
    return;
  }

  const frame = openFrame(hub.url);
  await frame.open(inFrame('alice'));
  const press = {origin, prefix, student: 'alice', notebook: notebook.toString(), path: `5/7/${file}`};
  const send = (address: string, init = {}) => frame.open(address.replace(origin, ''), init);
  const browser = {send: async (address: string, init = {}) => toResponse(await send(address, init))};
  const answer = await pressSubmit(browser, press);
  t.is(answer.status, 200);
  t.regex(await answer.text(), /^Your submission is being graded/);

  const id = answer.headers.get('holt-submission');
  const accept = {headers: {accept: 'application/json'}};
  const seen = await frame.open(`${prefix}submissions/${id}?wait=60`, accept);
  t.like(JSON.parse(seen.body), {id, student: 'alice', score: {earned: 15, possible: 15}});
});

test.serial('a press from a page of Moodle’s own, or of another user, is refused', async t => {
  const frame = openFrame(hub.url);
  await frame.open(inFrame('alice'));
  const headers = {'content-type': 'application/json', referer: `${origin}/user/alice/lab/tree/5/7/${file}`};
  const body = `{"nb":${notebook}}`;
  const ofMoodle = await frame.open(prefix, {method: 'POST', headers: {...headers, origin: moodle}, body});
  t.is(ofMoodle.status, 403);

  const ofBob = {...headers, origin, referer: `${origin}/user/bob/lab/tree/5/7/${file}`, 'x-otter-user': 'bob'};
  t.is((await frame.open(prefix, {method: 'POST', headers: ofBob, body})).status, 403);
});

test.serial('Moodle resets a notebook, and keeps what was there under another name', async t => {
  t.timeout(120_000);
  const contents = `${hub.url}/user/alice/api/contents/5/7`;
  const old = `2026-11-21-10:00:00_${file}`;
  const moved = await askAsMoodle(`${contents}/${file}`, 'PATCH', {path: `5/7/${old}`});
  t.is(moved.status, 200);
  const blank = Buffer.from('{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}').toString('base64');
  const put = await askAsMoodle(`${contents}/${file}`, 'PUT', {type: 'file', format: 'base64', content: blank});
  t.is(put.status, 201);
  t.deepEqual(await fetchNotebook('alice', old), notebook);
});

test.serial('Moodle’s API token may do that and no more, and nobody else’s may do it', async t => {
  t.is((await askAsMoodle(`${hub.url}/hub/api/proxy`)).status, 403);
  t.is((await askAsMoodle(`${hub.url}/hub/api/shutdown`, 'POST', {})).status, 403);
  for (const token of ['', 'a', makeToken({name: 'alice'}), 'j'.repeat(40)]) {
    t.is((await askAsMoodle(`${hub.url}/hub/api/users/mallory`, 'POST', undefined, token)).status, 403);
    t.is((await askAsMoodle(`${hub.url}/user/alice/api/contents`, 'GET', undefined, token)).status, 403);
  }

  t.is((await askAsMoodle(`${hub.url}/hub/api/users/mallory`)).status, 404);
  t.is((await askAsMoodle(`${hub.url}/hub/api/users/${encodeURIComponent('.hidden')}`, 'POST')).status, 400);
});

test.serial('a user does not get into another’s server', async t => {
  const frame = openFrame(hub.url);
  await frame.open(`/hub/home?auth_token=${makeToken({name: 'bob'})}`);
  const shown = await frame.open('/user/alice/api/contents');
  t.is(shown.status, 403);
  t.notRegex(shown.body, /lab-demo/);
});

const toResponse = ({status, headers, body}: Awaited<ReturnType<ReturnType<typeof openFrame>['open']>>) =>
  new Response(body, {
    status,
    headers: Object.entries(headers).flatMap(([name, value]) =>
      [value ?? ''].flat().map((one): [string, string] => [name, one]),
    ),
  });
