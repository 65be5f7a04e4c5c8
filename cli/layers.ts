import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';
import {placeLayers} from '../grader-job/layers.ts';
import type {Places} from '../grader-job/sandbox.ts';
import {CannotCheck} from './check-program.ts';

/** The locks that an image is built with. */
const imageLocks = fileURLToPath(new URL('../grader-job/layers', import.meta.url));

const Answer = z.object({
  archive: z.string(),
  problem: z.string().optional(),
  /** The layer; undefined where the grader has everything. */
  key: z.string().optional(),
  packages: z.array(z.string()).default([]),
  bytes: z.number().default(0),
  notes: z.array(z.string()).default([]),
});
/** What became of the layer that an archive needs. */
export type MadeLayer = Omit<z.infer<typeof Answer>, 'archive'>;

const ANSWER_BYTES = 16 * 2 ** 20;

/**
 * Makes the layers that archives need, as far as they are not there, and answers for each in order.
 *
 * Rule: a lock that an image may be built with is taken as it is; `keep` writes new ones there.
 */
export async function makeLayers(
  archives: readonly Uint8Array[],
  places: Places,
  {keep, locks = imageLocks}: {keep: boolean; locks?: string},
): Promise<MadeLayer[]> {
  if (archives.length === 0) {
    return [];
  }

  const folder = await mkdtemp(path.join(tmpdir(), 'holt-layers-'));
  try {
    const files = archives.map((_, index) => path.join(folder, `${index}.zip`));
    await Promise.all(archives.map((archive, index) => writeFile(files[index] as string, archive)));
    const where = ['--layers', placeLayers(places), '--locks', locks, ...(keep ? ['--keep'] : [])];
    return await run(places, [...where, ...files]);
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

/** Its exit code says only whether each has its layer, which the answers say too. */
const run = (places: Places, parameters: readonly string[]): Promise<MadeLayer[]> =>
  new Promise((resolve, reject) => {
    const options = {cwd: places.scripts, maxBuffer: ANSWER_BYTES};
    execFile(places.python, ['-m', 'holt_grader.make_layer', ...parameters], options, (error, stdout, stderr) => {
      if (error && error.code !== 1) {
        reject(new CannotCheck(`Layers of packages cannot be made: ${stderr.trim().split('\n').at(-1)}`));
        return;
      }

      const lines = stdout.split('\n').filter(line => line !== '');
      resolve(lines.map(line => Answer.parse(JSON.parse(line))));
    });
  });

/** Says what a layer is, in one line. */
export function sayLayer({key, packages, bytes}: MadeLayer): string {
  return key === undefined
    ? 'needs nothing beyond the grader’s own packages'
    : `has layer ${key}: ${packages.join(', ')} (${(bytes / 2 ** 20).toFixed(1)} MB)`;
}
