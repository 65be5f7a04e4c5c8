import {HoltError} from '../../domain/errors.ts';

/** A request, reduced to what a dialect or a verb may look at. */
export type Request = {
  method: string;
  /** Path without the query, still percent-encoded. */
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
  cookies: Readonly<Record<string, string>>;
  /** The client's network address, by the configured number of proxies in front. */
  address: string;
  /** Ties log lines of one request together. */
  trace: string;
  /** Reads the body once. Throws `too-large`, `incomplete-body`, `body-timeout` or `busy`. */
  readBody: () => Promise<Uint8Array>;
  /** Says that the body is needed no longer, although the answer takes its time: others get its room in memory. */
  releaseBody: () => void;
  /** Whether nobody waits for the answer any more. */
  isGone: () => boolean;
};

export type Reply = {
  status: number;
  headers?: Record<string, string | string[]>;
  /** What is iterated is sent as it comes; its length is not known before. */
  body?: string | Uint8Array | AsyncIterable<string>;
  /** What went wrong, for the log: the body tells it in the client's own form. */
  error?: unknown;
};

export const text = (body: string, status = 200, headers: Record<string, string | string[]> = {}): Reply => ({
  status,
  headers: {'Content-Type': 'text/html; charset=UTF-8', ...headers},
  body,
});

/** One sentence, as a client that shows whatever it gets can show it. */
export const plain = (body: string, status = 200, headers: Record<string, string | string[]> = {}): Reply => ({
  status,
  headers: {...headers, 'Content-Type': 'text/plain; charset=utf-8'},
  body,
});

export const json = (value: unknown, status = 200, headers: Record<string, string | string[]> = {}): Reply => ({
  status,
  headers: {'Content-Type': 'application/json; charset=utf-8', ...headers},
  body: JSON.stringify(value),
});

export const redirect = (location: string, headers: Record<string, string | string[]> = {}): Reply => ({
  status: 303,
  headers: {Location: location, ...headers},
});

/**
 * Describes a failure as a problem document.
 *
 * Source: RFC 9457. `code` is Holt's own name of the failure, `trace` finds the log lines.
 */
export function problem(error: HoltError, trace: string): Reply {
  const titles: Record<number, string> = {
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    405: 'Method Not Allowed',
    408: 'Request Timeout',
    409: 'Conflict',
    410: 'Gone',
    413: 'Content Too Large',
    422: 'Unprocessable Content',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
  };
  return {
    status: error.status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(error.status === 401 ? {'WWW-Authenticate': 'token realm="JupyterHub"'} : {}),
      ...(error.retryable ? {'Retry-After': '5'} : {}),
    },
    body: JSON.stringify({
      type: 'about:blank',
      title: titles[error.status] ?? 'Error',
      status: error.status,
      code: error.code,
      detail: error.message,
      trace,
    }),
  };
}

/** What a person sees of an error that nobody foresaw; the log has the rest. */
export const unexpected = (cause: unknown): HoltError =>
  new HoltError(
    'storage-unavailable',
    'Something went wrong on our side and nothing was lost that was confirmed: please try again in a minute.',
    {
      cause,
    },
  );

/** A failure by its code, whatever it was. */
export const toKnown = (error: unknown): HoltError => (error instanceof HoltError ? error : unexpected(error));

/** Cookies of a `Cookie` header; of two with one name the first, as the more specific path comes first (RFC 6265). */
export function parseCookies(header: string | undefined): Record<string, string> {
  const cookies: Record<string, string> = Object.create(null);
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at > 0 && name !== '' && !(name in cookies)) {
      cookies[name] = pair
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
    }
  }

  return cookies;
}

/** A `Set-Cookie` value: HttpOnly, SameSite=Lax, limited to a path; `Secure` when the site is https. */
export const makeCookie = (
  name: string,
  value: string,
  {path, maxAgeSeconds, secure}: {path: string; maxAgeSeconds: number; secure: boolean},
): string =>
  `${name}=${value}; Path=${path}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
