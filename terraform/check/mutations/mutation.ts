import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';

/** A small mistake in the configuration, and what must notice it. */
export type Mutation = {
  /** A sentence that says what somebody did wrong. */
  mistake: string;
  /** A policy, or a step of Terraform: the one that must be red. */
  red: string;
  file: string;
  /** Text that stands in the file exactly once. */
  search: string;
  replace: string;
};

/** Steps that a mistake can end at before any policy is asked. */
export const steps = ['fmt', 'init', 'validate', 'test', 'plan'] as const;
export type Step = (typeof steps)[number];
export const isStep = (red: string): red is Step => (steps as readonly string[]).includes(red);

/**
 * Reads a list of mistakes. Each has a line that begins with #, which check is red, the file, and lines with - and +
 * that say what stands there and what shall; they need not be whole lines of the file.
 *
 * Throws: an error for a mistake that does not say all of it.
 */
export function parseMutations(text: string): Mutation[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map(entry => {
      const [mistake = '', ...lines] = entry.split('\n');
      const find = (start: string) =>
        lines.filter(line => line.startsWith(start)).map(line => line.slice(start.length));
      const [[red = ''], [file = ''], out, into] = [find('red: '), find('file: '), find('-'), find('+')];
      if (!red || !file || out.length === 0) {
        throw new Error(`The mistake "${mistake}" must say red:, file: and what stands there.`);
      }

      // What is taken away is taken with its line's end.
      const end = into.length === 0 ? '\n' : '';
      return {mistake, red, file, search: out.join('\n') + end, replace: into.join('\n')};
    });
}

/** Every mistake of the lists beside this file. */
export const readMutations = (): Mutation[] =>
  readdirSync(import.meta.dirname)
    .filter(file => file.endsWith('.txt'))
    .sort()
    .flatMap(file => parseMutations(readFileSync(path.join(import.meta.dirname, file), 'utf8')));
