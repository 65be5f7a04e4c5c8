import type {IncomingMessage, ServerResponse} from 'node:http';
import {type Entry, makeGradebook} from './demo-lms/gradebook.ts';
import {parseOutcomeRequest, type Verdict, writeVerdict} from './demo-lms/outcome-request.ts';
import {type Fault, faults, writePage} from './demo-lms/page.ts';
import {makeStrictCheck} from './demo-lms/strict-check.ts';
import {findSignatureFault} from './demo-lms/verify-signature.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const OUTCOME_PATH =
  /^\/courses\/course-v1:(?<courseId>[^/]+)\/xblock\/block-v1:\k<courseId>\+type@lti_consumer\+block@(?<blockId>[^/]+)\/handler_noauth\/outcome_service_handler$/;

export type DemoLmsSettings = {
  consumerKey: string;
  consumerSecret: string;
  /** Where the gradebook is kept, so that a restart keeps it. */
  file?: string | undefined;
  /** Also checks what edX does not: key, method, version, time, nonce and message id, content type, the XML's beginning. */
  strict?: boolean;
  /** Whom it knows; everybody when not given. */
  isUser?: (student: string) => boolean;
  now?: () => Date;
};

export type DemoLms = {
  /** Answers a request that is for the LMS; false, with nothing answered, when it is for somebody else. */
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
  scores: () => Entry[];
  /** Misbehaves from now on, or so many times. */
  setFault: (mode: Fault, times?: number) => void;
};

/**
 * Makes an LMS for demonstrations and tests that takes scores as edX does and checks the signature by itself.
 *
 * Rule:   every verdict is HTTP 200 and only codeMajor tells success; a score that is no number is HTTP 500.
 * Source: lti-consumer-xblock, outcomes service: past due, XML, signature, user, action, in this order.
 */
export function makeDemoLms({
  consumerKey,
  consumerSecret,
  file,
  strict = false,
  isUser = () => true,
  now = () => new Date(),
}: DemoLmsSettings): DemoLms {
  const gradebook = makeGradebook(file);
  const findStrictFault = strict ? makeStrictCheck({consumerKey, now}) : () => undefined;
  let fault: {mode: Fault; left: number} = {mode: 'none', left: 0};

  const setFault = (mode: Fault, times = Number.POSITIVE_INFINITY) => {
    fault = {mode, left: times};
  };
  const takeFault = (): Fault => {
    const {mode} = fault;
    fault.left -= 1;
    if (fault.left <= 0) {
      setFault('none');
    }

    return mode;
  };

  /** edX's own order of checks. */
  const judge = (request: IncomingMessage, body: Buffer, mode: Fault): Verdict => {
    if (mode === 'past-due') {
      return {codeMajor: 'failure', description: 'Grade is past due'};
    }

    const outcome = parseOutcomeRequest(body.toString('utf8'));
    if (typeof outcome === 'string') {
      return {codeMajor: 'failure', description: `Request body XML parsing error: ${outcome}`};
    }

    const {messageId, action, sourcedId, score} = outcome;
    const {method = '', headers} = request;
    const url = `http://${headers.host}${unquote(request.url ?? '')}`;
    const wrong =
      findSignatureFault({method, url, authorization: headers.authorization, body}, consumerSecret) ??
      findStrictFault(headers, body, messageId);
    if (wrong) {
      return {codeMajor: 'failure', description: `OAuth verification error: ${wrong}`, messageId};
    }

    const student = unquote(sourcedId.split(':').at(-1) ?? '');
    if (mode === 'refuse' || student === '' || !isUser(student)) {
      return {codeMajor: 'failure', description: 'User not found.', messageId};
    }

    if (action !== 'replaceResultRequest') {
      return {codeMajor: 'unsupported', description: 'Target does not support the requested operation.', messageId};
    }

    const {courseId = '', blockId = ''} = OUTCOME_PATH.exec(pathOf(request))?.groups ?? {};
    gradebook.put({student, courseId, blockId, score, receivedAt: now().toISOString()});
    return {codeMajor: 'success', description: `Score for ${sourcedId} is now ${score}`, messageId};
  };

  const takeScore = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request);
    const mode = takeFault();
    if (mode === 'hang') {
      return;
    }

    if (mode === 'error') {
      return reply(response, 500, 'text/plain', 'Internal Server Error\n');
    }

    let verdict: Verdict;
    try {
      verdict = judge(request, body, mode);
    } catch {
      return reply(response, 500, 'text/plain', 'Internal Server Error\n');
    }

    return mode === 'lost'
      ? void request.socket.destroy()
      : reply(response, 200, 'application/xml', writeVerdict(verdict));
  };

  const changeFault = async (request: IncomingMessage, response: ServerResponse) => {
    const form = new URLSearchParams((await readBody(request)).toString('utf8'));
    const mode = form.get('mode') ?? '';
    const {origin, host} = request.headers;
    if (
      !/^(?:::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '') ||
      (origin && origin !== `http://${host}`)
    ) {
      return reply(response, 403, 'text/plain', 'Only from this machine and this page.\n');
    }

    if (!Object.hasOwn(faults, mode)) {
      return reply(response, 400, 'text/plain', `mode is one of: ${Object.keys(faults).join(', ')}\n`);
    }

    setFault(mode as Fault, Number(form.get('times')) || undefined);
    response.setHeader('Location', '/');
    return reply(response, 303, 'application/json', `${JSON.stringify({mode})}\n`);
  };

  return {
    scores: gradebook.entries,
    setFault,
    async handle(request, response) {
      const path = pathOf(request);
      const route = `${request.method} ${path}`;
      if (request.method === 'POST' && OUTCOME_PATH.test(path)) {
        await takeScore(request, response);
      } else if (route === 'GET /') {
        reply(response, 200, 'text/html', writePage(gradebook.entries(), fault.mode));
      } else if (route === 'GET /scores') {
        reply(response, 200, 'application/json', `${JSON.stringify(gradebook.entries())}\n`);
      } else if (route === 'GET /fault') {
        reply(response, 200, 'application/json', `${JSON.stringify({mode: fault.mode})}\n`);
      } else if (route === 'POST /fault') {
        await changeFault(request, response);
      } else {
        return false;
      }

      return true;
    },
  };
}

/** Python's `unquote`: what is no escape stays as it is. */
const unquote = (text: string): string =>
  text.replace(/(?:%[\da-f]{2})+/gi, escaped => Buffer.from(escaped.replaceAll('%', ''), 'hex').toString('utf8'));

const pathOf = (request: IncomingMessage): string => unquote((request.url ?? '').split('?')[0] ?? '');

/** Reads a body up to its limit; of one that is cut off, what came. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) {
        chunks.push(chunk);
      }
    }
  } catch {
    // Whoever hung up hears no answer, and half a body has no right hash.
  }

  return Buffer.concat(chunks);
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
