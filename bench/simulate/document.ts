import {writePlot} from './plot.ts';
import type {Row} from './run-case.ts';
import {writeCosts, writeGoals, writeTable} from './tables.ts';

/** Where the parts of `docs/scaling.md` are that the simulation writes. */
const mark = (name: string, edge: 'begin' | 'end') => `<!-- simulate: ${edge} ${name} -->`;

/** Writes the simulation's tables into the document, each between its marks. Throws when a mark is missing. */
export function fillDocument(document: string, rows: readonly Row[]): string {
  const parts = {
    goals: writeGoals(rows),
    spike: writeTable('spike', rows),
    day: writeTable('day', rows),
    bound: writeTable('bound', rows),
    short: writeTable('short', rows),
    more: writeTable('more', rows),
    network: writeTable('network', rows),
    course: writeTable('course', rows),
    class: writeTable('class', rows),
    costs: writeCosts(rows),
  };
  return Object.entries(parts).reduce((text, [name, table]) => {
    const begin = text.indexOf(mark(name, 'begin'));
    const end = text.indexOf(mark(name, 'end'));
    if (begin < 0 || end < begin) {
      throw new Error(`docs/scaling.md has no place for "${name}": put ${mark(name, 'begin')} and its end there.`);
    }

    return `${text.slice(0, begin)}${mark(name, 'begin')}\n\n${table}\n\n${text.slice(end)}`;
  }, document);
}

/** The files that the simulation writes, by name. */
export const makeFiles = (document: string, rows: readonly Row[]): Record<string, string> => ({
  'docs/scaling.md': fillDocument(document, rows),
  'docs/scaling.svg': writePlot(rows),
});
