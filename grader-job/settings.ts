import {existsSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';

/*
 * Every setting of the grading job, by the name it has in the environment. `main.ts` reads them; nothing else looks at
 * the environment.
 */

const here = path.dirname(fileURLToPath(import.meta.url));
/** Where the grader's Python may be: in the image, and in a checkout, run from its sources or from its built layout. */
const pythons = [
  '/opt/holt/python/bin/python',
  path.join(here, '../.holt/python/bin/python'),
  path.join(here, '../../.holt/python/bin/python'),
] as const;

const Common = z.object({
  /** Which manifest of the list is this task's; Cloud Run sets it. */
  CLOUD_RUN_TASK_INDEX: z.coerce.number().int().min(0).default(0),
  /** The grader's Python. Default: `/opt/holt/python/bin/python`; in a checkout `.holt/python/bin/python` Values: a path */
  HOLT_PYTHON: z.string().default(pythons.find(file => existsSync(file)) ?? pythons[1]),
  /** Where layers of packages are. Default: `layers` beside that Python's folder Values: a path */
  HOLT_LAYERS: z.string().optional(),
  /** `1` grades without isolation where none works, and marks each result so; for one's own notebooks only. */
  HOLT_UNSAFE_NO_SANDBOX: z.enum(['0', '1', '']).default('0'),
});

/** A process that is kept gets its tasks on standard input. */
export const Kept = Common.extend({
  /** Set for a process that is kept (embedded engine): how many notebooks it grades at a time. */
  HOLT_WORKERS: z.coerce.number().int().min(1),
  MANIFEST_INDEX_URL: z.never().optional(),
});

export const OneTask = Common.extend({
  HOLT_WORKERS: z.never().optional(),
  /** Where the list of manifests is, signed; dispatch gives it to each execution. Values: an address */
  MANIFEST_INDEX_URL: z.url(),
});
