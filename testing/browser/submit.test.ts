import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {Browser, BrowserContext, Page} from 'playwright-core';
import {findFreePort} from '../../emulator/local-server.ts';
import {type Need, need} from '../need.ts';
import {expireHubLogin, findChromium, logIn, logOut, openBrowser, openNotebook, pressSubmit} from './browser.ts';
import {logInByForm, makeUserToken, openSession} from './hub-session.ts';
import {startHolt} from './start-holt.ts';
import {setUpHub, startTestHub, type TestHub} from './test-hub.ts';

/*
 * The whole way of a student's press: JupyterLab, otter-submit's own button, Chromium, JupyterHub and its proxy, Holt.
 */

const prefix = '/services/otter_grade/';
const chromium: Need = {what: 'Chromium', get: 'apt-get install chromium', isMissing: !findChromium()};
const notebooks = ['blank', 'partial', 'solution', 'missing_cells', 'syntax_error'].map(name =>
  path.join(import.meta.dirname, `../fixtures/otter-lab/submissions/${name}.ipynb`),
);

let hub: TestHub;
let holt: {close: () => Promise<void>};
let browser: Browser;
let staffToken: string;

test.before(async t => {
  t.timeout(300_000, 'the hub’s Python environment is made once');
  if (chromium.isMissing) {
    return;
  }

  await setUpHub();
  const port = await findFreePort();
  hub = await startTestHub({serviceUrl: `http://127.0.0.1:${port}`, groups: {'demo-staff': ['grace']}, notebooks});
  [holt, browser, staffToken] = await Promise.all([
    startHolt({port, env: hub.environment}),
    openBrowser(),
    makeToken('grace'),
  ]);
});

test.after.always(async () => {
  await browser?.close();
  await Promise.all([hub?.close(), holt?.close()]);
});

async function makeToken(username: string): Promise<string> {
  const session = openSession(hub.url);
  await logInByForm(session, {username, password: hub.password});
  return makeUserToken(session, username);
}

type Row = {id: string; student: string};

/** The submissions of the course as its staff sees them, newest first. */
async function listSubmissions(): Promise<Row[]> {
  const answer = await fetch(`${hub.url}${prefix}courses/demo/submissions`, {
    headers: {authorization: `token ${staffToken}`, accept: 'application/json'},
  });
  return ((await answer.json()) as {submissions: Row[]}).submissions;
}

/** Opens JupyterLab in a browser of its own, logged in. */
async function openLab(t: ExecutionContext, user: string, notebook: string): Promise<[Page, BrowserContext]> {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  await logIn(page, hub, user);
  await openNotebook(page, hub, user, notebook);
  return [page, context];
}

const wayOf = ({hops}: {hops: {method: string; status: number}[]}) =>
  hops.map(({method, status}) => `${method} ${status}`);

test.serial('a first press goes through the hub unseen, a second is spared the way', async t => {
  if (need(t, chromium)) {
    return;
  }

  const [page] = await openLab(t, 'alice', 'blank.ipynb');
  const [first] = await pressSubmit(page);
  t.deepEqual(first && wayOf(first), ['POST 303', 'GET 302', 'GET 200']);
  const id = first?.headers['holt-submission'];
  t.like((await listSubmissions())[0], {id, student: 'alice'});

  const [second] = await pressSubmit(page);
  t.deepEqual(second && wayOf(second), ['POST 200']);
  t.is(second?.headers['holt-submission'], id);
  t.is((await listSubmissions()).length, 1);
});

test.serial('a double press loses nothing and counts once', async t => {
  if (need(t, chromium)) {
    return;
  }

  const before = await listSubmissions();
  const [page] = await openLab(t, 'alice', 'partial.ipynb');
  const answers = await pressSubmit(page, 2);
  t.deepEqual(answers.map(wayOf), [
    ['POST 303', 'GET 302', 'GET 200'],
    ['POST 303', 'GET 302', 'GET 200'],
  ]);
  const after = await listSubmissions();
  t.is(after.length, before.length + 1);
  t.deepEqual(
    answers.map(({headers}) => headers['holt-submission']),
    [after[0]?.id, after[0]?.id],
  );
});

test.serial('a press with an expired login is kept, and claimed by the next login of that name', async t => {
  if (need(t, chromium)) {
    return;
  }

  const before = await listSubmissions();
  const [page, context] = await openLab(t, 'alice', 'solution.ipynb');
  await expireHubLogin(context);
  const [answer] = await pressSubmit(page);
  t.regex(answer?.hops.at(-1)?.url ?? '', /\/hub\/login\?/);
  t.is((await listSubmissions()).length, before.length);

  const tab = await context.newPage();
  await logIn(tab, hub, 'alice');
  await tab.goto(`${hub.url}${prefix}submissions`);
  const after = await listSubmissions();
  t.is(after.length, before.length + 1);
  t.is(after[0]?.student, 'alice');
});

test.serial('a press after another person logged in is nobody’s until its owner is back', async t => {
  if (need(t, chromium)) {
    return;
  }

  const before = await listSubmissions();
  const [page, context] = await openLab(t, 'alice', 'missing_cells.ipynb');
  const tab = await context.newPage();
  await logOut(tab, hub);
  await logIn(tab, hub, 'bob');
  const [refused] = await pressSubmit(page);
  t.is(refused?.status, 403);
  t.is(refused?.headers['content-type'], 'application/problem+json');
  t.is((await listSubmissions()).length, before.length);

  await logIn(tab, hub, 'alice');
  const [accepted] = await pressSubmit(page);
  t.is(accepted?.status, 200);
  const after = await listSubmissions();
  t.is(after.length, before.length + 1);
  t.like(after[0], {id: accepted?.headers['holt-submission'], student: 'alice'});
});

test.serial('a session of who sat here before is not the next person’s', async t => {
  if (need(t, chromium)) {
    return;
  }

  const [page, context] = await openLab(t, 'alice', 'syntax_error.ipynb');
  await pressSubmit(page);
  // The hub keeps its session id when somebody logs in after an expired login.
  await expireHubLogin(context);
  const tab = await context.newPage();
  await logIn(tab, hub, 'bob');
  await openNotebook(tab, hub, 'bob', 'solution.ipynb');
  const [answer] = await pressSubmit(tab);
  t.is(answer?.status, 200);
  t.like((await listSubmissions())[0], {id: answer?.headers['holt-submission'], student: 'bob'});
});
