import {spawn} from 'node:child_process';
import {once} from 'node:events';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {z} from 'zod';
import type {Places} from './sandbox.ts';

/** Where the packages are that archives ask for beyond the grader's own: beside its Python, unless it is said. */
export const placeLayers = ({python, layers}: Places): string =>
  layers ?? path.join(path.dirname(path.dirname(path.dirname(python))), 'layers');

const Answer = z.union([
  z.object({folder: z.string().nullable()}),
  z.object({problem: z.enum(['archive', 'layer']), message: z.string()}),
]);

/** The layer that an archive needs, null for none, or what is wrong with the archive. */
export type FoundLayer = {folder: string | null} | {problem: 'archive'; message: string};

/**
 * Makes what finds an archive's layer, once for each archive.
 *
 * Throws: when the layer is missing, with a sentence that says how to make it.
 */
export function makeFindLayer(places: Places): (archive: Uint8Array) => Promise<FoundLayer> {
  const known = new WeakMap<Uint8Array, Promise<FoundLayer>>();
  return archive => {
    const found = known.get(archive) ?? findLayer(archive, places);
    known.set(archive, found);
    found.catch(() => known.delete(archive));
    return found;
  };
}

async function findLayer(archive: Uint8Array, places: Places): Promise<FoundLayer> {
  const child = spawn(places.python, ['-m', 'holt_grader.tell_layer', placeLayers(places)], {
    cwd: places.scripts,
    env: {PYTHONDONTWRITEBYTECODE: '1', PYTHONNOUSERSITE: '1', LANG: 'C.UTF-8'},
    stdio: 'pipe',
  });
  // A child that ends before it has read everything says why by its end.
  child.stdin.on('error', () => {});
  child.stdin.end(archive);
  const [output, words] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (output === '') {
    throw new Error(`The archive's packages cannot be looked up: ${words.trim().split('\n').at(-1)}`);
  }

  const answer = Answer.parse(JSON.parse(output));
  if ('folder' in answer) {
    return answer;
  }

  const {problem, message} = answer;
  if (problem === 'layer') {
    throw new Error(message);
  }

  return {problem, message};
}
