import type {Reply} from '../../http.ts';
import type {Summary} from '../find-records.ts';
import type {Offer, OwnList} from '../own.ts';
import {type Html, html} from './html.ts';
import {renderPage} from './layout.ts';
import {makeBadge, makeBar, makePager, makeSign} from './parts.ts';
import {shorten, tellAgo, tellBytes, tellGradebook, tellPercent, tellScore, tellState, tellTime} from './words.ts';

export type OwnPage = {
  list: OwnList;
  base: string;
  user: string;
  now: string;
  isFirst: boolean;
  cookies: readonly string[];
};

const REFRESH_SECONDS = 10;

/** Writes the page of one's own submissions. */
export function renderOwnPage({list, base, user, now, isFirst, cookies}: OwnPage): Promise<Reply> {
  const {submissions, offers, next} = list;
  const isBusy = submissions.some(({state}) => state === 'queued' || state === 'grading');
  const body = html`<div><h1>Your submissions</h1>
<p class="muted">Every notebook that arrived here, the newest first.</p></div>
${offers.length > 0 && makeOffers(offers, base, now)}
${
  submissions.length > 0
    ? html`<ol class="list">${submissions.map(submission => html`<li>${makeItem(submission, base, now)}</li>`)}</ol>`
    : html`<div class="card empty"><h2>Nothing here yet</h2><p class="muted">Open your assignment’s notebook in JupyterLab and press its Submit button: the notebook appears here at once, and its score when it is graded.</p></div>`
}
${makePager(`${base}submissions`, {next, isFirst})}`;
  return renderPage({
    title: 'Your submissions',
    base,
    user,
    body,
    cookies,
    refreshSeconds: isBusy ? REFRESH_SECONDS : undefined,
  });
}

function makeItem(submission: Summary, base: string, now: string): Html {
  const {id, assignment, course, section, state, score, receivedAt, sha256, bytes} = submission;
  const gradebook = tellGradebook(submission);
  return html`<article class="card item">
<div><h2><a href="${base}submissions/${id}">${assignment}</a></h2>
<p class="muted small">${course} · section ${section}</p>
<p class="where">${makeBadge(tellState(state))}${
    gradebook && html`<span class="line small">${makeSign(gradebook.tone)}${gradebook.words}</span>`
  }</p>${state === 'failed' && html`<p class="small">${submission.message}</p>`}</div>
${score && html`<div class="points"><p><strong>${tellScore(score)}</strong> <span class="muted small">${tellPercent(score)}</span></p>${makeBar(score)}</div>`}
<p class="receipt"><span>Received ${tellTime(receivedAt)}, ${tellAgo(receivedAt, now)}</span><span>Receipt <code>${shorten(id)}</code></span><span>${tellBytes(bytes)}</span><span>SHA-256 <code>${shorten(sha256)}…</code></span></p>
</article>`;
}

const makeOffers = (
  offers: readonly Offer[],
  base: string,
  now: string,
): Html => html`<section class="list" aria-labelledby="offers">
<h2 id="offers">${offers.length === 1 ? 'A notebook waits for its owner' : `${offers.length} notebooks wait for their owner`}</h2>
${offers.map(
  offer => html`<div class="card offer"><div><p><strong>${offer.assignment}</strong>, received ${tellTime(offer.receivedAt)} (${tellAgo(offer.receivedAt, now)}): is it yours?</p>
<p class="muted small">${offer.course} · section ${offer.section} · ${tellBytes(offer.bytes)} · SHA-256 <code>${shorten(offer.sha256)}…</code>. If it is not yours, leave it: it is removed on ${tellTime(offer.expireAt)}.</p></div>
<form method="post" action="${base}submissions/confirm"><input type="hidden" name="parked" value="${offer.id}"><button class="button main" type="submit">Yes, submit it<span class="unseen"> (${offer.assignment})</span></button></form></div>`,
)}
</section>`;
