import type {Status} from '../../../../domain/status.ts';
import {type Html, html} from './html.ts';
import {tellClock} from './words.ts';

type Look = 'done' | 'now' | 'later' | 'wrong' | 'skipped';
type Step = {name: string; look: Look; at: string | undefined; note?: string};

const looks: Record<Look, {sign: Html; words: string}> = {
  done: {sign: html`<path d="m3.5 8.5 3 3 6-7"/>`, words: 'done'},
  now: {sign: html`<path d="M8 4v4l2.6 1.8"/>`, words: 'now'},
  later: {sign: html``, words: 'to come'},
  wrong: {sign: html`<path d="M8 3.5v5m0 3.5v.1"/>`, words: 'did not work'},
  skipped: {sign: html`<path d="M4.5 8h7"/>`, words: 'not needed'},
};

/** The way of a submission as five steps, each with its time. */
export function makeSteps(status: Status): Html {
  return html`<ol class="steps">${findSteps(status).map(
    ({name, look, at, note}) =>
      html`<li class="${look}"${look === 'now' ? current : ''}><span class="mark"><svg viewBox="0 0 16 16" aria-hidden="true">${looks[look].sign}</svg></span><span><strong>${name}<span class="unseen">: ${looks[look].words}</span></strong>${note !== undefined && html`<span class="small">${note}</span>`}</span>${at !== undefined && html`<span>${tellClock(at)}</span>`}</li>`,
  )}</ol>`;
}

const current = html` aria-current="step"`;

/** How many steps are behind in each state. */
const stepsDone = {submitted: 1, queued: 1, grading: 2, failed: 2, graded: 4} as const;

function findSteps({state, timeline, passback, counts}: Status): Step[] {
  const timeOf = (stage: string) => timeline.find(entry => entry.stage === stage)?.at;
  const done = stepsDone[state];
  const lookOf = (index: number): Look => {
    if (index < done) {
      return 'done';
    }

    return index > done ? 'later' : state === 'failed' ? 'wrong' : 'now';
  };
  return [
    {name: 'Received', look: lookOf(0), at: timeOf('submitted')},
    {name: 'In line', look: lookOf(1), at: done > 1 || state === 'queued' ? timeOf('queued') : undefined},
    {name: 'Grading', look: lookOf(2), at: timeOf('grading') ?? timeOf('failed')},
    {name: 'Graded', look: lookOf(3), at: timeOf('graded')},
    {name: 'In the gradebook', ...findLast({state, passback, counts}), at: timeOf('passed back')},
  ];
}

function findLast({state, passback, counts}: Pick<Status, 'state' | 'passback' | 'counts'>): {
  look: Look;
  note?: string;
} {
  if (state !== 'graded') {
    return {look: 'later'};
  }

  if (counts === false) {
    return {look: 'skipped', note: 'another one counts'};
  }

  switch (passback?.state) {
    case 'sent':
      return {look: 'done'};
    case 'failed':
      return {look: 'wrong', note: 'refused'};
    case 'off':
      return {look: 'skipped', note: 'not sent'};
    case 'superseded':
      return {look: 'skipped', note: 'another score counts'};
    default:
      return {look: 'now', note: 'on its way'};
  }
}
