import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test from 'ava';
import type {Browser} from 'playwright-core';
import {findChromium, openBrowser} from '../../testing/browser/browser.ts';
import {loadNotebook, makeFrameAddress} from '../../testing/moodle-hub/as-moodle.ts';
import {root, setUp} from '../../testing/moodle-hub/environments.ts';
import {type Example, startExample} from '../../testing/moodle-hub/start-example.ts';
import {type Need, need} from '../../testing/need.ts';

/* A page of Moodle in Chromium, with the hub in its frame. */

const chromium: Need = {what: 'Chromium', get: 'apt-get install chromium', isMissing: !findChromium()};
const notebook = readFileSync(path.join(root, 'testing/fixtures/otter-lab/submissions/solution.ipynb'));
let hub: Example;
let moodle: Server;
let port: number;
let browser: Browser;

test.before(async t => {
  t.timeout(600_000, 'the Python environments are made once');
  if (chromium.isMissing) {
    return;
  }

  await setUp('hub', 'lab', 'check');
  moodle = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<iframe src="${makeFrameAddress(hub.url, 'alice')}" width="1200" height="800"></iframe>`);
  });
  await once(moodle.listen(0, '127.0.0.1'), 'listening');
  ({port} = moodle.address() as AddressInfo);
  hub = await startExample({MOODLE_URL: `http://127.0.0.1:${port}`});
  browser = await openBrowser();
  await loadNotebook(hub.url, 'alice', notebook);
});

test.after.always(async () => {
  await browser?.close();
  moodle?.close();
  await hub?.close();
});

test.serial('a student sees the notebook in Moodle, and presses Submit there', async t => {
  t.timeout(120_000);
  if (need(t, chromium)) {
    return;
  }

  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}`);
  const frame = page.frameLocator('iframe');
  const [response] = await Promise.all([
    page.waitForResponse(async answer => (await answer.headerValue('holt-submission')) !== null, {timeout: 100_000}),
    frame.locator('[data-command="otter-submit:submit"]').click({timeout: 90_000}),
  ]);
  t.is(response.status(), 200);

  const id = await response.headerValue('holt-submission');
  const seen = await context.request.get(`${hub.url}/services/otter_grade/submissions/${id}`, {
    headers: {accept: 'application/json'},
  });
  t.like(await seen.json(), {id, student: 'alice', assignment: 'lab-demo'});
});

test.serial('another site sees nothing in its frame', async t => {
  t.timeout(60_000);
  if (need(t, chromium)) {
    return;
  }

  const page = await browser.newPage();
  t.teardown(() => page.close());
  const told: string[] = [];
  page.on('console', message => told.push(message.text()));
  await page.goto(`http://localhost:${port}`);
  t.regex(told.join('\n'), /frame-ancestors/);
  t.is(await page.frameLocator('iframe').locator('#jupyter-config-data').count(), 0);
});
