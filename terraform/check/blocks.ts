import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';
import {z} from 'zod';
import {buildTool} from './go-tools.ts';
import type {Places} from './places.ts';

const run = promisify(execFile);

/** A block of a Terraform file: its labels, and its attributes as they are written. */
export type Block = {
  file: string;
  line: number;
  type: string;
  labels: string[];
  attributes: Record<string, string>;
  blocks: Block[];
};

const Block: z.ZodType<Block> = z.lazy(() =>
  z.object({
    file: z.string(),
    line: z.number(),
    type: z.string(),
    labels: z.array(z.string()),
    attributes: z.record(z.string(), z.string()),
    blocks: z.array(Block),
  }),
);

/** Reads the blocks of Terraform files, which are named from the root. */
export async function readBlocks(root: string, files: readonly string[], places: Places): Promise<Block[]> {
  const program = await buildTool('read-blocks', places);
  const {stdout} = await run(program, [...files], {cwd: root, maxBuffer: 2 ** 26});
  return z.array(Block).parse(JSON.parse(stdout));
}

export const where = ({file, line}: Block): string => `${path.posix.normalize(file)}:${line}`;
