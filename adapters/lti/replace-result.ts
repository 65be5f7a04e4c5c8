import type {LineItem, SendOutcome} from '../../domain/passback.ts';
import type {NewId, Now, SendScore} from '../../domain/ports.ts';
import {type Consumer, makeOAuthHeader} from './oauth-header.ts';
import {findVerdict, toMessage, writeReplaceResult} from './outcome-xml.ts';
import {type Answer, parseRawUrl, postRaw} from './post-raw.ts';

export type Settings = Consumer & {newId: NewId; now: Now; timeoutSeconds?: number};

/**
 * Makes the port that sends one score by LTI 1.1 replaceResult.
 *
 * Rule:   `sent` is HTTP 200 with codeMajor success, and nothing else is. Another codeMajor and a 4xx are `refused`; what
 *         did not reach the LMS, or what it answers while it is unwell, is `unavailable`; what may have reached it is `unknown`.
 * Source: LTI Basic Outcomes 1.1; edX answers every verdict with HTTP 200.
 */
export function makeSendScore({timeoutSeconds = 10, ...signing}: Settings): SendScore {
  return async ({outcomesUrl, sourcedId}: LineItem, fraction: number): Promise<SendOutcome> => {
    if (!(fraction >= 0 && fraction <= 1)) {
      return {outcome: 'refused', message: `Not sent: ${fraction} is not a fraction between 0 and 1.`};
    }

    const target = parseRawUrl(outcomesUrl);
    if (!target) {
      return {outcome: 'refused', message: 'Not sent: the outcomes URL is not an http or https address.'};
    }

    const body = writeReplaceResult({messageId: signing.newId(), sourcedId, fraction});
    const authorization = makeOAuthHeader({url: target.signedUrl, body}, signing);
    return judge(await postRaw(target, {authorization, body, timeoutSeconds}));
  };
}

/** Answers of a server that may give another one later. */
const temporary = new Set([408, 425, 429]);
/** A gateway's word that it does not know what became of the request. */
const gateway = new Set([502, 504]);

function judge(answer: Answer): SendOutcome {
  if (answer.kind === 'failed') {
    const outcome = answer.connected ? 'unknown' : 'unavailable';
    return {outcome, message: toMessage(`The LMS gave no answer: ${answer.reason}.`)};
  }

  const {status, reason} = answer;
  const words = toMessage(`The LMS answered HTTP ${status} ${reason}`);
  if (status === 200) {
    return judgeVerdict(answer.body);
  }

  if (status >= 200 && status < 300) {
    return {outcome: 'unknown', message: `${words}, which says nothing about the score.`};
  }

  if (status < 400) {
    const to = answer.location ? ` to ${answer.location}` : '';
    return {outcome: 'unavailable', message: toMessage(`${words}: a redirect${to}, which is not followed.`)};
  }

  if (status < 500 && !temporary.has(status)) {
    return {outcome: 'refused', message: `${words}.`};
  }

  return {outcome: gateway.has(status) ? 'unknown' : 'unavailable', message: `${words}.`};
}

function judgeVerdict(body: string | undefined): SendOutcome {
  const verdict = body === undefined ? undefined : findVerdict(body);
  if (!verdict) {
    return {outcome: 'unknown', message: 'The LMS answered HTTP 200 with something that is no LTI outcome.'};
  }

  const {codeMajor, description} = verdict;
  return codeMajor === 'success'
    ? {outcome: 'sent', message: description}
    : {outcome: 'refused', message: description || `The LMS answered "${toMessage(codeMajor)}".`};
}
