import {existsSync} from 'node:fs';
import path from 'node:path';
import {type Browser, type BrowserContext, chromium, type Page, type Request, type Response} from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Finds Debian's Chromium, or another Chrome, on PATH; undefined when there is none. */
export const findChromium = (): string | undefined =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap(folder => ['chromium', 'chromium-browser', 'google-chrome'].map(name => path.join(folder, name)))
    .find(file => existsSync(file));

/** Opens a browser without a window. */
export async function openBrowser(executablePath = findChromium()): Promise<Browser> {
  return chromium.launch({executablePath, args: flags});
}

/** Logs in at the hub, whoever was logged in before, and leaves the page on the hub's home. */
export async function logIn(page: Page, hub: {url: string; password: string}, user: string): Promise<void> {
  const login = `${hub.url}/hub/login?next=%2Fhub%2Fhome`;
  await page.goto(login);
  if (page.url().endsWith('/hub/home')) {
    await logOut(page, hub);
    await page.goto(login);
  }

  await page.fill('#username_input', user);
  await page.fill('#password_input', hub.password);
  await Promise.all([page.waitForURL('**/hub/home'), page.click('#login_submit')]);
}

/** Logs out at the hub. The user's server goes on, and so do the tabs that show it. */
export async function logOut(page: Page, hub: {url: string}): Promise<void> {
  await page.goto(`${hub.url}/hub/logout`);
  await page.locator('#username_input').waitFor();
}

/** Forgets the hub's login in this browser, as an expired one is forgotten; the user's own server stays logged in. */
export async function expireHubLogin(context: BrowserContext): Promise<void> {
  await context.clearCookies({path: '/hub/'});
}

/** Opens a notebook in JupyterLab, starting the user's server when needed, and waits until it can be submitted. */
export async function openNotebook(page: Page, hub: {url: string}, user: string, notebook: string): Promise<void> {
  const lab = `/user/${encodeURIComponent(user)}/lab/tree/${encodeURIComponent(notebook)}`;
  // `reset` closes what was open the last time.
  const next = encodeURIComponent(`${lab}?reset`);
  await page.goto(`${hub.url}/hub/spawn/${encodeURIComponent(user)}?next=${next}`);
  await page.waitForURL(`**${lab}*`, {timeout: 60_000});
  await submitButton(page).waitFor({timeout: 60_000});
  // A kernel that gets ready writes its language into the notebook: before that, two presses send two notebooks.
  await page.locator('#jp-main-statusbar', {hasText: '| Idle'}).waitFor({timeout: 60_000});
}

const submitButton = (page: Page) =>
  page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) [data-command="otter-submit:submit"]');

/** One request of a submission: the POST and what its redirects led to. */
export type Hop = {method: string; url: string; headers: Record<string, string>; status: number};

/**
 * What the page's `fetch` got in the end, and the way there. Without the body: the page never reads it, so the browser
 * does not fetch what it may not cache.
 */
export type Submitted = {status: number; headers: Record<string, string>; hops: Hop[]};

/**
 * Presses otter-submit's button `times` times, as fast as can be, closes its dialogs and waits for every answer.
 *
 * A page ignores these answers; a test need not.
 */
export async function pressSubmit(page: Page, times = 1): Promise<Submitted[]> {
  const [answers] = await Promise.all([waitForAnswers(page, times), press(page, times)]);
  return answers;
}

async function press(page: Page, times: number): Promise<void> {
  const button = submitButton(page);
  await page.bringToFront();
  if (times === 1) {
    await button.click();
  } else {
    // All presses in one turn: with a mouse, the dialog covers the button before it can be pressed again.
    await button.evaluate((element, count) => {
      const {dispatchEvent} = element as unknown as {dispatchEvent: (event: unknown) => void};
      const {MouseEvent} = globalThis as unknown as {MouseEvent: new (type: string, options: object) => unknown};
      for (let pressed = 0; pressed < count; pressed += 1) {
        dispatchEvent.call(element, new MouseEvent('mousedown', {bubbles: true, button: 0}));
      }
    }, times);
  }

  for (let dialog = 0; dialog < times; dialog += 1) {
    await page.locator('.jp-Dialog .jp-mod-accept').last().click();
  }
}

/** Waits for the next `times` answers that end a submission: where its redirects led. */
async function waitForAnswers(page: Page, times: number): Promise<Submitted[]> {
  const isLast = (response: Response) =>
    isSubmit(firstOf(response.request())) && !(response.status() >= 300 && response.status() < 400);
  const seen = new Set<Response>();
  const isNew = (response: Response) => isLast(response) && !seen.has(response) && seen.add(response).size > 0;
  const answers = Array.from({length: times}, () => page.waitForResponse(isNew, {timeout: 30_000}));
  return Promise.all(answers.map(async answer => describe(await answer)));
}

const isSubmit = (request: Request) =>
  request.method() === 'POST' && new URL(request.url()).pathname === '/services/otter_grade/';

const firstOf = (request: Request): Request => {
  const before = request.redirectedFrom();
  return before ? firstOf(before) : request;
};

async function describe(response: Response): Promise<Submitted> {
  const hops: Hop[] = [];
  for (let request: Request | null = response.request(); request; request = request.redirectedFrom()) {
    const answer = await request.response();
    hops.unshift({
      method: request.method(),
      url: request.url(),
      headers: await request.allHeaders(),
      status: answer?.status() ?? 0,
    });
  }

  return {status: response.status(), headers: await response.allHeaders(), hops};
}
