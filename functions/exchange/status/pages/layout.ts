import type {Reply} from '../../http.ts';
import {Html, html} from './html.ts';
import {style} from './style.ts';

export type Page = {
  title: string;
  /** The client's prefix, which links begin with. */
  base: string;
  /** Who is looking; undefined when nobody is logged in. */
  user: string | undefined;
  body: Html;
  /** Seconds until the page loads itself anew; only while something is under way. */
  refreshSeconds?: number | undefined;
  /** The widest pages are lists for staff. */
  wide?: boolean;
  status?: number;
  cookies?: readonly string[];
};

const styleElement = new Html(`<style>${style}</style>`);
const wideClass = html` class="wide"`;

/** The one style sheet is the only thing beside text that a page may use, and only as it was written here. */
const makePolicy = async (): Promise<string> => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'`;
};
let policy: Promise<string> | undefined;

/** Writes a whole page: header, main part, footer, the style in it, no script. */
export async function renderPage(page: Page): Promise<Reply> {
  const {title, base, user, body, refreshSeconds, wide, status = 200, cookies = []} = page;
  policy ??= makePolicy();
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${refreshSeconds}">\n`}<title>${title} · Holt</title>
${styleElement}
</head>
<body${wide ? wideClass : ''}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div>
<a class="brand" href="${base}submissions"><svg viewBox="0 0 32 32" aria-hidden="true"><path class="den" d="M2 28C2 14 8 5 16 5s14 9 14 23z"/><path class="door" d="M10 28c0-8 2.4-12.5 6-12.5S22 20 22 28z"/><path class="water" d="M1 28c3-2.4 5-2.4 7.5 0s5 2.4 7.5 0 5-2.4 7.5 0 4.5 2.4 7.5 0"/></svg>Holt</a>
${user !== undefined && html`<nav aria-label="Holt"><a href="${base}submissions">Your submissions</a></nav><p class="user"><span class="unseen">Logged in as </span>${user}</p>`}
</div></header>
<main id="main">
${body}
</main>
<footer><p>${refreshSeconds !== undefined && 'This page renews itself while something is under way. '}All times are UTC.</p></footer>
</body>
</html>
`;
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': await policy,
      ...(cookies.length > 0 ? {'Set-Cookie': [...cookies]} : {}),
    },
    body: document.text,
  };
}
