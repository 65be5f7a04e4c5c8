import type {Reply} from '../../http.ts';
import type {Attention} from '../attention-items.ts';
import type {Summary} from '../find-records.ts';
import type {CourseList} from '../list-course.ts';
import {makeAutograders} from './autograders.ts';
import {type Html, html} from './html.ts';
import {renderPage} from './layout.ts';
import {makeBadge, makePager, makeSign} from './parts.ts';
import {shorten, type Tone, tellAgo, tellGradebook, tellScore, tellState, tellTime} from './words.ts';

export type CoursePage = {list: CourseList; base: string; user: string; now: string; isFirst: boolean};

const kinds: Record<Attention['kind'], {words: string; tone: Tone}> = {
  'course-problem': {words: 'The course’s source has a problem', tone: 'bad'},
  paused: {words: 'Grading is paused', tone: 'busy'},
  'archive-problem': {words: 'An autograder archive cannot be used', tone: 'bad'},
  failed: {words: 'Not graded', tone: 'bad'},
  waiting: {words: 'Waiting', tone: 'busy'},
  'not-in-lms': {words: 'Not in the gradebook', tone: 'busy'},
  'for-review': {words: 'Looks like tampering', tone: 'bad'},
  'other-login': {words: 'Another user was logged in', tone: 'busy'},
  unclaimed: {words: 'Waiting for its owner', tone: 'plain'},
};

const flags: Record<Summary['flags'][number], string> = {
  'other-login': 'the page named another user',
  unverified: 'identity not verified',
  'claimed-late': 'confirmed later',
};

/** What is about the course itself. */
const withoutCases: ReadonlySet<Attention['kind']> = new Set(['course-problem', 'archive-problem', 'paused']);

/** Cases of one reason that are named one by one; the rest is a number. */
const CASES = 12;

/** Writes the staff's page of a course: what needs attention, then every submission. */
export function renderCoursePage({list, base, user, now, isFirst}: CoursePage): Promise<Reply> {
  const {course, attention, attentionIsCut, submissions, next, autograders} = list;
  const body = html`<div><h1>Submissions of ${course}</h1><p class="muted">For the course’s staff. The newest first. <a href="${base}courses/${encodeURIComponent(course)}/grades.csv">All grades as CSV</a></p></div>
${isFirst && makeAttention(groupAttention(attention), {base, now, isCut: attentionIsCut})}
<section class="card" aria-labelledby="all"><h2 id="all">${isFirst ? 'All submissions' : 'Older submissions'}</h2>
${
  submissions.length > 0
    ? html`<div class="scroll" role="region" aria-labelledby="all" tabindex="0"><table class="rows"><thead><tr><th scope="col">Student</th><th scope="col">Assignment</th><th scope="col">State</th><th scope="col" class="number">Score</th><th scope="col">Gradebook</th><th scope="col">Received</th><th scope="col">Receipt</th></tr></thead><tbody>
${submissions.map(submission => makeRow(submission, base, now))}
</tbody></table></div>`
    : html`<p class="muted">${isFirst ? 'Nobody has submitted anything yet.' : 'There is nothing older.'}</p>`
}</section>
${makePager(`${base}courses/${encodeURIComponent(course)}/submissions`, {next, isFirst})}
${makeAutograders(autograders)}`;
  return renderPage({title: `Submissions of ${course}`, base, user, body, wide: true});
}

function makeRow(submission: Summary, base: string, now: string): Html {
  const {id, student, assignment, section, state, score, receivedAt} = submission;
  const gradebook = tellGradebook(submission);
  return html`<tr><th scope="row">${student}${submission.flags.map(flag => html`<span class="flag">${flags[flag]}</span>`)}</th><td>${assignment}<br><span class="muted small">section ${section}</span></td><td>${makeBadge(tellState(state))}</td><td class="number">${score ? tellScore(score) : html`<span class="muted">–<span class="unseen"> none</span></span>`}</td><td class="pass">${gradebook && html`<span class="line">${makeSign(gradebook.tone)}${gradebook.words}</span>`}</td><td class="time">${tellTime(receivedAt)}<br><span class="muted small">${tellAgo(receivedAt, now)}</span></td><td><a href="${base}submissions/${id}"><code>${shorten(id)}</code><span class="unseen"> of ${student}</span></a></td></tr>`;
}

type Group = {first: Attention; cases: Attention[]};

/** One reason may concern a whole class: it is told once. */
function groupAttention(attention: readonly Attention[]): Group[] {
  const groups = new Map<string, Group>();
  for (const item of attention) {
    const key = JSON.stringify([item.kind, item.section, item.assignment, item.message]);
    const group = groups.get(key) ?? {first: item, cases: []};
    group.cases.push(item);
    groups.set(key, group);
  }

  return [...groups.values()];
}

type Around = {base: string; now: string; isCut: boolean};

const makeAttention = (
  groups: readonly Group[],
  {base, now, isCut}: Around,
): Html => html`<section class="attention" aria-labelledby="attention"><h2 id="attention">Needs attention</h2>
${
  groups.length === 0
    ? html`<div class="note good">${makeSign('good')}<p>Nothing: every notebook is graded or on its way.</p></div>`
    : groups.map(group => makeNote(group, base, now))
}${isCut && html`<p class="muted small">There may be more of a kind than is looked at here: mend these first.</p>`}</section>`;

function makeNote({first, cases}: Group, base: string, now: string): Html {
  const {words, tone} = kinds[first.kind];
  return html`<article class="note ${tone}">${makeSign(tone)}<div><h3>${words}${first.assignment !== null && `: ${first.assignment}`}${cases.length > 1 && html` <span class="count">· ${cases.length} notebooks</span>`}</h3>
<p>${first.message}</p>
${!withoutCases.has(first.kind) && html`<ul class="cases">${cases.slice(0, CASES).map(one => html`<li>${makeCase(one, base)} <span class="muted">${tellAgo(one.at, now)}</span></li>`)}${cases.length > CASES && html`<li class="muted">and ${cases.length - CASES} more</li>`}</ul>`}</div></article>`;
}

const makeCase = ({student, submissionId}: Attention, base: string): Html =>
  submissionId === null
    ? html`${student ?? 'somebody'}`
    : html`<a href="${base}submissions/${submissionId}">${student ?? html`<code>${shorten(submissionId)}</code>`}</a>`;
