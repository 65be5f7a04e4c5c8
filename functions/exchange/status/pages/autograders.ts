import type {AutograderView} from '../autograders.ts';
import {type Html, html} from './html.ts';
import {makeFacts} from './parts.ts';

/** Writes which hidden cases a notebook could forge, assignment by assignment; nothing where there are none. */
export function makeAutograders(autograders: readonly AutograderView[]): Html | undefined {
  const told = autograders.flatMap(({section, assignment, questions, unsupported}) => {
    const cases = questions?.flatMap(({forgeable}) => forgeable ?? []) ?? [];
    const what =
      unsupported.length > 0
        ? html`all of them, for plain otter grades it: <span class="muted">${unsupported.join(' ')}</span>`
        : cases.length > 0 && cases.join(', ');
    return what ? [[html`${assignment}<br><span class="small">section ${section}</span>`, what] as const] : [];
  });
  return told.length > 0
    ? html`<section class="card" aria-labelledby="forgeable"><h2 id="forgeable">Hidden cases that can be forged</h2>
<p class="muted small">A notebook that tampers with its own process could pass these by claiming so, for there is no value to compare. Comparing with a literal closes each.</p>
${makeFacts(told)}</section>`
    : undefined;
}
