import type {Entry} from './gradebook.ts';

export const faults = {
  none: 'answers as it should',
  error: 'answers HTTP 500',
  refuse: 'refuses every score',
  'past-due': 'says that the grade is past due',
  hang: 'never answers, takes no score',
  lost: 'takes the score, but its answer is lost',
} as const;
export type Fault = keyof typeof faults;

const escapeText = (text: string): string => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`);

const style = `
:root { color-scheme: light dark; --ink: light-dark(#17212b, #e8edf2); --soft: light-dark(#5b6875, #9aa7b4);
  --line: light-dark(#e3e8ee, #2b3540); --paper: light-dark(#fff, #161c23); --accent: light-dark(#0b7a75, #4cc9bf); }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#f4f6f8, #0e1318) }
main { max-width: 64rem; margin: 0 auto; padding: 2.5rem 1.25rem }
h1 { margin: 0; font-size: 1.6rem; letter-spacing: -.01em }
p { margin: .25rem 0 1.5rem; color: var(--soft) }
section { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; overflow-x: auto }
table { width: 100%; border-collapse: collapse }
th, td { padding: .7rem 1rem; text-align: left; border-top: 1px solid var(--line); white-space: nowrap }
thead th { border: 0; font-size: .75rem; font-weight: 600; text-transform: uppercase; letter-spacing: .06em; color: var(--soft) }
td.student { font-weight: 600; white-space: normal; overflow-wrap: anywhere }
td.number { font-variant-numeric: tabular-nums }
code { font: .85em ui-monospace, monospace; color: var(--soft) }
meter { width: 7rem; height: .75rem; margin-right: .6rem; vertical-align: middle }
.empty { padding: 3rem; text-align: center; color: var(--soft) }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: 1.5rem; color: var(--soft); font-size: .9rem }
button { font: inherit; color: inherit; padding: .3rem .7rem; border: 1px solid var(--line); border-radius: 99rem; background: var(--paper); cursor: pointer }
button[aria-pressed=true] { color: var(--accent); border-color: var(--accent); font-weight: 600 }
`;

const percent = (score: number): string => `${Number((score * 100).toFixed(1))} %`;

const row = ({student, courseId, blockId, score, receivedAt, count}: Entry): string => `<tr>
<td class="student">${escapeText(student)}</td>
<td>${escapeText(courseId)}<br><code>${escapeText(blockId)}</code></td>
<td class="number"><meter min="0" max="1" value="${score}">${score}</meter>${percent(score)}</td>
<td class="number"><time datetime="${escapeText(receivedAt)}">${escapeText(receivedAt.slice(0, 19).replace('T', ' '))}</time></td>
<td class="number">${count}</td>
</tr>`;

const table = (entries: readonly Entry[]): string => `<table>
<thead><tr><th>Student</th><th>Course and block</th><th>Score</th><th>Received (UTC)</th><th>Times</th></tr></thead>
<tbody>${entries.map(row).join('\n')}</tbody>
</table>`;

/** Writes the gradebook as a page that needs no script and looks again every five seconds. */
export function writePage(entries: readonly Entry[], fault: Fault): string {
  const newestFirst = entries.toSorted((a, b) => b.receivedAt.localeCompare(a.receivedAt));
  const buttons = Object.entries(faults).map(
    ([mode, meaning]) =>
      `<button name="mode" value="${mode}" title="It ${meaning}." aria-pressed="${mode === fault}">${mode}</button>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>Demo LMS</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Demo LMS</h1>
<p>What this stand-in for edX holds. Every score came with a signature that was checked here.</p>
<section>${entries.length > 0 ? table(newestFirst) : '<div class="empty">No score has arrived yet.</div>'}</section>
<form method="post" action="/fault"><span>It ${faults[fault]}. Make it:</span>${buttons.join('')}</form>
</main>
</body>
</html>
`;
}
