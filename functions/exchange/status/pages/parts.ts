import type {Score} from '../../../../domain/score.ts';
import {type Html, html, type Value} from './html.ts';
import {shareOf, type Tone, tellPercent, tellPoints} from './words.ts';

const signs: Record<Tone | 'part', Html> = {
  good: html`<path d="m4.5 8.5 2.5 2.5 4.5-5.5"/>`,
  bad: html`<path d="M8 4v5m0 2.6v.4"/>`,
  busy: html`<path d="M8 4.5V8l2.2 1.6"/>`,
  part: html`<path d="M4.8 8h6.4"/>`,
  plain: html`<circle cx="8" cy="8" r="1.2"/>`,
};

/** A small sign beside words that say the same. */
export const makeSign = (tone: Tone | 'part'): Html =>
  html`<svg class="sign ${tone}" viewBox="0 0 16 16" aria-hidden="true"><circle class="disc" cx="8" cy="8" r="7.2"/>${signs[tone]}</svg>`;

/** Words with their sign. */
export const makeBadge = ({words, tone}: {words: Value; tone: Tone}): Html =>
  html`<span class="badge ${tone}">${makeSign(tone)}<span>${words}</span></span>`;

/** A thin bar of the share that was earned; the points stand beside it as text. */
export const makeBar = (score: Score): Html => {
  const share = Math.round(shareOf(score) * 1000) / 10;
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="100" height="4"/><rect class="fill" width="${share}" height="4"/></svg>`;
};

/** The score as a ring, with the points in it. */
export const makeRing = (score: Score): Html => {
  const share = Math.round(shareOf(score) * 1000) / 10;
  return html`<div class="ring"><svg viewBox="0 0 120 120" aria-hidden="true"><circle class="rail" cx="60" cy="60" r="52"/>${
    share > 0 &&
    html`<circle class="fill" cx="60" cy="60" r="52" pathLength="100" stroke-dasharray="${share} 100" transform="rotate(-90 60 60)"/>`
  }</svg><p><strong>${tellPoints(score.earned)}</strong><span>of ${tellPoints(score.possible)} points</span><span class="muted">${tellPercent(score)}</span></p></div>`;
};

/** Names and values, one under the other. */
export const makeFacts = (facts: readonly (readonly [name: Value, value: Value] | false | undefined)[]): Html =>
  html`<dl class="facts">${facts.map(fact => fact && html`<div><dt>${fact[0]}</dt><dd>${fact[1]}</dd></div>`)}</dl>`;

/** Links between the pages of a list. */
export const makePager = (path: string, {next, isFirst}: {next: string | null; isFirst: boolean}): Html | false =>
  (next !== null || !isFirst) &&
  html`<nav class="pager" aria-label="Pages">${!isFirst && html`<a href="${path}">Newest</a>`}${
    next !== null && html`<a href="${path}?after=${encodeURIComponent(next)}" rel="next">Older</a>`
  }</nav>`;
