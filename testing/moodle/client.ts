import {randomBytes} from 'node:crypto';
import {request} from 'node:http';
import {buffer} from 'node:stream/consumers';
import {SignJWT} from 'jose';

export type Answer = {status: number; headers: Record<string, string | undefined>; text: string; json: () => unknown};

/** What is sent: where, by whom, and a form as the plugin makes it; `body` sends anything else in its place. */
export type Sending = {
  token?: string | undefined;
  file?: {name: string; content: Uint8Array};
  field?: string;
  body?: Uint8Array;
  contentType?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** A form as Guzzle writes it: one part with its length, and without a type. */
export function makeForm(file: {name: string; content: Uint8Array}, field = 'file') {
  const boundary = randomBytes(20).toString('hex');
  const head = [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${field}"; filename="${file.name}"`,
    `Content-Length: ${file.content.length}`,
    '',
    '',
  ].join('\r\n');
  const body = Buffer.concat([Buffer.from(head), file.content, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return {body, contentType: `multipart/form-data; boundary=${boundary}`};
}

/** Sends a request as the plugin's HTTP client does: one connection, a length, a bare token. */
export async function send(method: string, url: string, sending: Sending = {}): Promise<Answer> {
  const {token, file, field, signal} = sending;
  const form = file && makeForm(file, field);
  const body = sending.body ?? form?.body;
  const type = sending.contentType ?? form?.contentType;
  const {origin} = new URL(url);
  const sent = request(origin, {
    method,
    // As it is: a URL object would resolve its dots.
    path: url.slice(origin.length),
    agent: false,
    ...(signal && {signal}),
    headers: {
      'User-Agent': 'GuzzleHttp/7',
      ...(token !== undefined && {Authorization: token}),
      ...(type && {'Content-Type': type}),
      ...(body && {'Content-Length': body.length}),
      ...sending.headers,
    },
  });
  const {promise, resolve, reject} = Promise.withResolvers<Answer>();
  sent.on('error', reject).on('response', response => {
    buffer(response).then(content => {
      const text = content.toString('utf8');
      const {statusCode: status = 0, headers} = response;
      resolve({status, headers: headers as Answer['headers'], text, json: () => JSON.parse(text)});
    }, reject);
  });
  sent.end(body);
  return promise;
}

/** A token as the plugin signs it: a name, and nothing else unless given. */
export const signToken = (secret: string, claims: object = {name: 'teacher'}): Promise<string> =>
  new SignJWT({...claims}).setProtectedHeader({typ: 'JWT', alg: 'HS256'}).sign(new TextEncoder().encode(secret));
