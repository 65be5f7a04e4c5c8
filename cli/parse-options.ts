import {InvalidArgumentError} from 'commander';
import {parseOrigin} from './address.ts';

/* Values of the command line that several commands read. */

/** A check of one value of the command line. */
export function match(pattern: RegExp, what: string) {
  return (value: string): string => {
    if (!pattern.test(value)) {
      throw new InvalidArgumentError(`Give ${what}.`);
    }

    return value;
  };
}

/** The same for an option that may be given again. */
export const collect =
  (pattern: RegExp, what: string) =>
  (value: string, before: string[] = []) => [...before, match(pattern, what)(value)];

/** Reads a course and its repository; again for each. */
export function addCourse(value: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, source] = /^([^=\s"]{1,100})=(github\.com\/[\w-]{1,100}\/[\w.-]{1,100})$/.exec(value) ?? [];
  if (!name || !source || Object.hasOwn(before, name)) {
    throw new InvalidArgumentError('Give each course once, as NAME=github.com/OWNER/REPOSITORY.');
  }

  return {...before, [name]: source};
}

/** Reads the address of a hub as browsers see it. */
export function parseHub(value: string): string {
  const origin = parseOrigin(value);
  if (!/^https:\/\/[a-z0-9.-]+(:\d+)?$/.test(origin)) {
    throw new InvalidArgumentError('Give an address with https://, such as https://hub.example.edu.');
  }

  return origin;
}

/** Reads a number between two bounds from the command line. */
export function parseNumber(least: number, most: number, isWhole = false) {
  return (value: string): number => {
    const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most) || (isWhole && !Number.isInteger(number))) {
      throw new InvalidArgumentError(`Give a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}.`);
    }

    return number;
  };
}
