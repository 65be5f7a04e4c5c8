import type {HoltError} from '../../../../domain/errors.ts';
import {problem, type Reply} from '../../http.ts';
import {html} from './html.ts';
import {renderPage} from './layout.ts';
import {makeSign} from './parts.ts';

const titles: Partial<Record<HoltError['code'], string>> = {
  'not-authenticated': 'Please log in',
  'not-found': 'Nothing here',
  'cross-site': 'Refused',
  expired: 'Too late',
};

/** Writes a failure as a page, for a person in a browser; programs get the problem document. */
export async function renderProblemPage(error: HoltError, base: string, trace: string): Promise<Reply> {
  const title = titles[error.code] ?? 'This did not work';
  const page = await renderPage({
    title,
    base,
    user: undefined,
    status: error.status,
    body: html`<h1>${title}</h1>
<div class="note bad" role="alert">${makeSign('bad')}<div><p>${error.message}</p><p class="muted small">Trace <code>${trace}</code></p></div></div>
<p><a href="${base}submissions">Your submissions</a></p>`,
  });
  // Retry-After and the like are the same for people and programs.
  return {...page, headers: {...problem(error, trace).headers, ...page.headers}};
}
