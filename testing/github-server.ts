import {createHash, generateKeyPairSync, randomBytes, randomInt} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {jwtVerify} from 'jose';

/** What the server does instead of answering as it should. */
export type GitHubFault =
  | {kind: 'down' | 'silent' | 'cut-off' | 'garbage'}
  | {kind: 'status'; status: number; message?: string}
  | {kind: 'rate-limit'; retryAfterSeconds: number};

export type GitHubRequest = {method: string; path: string; status: number; bytes: number; host: string; token: boolean};
type Files = Record<string, string | Uint8Array>;
type Answer = {status: number; body?: string | Uint8Array; headers?: Record<string, string>};
type Asked = {pathname: string; query: URLSearchParams; headers: IncomingMessage['headers']};

const {publicKey, privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');
const json = (status: number, value: unknown, headers = {}): Answer => ({
  status,
  body: JSON.stringify(value),
  headers: {'content-type': 'application/json; charset=utf-8', ...headers},
});
const notFound = json(404, {message: 'Not Found', status: '404'});

/**
 * Starts the part of GitHub's API that a course needs: the App's RS256 token, branches with ETag, files as of a commit.
 *
 * Source: GitHub REST API 2022-11-28, "Generating a JSON Web Token for a GitHub App" for the rules of `iat`, `exp`, `iss`.
 */
export async function startGitHubServer({owner = 'staff', repo = 'autograders'} = {}) {
  const appId = String(randomInt(1, 1e6));
  const installationId = String(randomInt(1, 1e9));
  const state = {
    name: `${owner}/${repo}`,
    formerNames: new Set<string>(),
    installed: true,
    branches: new Map<string, string>(),
    commits: new Map<string, Files>(),
    tokens: new Map<string, number>(),
    tokenSeconds: 3600,
    fault: undefined as GitHubFault | undefined,
    /** The next request's connection is closed without an answer. */
    dropsNext: false,
    /** Files are answered by a redirect to another origin, which must see no token. */
    redirectsFiles: false,
  };
  const requests: GitHubRequest[] = [];

  async function issueToken({pathname, headers}: Asked): Promise<Answer> {
    try {
      const jwt = headers.authorization?.replace(/^bearer /i, '') ?? '';
      const {payload} = await jwtVerify(jwt, publicKey, {algorithms: ['RS256'], requiredClaims: ['iat', 'exp', 'iss']});
      const now = Date.now() / 1000;
      if (String(payload.iss) !== appId || (payload.iat ?? now) > now || (payload.exp ?? 0) > now + 600) {
        return json(401, {message: 'A JSON web token could not be decoded'});
      }
    } catch {
      return json(401, {message: 'A JSON web token could not be decoded'});
    }

    if (pathname !== `/app/installations/${installationId}/access_tokens`) {
      return notFound;
    }

    const token = `ghs_${randomBytes(18).toString('hex')}`;
    const endsAt = Date.now() + state.tokenSeconds * 1000;
    state.tokens.set(token, endsAt);
    return json(201, {token, expires_at: new Date(endsAt).toISOString(), permissions: {contents: 'read'}});
  }

  function answerRepository(asked: Asked, origin: string): Answer {
    const token = asked.headers.authorization?.replace(/^(token|bearer) /i, '') ?? '';
    if ((state.tokens.get(token) ?? 0) < Date.now()) {
      return json(401, {message: 'Bad credentials'});
    }

    const [, named = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(.*)$/.exec(asked.pathname) ?? [];
    const [, byId = rest] = /^\/repositories\/1(\/.*|)$/.exec(asked.pathname) ?? [];
    if (state.formerNames.has(named)) {
      const location = `${origin}/repositories/1${rest}?${asked.query}`;
      return json(301, {message: 'Moved Permanently'}, {location});
    }

    if (!state.installed || (named ? named !== state.name : !asked.pathname.startsWith('/repositories/1'))) {
      return notFound;
    }

    const path = decodeURIComponent(byId);
    const branch = /^\/git\/ref\/heads\/(.+)$/.exec(path)?.[1];
    const file = /^\/contents\/(.+)$/.exec(path)?.[1];
    if (branch) {
      return answerBranch(branch, asked);
    }

    return file ? answerFile(file, asked, origin) : path === '' ? json(200, {full_name: state.name}) : notFound;
  }

  function answerBranch(branch: string, {headers}: Asked): Answer {
    const sha = state.branches.get(branch);
    if (!sha) {
      return state.branches.size === 0 ? json(409, {message: 'Git Repository is empty.'}) : notFound;
    }

    const etag = `W/"${sha1(branch + sha)}"`;
    return headers['if-none-match'] === etag
      ? {status: 304, headers: {etag}}
      : json(200, {ref: `refs/heads/${branch}`, object: {type: 'commit', sha}}, {etag});
  }

  function answerFile(file: string, {headers, query}: Asked, origin: string): Answer {
    const content = state.commits.get(query.get('ref') ?? '')?.[file];
    if (content === undefined || !headers.accept?.includes('.raw')) {
      return notFound;
    }

    return state.redirectsFiles
      ? {status: 302, headers: {location: `${origin.replace('127.0.0.1', 'localhost')}/raw/${sha1(file)}?${query}`}}
      : {status: 200, body: content, headers: {'content-type': 'application/vnd.github.raw+json; charset=utf-8'}};
  }

  function answerRaw({pathname, query}: Asked): Answer {
    const files = Object.entries(state.commits.get(query.get('ref') ?? '') ?? {});
    const [, content] = files.find(([name]) => pathname === `/raw/${sha1(name)}`) ?? [];
    return content === undefined ? notFound : {status: 200, body: content};
  }

  async function answer(method: string, asked: Asked, origin: string): Promise<Answer> {
    const {fault} = state;
    if (fault?.kind === 'status') {
      return json(fault.status, {message: fault.message ?? 'Server Error'});
    }

    if (fault?.kind === 'rate-limit') {
      const headers = {'retry-after': String(fault.retryAfterSeconds), 'x-ratelimit-remaining': '0'};
      return json(403, {message: 'You have exceeded a secondary rate limit.'}, headers);
    }

    if (method === 'POST') {
      return await issueToken(asked);
    }

    if (fault?.kind === 'garbage') {
      return {status: 200, body: '<html>Please log in</html>', headers: {'content-type': 'text/html'}};
    }

    return asked.pathname.startsWith('/raw/') ? answerRaw(asked) : answerRepository(asked, origin);
  }

  async function serve({method = '', url = '', headers}: IncomingMessage, response: ServerResponse): Promise<void> {
    if (state.fault?.kind === 'down' || state.dropsNext) {
      state.dropsNext = false;
      response.destroy();
      return;
    }

    const {pathname, searchParams: query, origin} = new URL(url, `http://${headers.host}`);
    const {status, body = '', ...given} = await answer(method, {pathname, query, headers}, origin);
    const content = Buffer.from(body);
    const {host = '', authorization} = headers;
    requests.push({method, path: url, status, bytes: content.length, host, token: authorization !== undefined});
    if (state.fault?.kind === 'silent') {
      return;
    }

    response.writeHead(status, {...given.headers, ...(status === 304 ? {} : {'content-length': content.length})});
    const isCut = state.fault?.kind === 'cut-off' && method === 'GET';
    isCut ? response.write(content.subarray(0, content.length / 2), () => response.destroy()) : response.end(content);
  }

  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    appId,
    installationId,
    privateKey: privateKey.export({type: 'pkcs1', format: 'pem'}).toString(),
    /** Every request that was answered, oldest first. */
    requests,
    /** May be changed at any time. */
    state,
    /** Makes a commit that has exactly these files the head of a branch. */
    commit(files: Files, branch = 'main'): string {
      const sha = sha1(randomBytes(16).toString('hex'));
      state.commits.set(sha, files);
      state.branches.set(branch, sha);
      return sha;
    },
    /** Renames the repository; the old name redirects. */
    moveTo(name: string): void {
      state.formerNames.add(state.name);
      state.name = name;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
