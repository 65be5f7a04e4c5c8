import {App} from '@octokit/app';
import {HoltError} from '../../domain/errors.ts';
import {makeBoundedFetch, type Timeouts} from './bounded-fetch.ts';
import {readPrivateKey} from './private-key.ts';
import {explainRefusal, findPause} from './refusals.ts';

/** What a repository is read with. `installationId` and `appId` are decimal numbers. */
export type GitHubSettings = {
  appId: string;
  privateKey: string;
  installationId: string;
  owner: string;
  repo: string;
  /** Where the API is; github.com's when unset. */
  baseUrl?: string;
  timeouts?: Partial<Timeouts>;
};

/** An answer that is one of those a caller expects. */
export type Answer = {status: 200 | 304 | 404; headers: Headers; body: AsyncIterable<Uint8Array>};
type Options = {etag?: string | null | undefined; accept?: string};

/**
 * Makes a function that asks GitHub's API as the App's installation, with a token that `@octokit/app` keeps and renews.
 *
 * Throws: `source-unavailable` for what passes (network, 5xx, rate limit), `invalid-course` for what staff must mend,
 *         `too-large` for a file that GitHub itself finds too large.
 */
export function makeGitHubGet({baseUrl = 'https://api.github.com', ...settings}: GitHubSettings) {
  const {appId, installationId} = readIds(settings);
  const boundedFetch = makeBoundedFetch(settings.timeouts);
  const app = new App({appId, privateKey: readPrivateKey(settings.privateKey), log: silent});
  const base = baseUrl.replace(/\/+$/, '');
  let pausedUntil = 0;

  app.octokit.hook.before('request', options => {
    options.baseUrl = base;
    options.request = {...options.request, fetch: boundedFetch, log: silent};
  });

  async function getToken(refresh: boolean): Promise<string> {
    try {
      const {token, expiresAt} = await authenticate(refresh);
      // The library keeps tokens for an hour whatever GitHub says of this one.
      const endsSoon = Date.parse(expiresAt) < Date.now() + 60_000;
      return endsSoon && !refresh ? (await authenticate(true)).token : token;
    } catch (error) {
      const {response} = error as {response?: {status: number; headers: Record<string, string>; data: unknown}};
      if (!response) {
        throw unreachable(error);
      }

      throw refuse(response.status, new Headers(response.headers), JSON.stringify(response.data), 'token');
    }
  }

  const authenticate = (refresh: boolean) =>
    app.octokit.auth({type: 'installation', installationId, refresh}) as Promise<{token: string; expiresAt: string}>;

  function refuse(status: number, headers: Headers, text: string, asked: 'token' | 'content'): HoltError {
    pausedUntil = Math.max(pausedUntil, findPause(status, headers, text, Date.now()) ?? 0);
    return explainRefusal(status, headers, text, asked, settings);
  }

  async function ask(path: string, {etag, accept = 'application/vnd.github+json'}: Options, refresh: boolean) {
    const token = await getToken(refresh);
    return await boundedFetch(`${base}${path}`, {
      headers: {
        accept,
        authorization: `token ${token}`,
        'user-agent': 'holt',
        'x-github-api-version': '2022-11-28',
        ...(etag ? {'if-none-match': etag} : {}),
      },
    }).catch((error: unknown) => {
      throw unreachable(error);
    });
  }

  return async (path: string, options: Options): Promise<Answer> => {
    if (Date.now() < pausedUntil) {
      const until = new Date(pausedUntil).toISOString();
      throw new HoltError('source-unavailable', `GitHub's rate limit is used up; it is asked again after ${until}.`);
    }

    let response = await ask(path, options, false);
    if (response.status === 401) {
      // A token can be revoked before its time; a new one tells whether it was that.
      await response.body?.cancel();
      response = await ask(path, options, true);
    }

    const {status, headers} = response;
    if (status === 200) {
      return {status, headers, body: readBody(response)};
    }

    const text = await response.text().catch(() => '');
    if (status === 304 || status === 404) {
      return {status, headers, body: readBody(new Response())};
    }

    // An empty repository has no branch: 409.
    if (status === 409) {
      return {status: 404, headers, body: readBody(new Response())};
    }

    throw refuse(status, headers, text, 'content');
  };
}

const silent = {debug() {}, info() {}, warn() {}, error() {}};

const unreachable = (cause: unknown) =>
  new HoltError('source-unavailable', 'GitHub cannot be reached; it is asked again in a minute.', {cause});

async function* readBody({body}: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch (cause) {
    throw new HoltError('source-unavailable', "GitHub's answer was cut off; it is asked again in a minute.", {cause});
  }
}

function readIds(settings: GitHubSettings): {appId: string; installationId: number} {
  for (const [name, value] of [
    ['COURSE_CONTENT_READER_APP_ID', settings.appId],
    ['COURSE_CONTENT_READER_INSTALLATION_ID', settings.installationId],
  ] as const) {
    if (!/^[1-9]\d{0,15}$/.test(value)) {
      throw new HoltError('invalid-setting', `${name} is not a number: it stands on the GitHub App's pages.`);
    }
  }

  return {appId: settings.appId, installationId: Number(settings.installationId)};
}
