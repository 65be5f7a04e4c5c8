import http from 'node:http';
import https from 'node:https';

const MAX_ANSWER_BYTES = 64 * 1024;

/** Where a request goes, its path untouched. */
export type Target = {protocol: string; host: string; port: string; path: string; signedUrl: string};

/** What came back, or why nothing did. `connected` means that the request may have arrived. */
export type Answer =
  | {kind: 'answered'; status: number; reason: string; location: string | undefined; body: string | undefined}
  | {kind: 'failed'; connected: boolean; reason: string};

/**
 * Takes an http or https URL apart without changing its path; undefined when it is none.
 *
 * Rule: `URL` may re-encode a path or resolve its dots, and a signature holds only for the characters that are sent. Only what
 *       a request line cannot carry is encoded on the wire. The origin is signed as RFC 5849 section 3.4.1.2 has it: lower case, no
 *       default port.
 */
export function parseRawUrl(url: string): Target | undefined {
  const [, prefix, rest] = /^(https?:\/\/[^/?#\s]+)([^#]*)/i.exec(url) ?? [];
  if (!prefix || rest === undefined || !URL.canParse(prefix)) {
    return undefined;
  }

  const {protocol, hostname, port, origin} = new URL(prefix);
  const path = (rest.startsWith('/') ? rest : `/${rest}`).toWellFormed();
  return {
    protocol,
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: path.replace(/[^\x21-\x7e]/gu, encodeURIComponent),
    signedUrl: `${origin}${path}`,
  };
}

/** Posts XML once, on a connection of its own, following no redirect. Never throws. */
export async function postRaw(
  target: Target,
  {authorization, body, timeoutSeconds}: {authorization: string; body: string; timeoutSeconds: number},
): Promise<Answer> {
  const secure = target.protocol === 'https:';
  let connected = false;
  try {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      // A pooled connection may be dead already, and then nobody knows whether the request arrived.
      const request = (secure ? https : http).request({
        method: 'POST',
        host: target.host,
        port: target.port || undefined,
        path: target.path,
        agent: false,
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
        headers: {
          Authorization: authorization,
          'Content-Type': 'application/xml',
          'Content-Length': Buffer.byteLength(body),
          Accept: 'application/xml',
        },
      });
      request.once('response', resolve);
      request.on('error', reject);
      request.once('socket', socket => {
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          connected = true;
        });
      });
      request.end(body);
    });
    return {
      kind: 'answered',
      status: response.statusCode ?? 0,
      reason: response.statusMessage ?? '',
      location: response.headers.location,
      body: await readAnswer(response),
    };
  } catch (error) {
    return {kind: 'failed', connected, reason: reasonOf(error, timeoutSeconds)};
  }
}

/** Reads an answer; undefined when it is cut off or too long. Its status stands either way. */
async function readAnswer(response: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) {
        return undefined;
      }

      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }

  return Buffer.concat(chunks).toString('utf8');
}

/** Says why in a few words: the system's code for what it is, without addresses. */
function reasonOf(error: unknown, timeoutSeconds: number): string {
  const {name, code, message} = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') {
    return `nothing within ${timeoutSeconds} seconds`;
  }

  return code ?? message;
}
