import type {KeyObject} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {listen, readAll} from '../local-server.ts';
import {checkSignedUrl, type Refusal} from './check-signed-url.ts';
import {copyOnce} from './copy-once.ts';
import {makePassOn} from './pass-on.ts';

type Settings = {
  /** Where fake-gcs-server is. */
  storageUrl: string;
  publicKey: KeyObject;
  maxBytes?: number;
  now?: () => number;
};

/** What Cloud Storage answers: content, or a status and a code of its XML API. */
type Answer = {status: number; type?: string; content?: Buffer} | Refusal;

const refuse = (status: number, code: string): Refusal => ({status, code});

/**
 * Completes fake-gcs-server where Cloud Storage promises more: signed URLs hold what was signed (who, until when, once,
 * how long), and a copy does not replace. The rest of the JSON API is passed on as it is.
 *
 * Source: https://cloud.google.com/storage/docs/xml-api/reference-headers
 */
export async function startStorageDoor({storageUrl, publicKey, maxBytes = 128 * 2 ** 20, now = Date.now}: Settings) {
  const serve = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const refusal = checkSignedUrl(request, url, publicKey, now());
    if (refusal) {
      return refusal;
    }

    const [, bucket = '', ...rest] = url.pathname.split('/');
    const name = decodeURIComponent(rest.join('/'));
    if (request.method === 'GET') {
      return download(`${storageUrl}/download/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`);
    }

    if (request.method !== 'PUT') {
      return refuse(405, 'MethodNotAllowed');
    }

    const [least = 0, most = maxBytes] = lengthRange(request);
    const body = await readAll(request, Math.min(most, maxBytes));
    if (!body || body.length < least) {
      return refuse(400, body ? 'EntityTooSmall' : 'EntityTooLarge');
    }

    const query = new URLSearchParams({uploadType: 'media', name});
    const generation = request.headers['x-goog-if-generation-match'];
    if (typeof generation === 'string') {
      query.set('ifGenerationMatch', generation);
    }

    const type = request.headers['content-type'] ?? 'application/octet-stream';
    return upload(`${storageUrl}/upload/storage/v1/b/${bucket}/o?${query}`, type, body);
  };

  const passOn = makePassOn(storageUrl);
  const server = createServer((request, response) => {
    if (/^\/(upload\/|download\/)?storage\/v1\//.test(request.url ?? '')) {
      return void (copyOnce(request, response, {storageUrl, passOn}) || passOn(request, response));
    }

    serve(request)
      .catch(() => refuse(503, 'ServiceUnavailable'))
      .then(answer => send(response, answer));
  });
  return listen(server);
}

function send(response: ServerResponse, answer: Answer): void {
  if ('code' in answer) {
    // What is left of a refused body is not read.
    response.writeHead(answer.status, {'content-type': 'application/xml', connection: 'close'});
    response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${answer.code}</Code></Error>`);
    return;
  }

  const {status, type = 'text/plain', content = Buffer.alloc(0)} = answer;
  response.writeHead(status, {'content-type': type, 'content-length': content.length}).end(content);
}

async function download(url: string): Promise<Answer> {
  const answer = await fetch(url);
  const content = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) {
    return refuse(answer.status, answer.status === 404 ? 'NoSuchKey' : 'InternalError');
  }

  return {status: 200, type: answer.headers.get('content-type') ?? 'application/octet-stream', content};
}

async function upload(url: string, type: string, body: Buffer): Promise<Answer> {
  const answer = await fetch(url, {method: 'POST', headers: {'content-type': type}, body: new Uint8Array(body)});
  await answer.arrayBuffer();
  if (!answer.ok) {
    return refuse(answer.status, answer.status === 412 ? 'PreconditionFailed' : 'InternalError');
  }

  return {status: 200};
}

const lengthRange = ({headers}: IncomingMessage): number[] => {
  const range = headers['x-goog-content-length-range'];
  return typeof range === 'string' ? range.split(',').map(Number) : [];
};
