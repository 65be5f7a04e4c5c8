import {isFinal, type Status} from '../../../../domain/status.ts';
import type {Reply} from '../../http.ts';
import {type Html, html} from './html.ts';
import {renderPage} from './layout.ts';
import {makeBadge, makeBar, makeFacts, makeRing, makeSign} from './parts.ts';
import {makeSteps} from './steps.ts';
import {shorten, type Tone, tellAgo, tellBytes, tellGradebook, tellPoints, tellState, tellTime} from './words.ts';

/** How a notebook was kept apart, in words for staff. */
const isolations: Record<string, string> = {
  judge: 'sandbox and judge: the notebook has no say in its verdict',
  bubblewrap: 'sandbox only (bubblewrap): plain otter graded, which a notebook can deceive',
  unshare: 'sandbox only (unshare): plain otter graded, which a notebook can deceive',
  none: 'none: student code ran unconfined',
};

export type SubmissionPage = {status: Status; base: string; user: string; now: string};

const REFRESH_SECONDS = 5;
/** Longer texts are cut on the page; the JSON has all of them. */
const MOST_CHARACTERS = 20_000;

/** Writes the page of one submission: how far it is, its score, question by question, and its receipt. */
export function renderSubmissionPage({status, base, user, now}: SubmissionPage): Promise<Reply> {
  const {id, assignment, course, section, student, state, score, staff} = status;
  const isBusy = state === 'queued' || state === 'grading';
  const isSending = state === 'graded' && status.passback?.state === 'pending' && status.passback.attempts === 0;
  const {passback, counts} = status;
  const isLate = passback !== null && counts !== false && passback.state !== 'sent';
  const list = staff ? `${base}courses/${encodeURIComponent(course)}/submissions` : `${base}submissions`;
  const body = html`<p class="back"><a href="${list}">← ${staff ? `All submissions of ${course}` : 'Your submissions'}</a></p>
<div class="title"><div><h1>${assignment}</h1><p class="muted">${course} · section ${section}${staff && ` · ${student}`}</p></div>${makeBadge(tellState(state))}</div>
<section class="card" aria-label="Progress">${makeSteps(status)}</section>
<div class="note ${toneOf(status)}" role="status">${makeSign(toneOf(status))}<div><p>${status.message}</p>${
    isLate && html`<p class="muted small">${passback.message}</p>`
  }</div></div>
${score ? html`<div class="two"><section class="card score" aria-label="Score">${makeRing(score)}${makeGradebook(status)}</section>${makeReceipt(status, now)}</div>` : makeReceipt(status, now)}
${status.questions.length > 0 && makeQuestions(status)}
${staff && makeStaffCard(staff, isFinal(status))}`;
  return renderPage({
    title: `${assignment}, ${shorten(id)}`,
    base,
    user,
    body,
    refreshSeconds: isBusy || isSending ? REFRESH_SECONDS : undefined,
  });
}

const toneOf = ({state, cause}: Status): Tone => {
  const waits = state === 'queued' && cause !== null;
  const tones = {submitted: 'plain', queued: waits ? 'busy' : 'plain', grading: 'busy', failed: 'bad'} as const;
  return state === 'graded' ? (cause === 'limit' ? 'busy' : 'good') : tones[state];
};

function makeGradebook(status: Status): Html | undefined {
  const gradebook = tellGradebook(status);
  return gradebook && html`<p class="line">${makeSign(gradebook.tone)}${gradebook.words}</p>`;
}

const makeReceipt = ({id, receivedAt, sha256, bytes}: Status, now: string): Html =>
  html`<section class="card" aria-labelledby="receipt"><h2 id="receipt">Receipt</h2>${makeFacts([
    ['Received', html`${tellTime(receivedAt, true)} <span class="muted">(${tellAgo(receivedAt, now)})</span>`],
    ['Receipt number', html`<code>${id}</code>`],
    ['Notebook', tellBytes(bytes)],
    ['SHA-256', html`<code>${sha256}</code>`],
  ])}</section>`;

function makeQuestions({questions, staff}: Status): Html {
  // A question may lose points though every test that is shown passed.
  const hasHidden = !staff && questions.some(({earned, possible}) => earned < possible);
  return html`<section class="card" aria-labelledby="questions"><h2 id="questions">Question by question</h2>
<table class="questions"><thead><tr><th scope="col">Question</th><th scope="col" class="share"><span class="unseen">Share</span></th><th scope="col" class="number">Points</th></tr></thead><tbody>
${questions.map(({output, ...question}) => {
  const {name, earned, possible} = question;
  const [tone, words] =
    earned >= possible
      ? (['good', 'full points'] as const)
      : earned > 0
        ? (['part', 'part of the points'] as const)
        : (['bad', 'no points'] as const);
  return html`<tr><th scope="row"><span class="line">${makeSign(tone)}${name}<span class="unseen">: ${words}</span></span></th><td class="share">${makeBar(question)}</td><td class="number">${tellPoints(earned)} / ${tellPoints(possible)}</td></tr>
${output !== '' && html`<tr class="text"><td colspan="3"><details${earned < possible ? opened : ''}><summary>What the ${staff ? '' : 'public '}tests said<span class="unseen"> about ${name}</span></summary><pre tabindex="0">${cut(output)}</pre></details></td></tr>`}`;
})}
</tbody></table>${hasHidden && html`<p class="muted small">Only public tests are told here. Points may also come from hidden tests, which are not shown.</p>`}</section>`;
}

const opened = html` open`;

const cut = (text: string): string =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}\n… (the rest is left out here)` : text;

const makeReview = (review: readonly string[]): Html | false =>
  review.length > 0 &&
  html`<div class="note bad evidence">${makeSign('bad')}<div><p><strong>Looks like tampering</strong></p><ul>${review.map(sign => html`<li>${sign}</li>`)}</ul><p class="muted small">A sign is no proof. Look at the notebook, and talk to the student.</p></div></div>`;

function makeStaffCard(staff: NonNullable<Status['staff']>, isOver: boolean): Html {
  const {proof, namedStudent, run, strikes, isolation, otter, detail, log, review} = staff;
  return html`<section class="card" aria-labelledby="staff"><h2 id="staff">For staff</h2>${makeReview(review)}${makeFacts(
    [
      ['Identity', `${proof.verified ? 'verified' : 'not verified'}, by ${proof.kind} (${proof.via})`],
      namedStudent !== null && ['Page named', namedStudent],
      run !== null && ['Run', `${run}${isOver ? '' : ', not over'}`],
      strikes > 0 && ['Runs without a score', strikes],
      Boolean(otter) && ['Grader', `otter-grader ${otter}`],
      isolation !== null && ['Isolation', isolations[isolation] ?? isolation],
      detail !== '' && ['Reason', detail],
    ],
  )}${log !== '' && html`<details><summary>End of the grader’s log</summary><pre tabindex="0">${cut(log)}</pre></details>`}</section>`;
}
