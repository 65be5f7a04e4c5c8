import {clean} from '../print-status.ts';

/** What one check found; `remedy` says what to do about what is wrong. */
export type Finding = {check: string; state: 'ok' | 'wrong' | 'skipped'; message: string; remedy?: string};

/** Makes the findings of one check. */
export const about = (check: string) => ({
  ok: (message: string): Finding => ({check, state: 'ok', message}),
  wrong: (message: string, remedy?: string): Finding => ({check, state: 'wrong', message, ...(remedy && {remedy})}),
  skipped: (message: string): Finding => ({check, state: 'skipped', message}),
});

/** Writes findings for people: a line each, and below what is wrong what to do. */
export const printFindings = (findings: readonly Finding[]): string =>
  findings
    .flatMap(({check, state, message, remedy}) => [
      `${state.padEnd(8)} ${check.padEnd(10)} ${clean(message).replaceAll('\n', ' ')}`,
      ...(remedy ? [`${''.padEnd(19)} → ${clean(remedy).replaceAll('\n', ' ')}`] : []),
    ])
    .join('\n');
