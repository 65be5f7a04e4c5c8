import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';

/** Where the steps of a build leave what later ones need. */
export const buildFolder = (): string => process.env.HOLT_BUILD ?? '.holt/build';

export const isDone = (step: string): boolean => existsSync(path.join(buildFolder(), 'done', step));

/**
 * Reads the images that this build pushed or named, by digest.
 *
 * Throws: when one is missing, or is named by anything else.
 */
export function readDigests(): [functions: string, grader: string] {
  const read = (name: string): string => {
    const image = readFileSync(path.join(buildFolder(), 'digests', name), 'utf8').trim();
    if (!/^[\w.:/-]+@sha256:[0-9a-f]{64}$/.test(image)) {
      throw new Error(`${name} is ${JSON.stringify(image)}, which is no image by digest.`);
    }

    return image;
  };
  return [read('functions'), read('otter-grader')];
}
