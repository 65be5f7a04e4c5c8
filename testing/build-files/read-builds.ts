import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';
import {z} from 'zod';

export const root = path.join(import.meta.dirname, '../..');
const folder = path.join(root, '.holt/build-check');
const lock = path.join(root, 'release/requirements-dev.txt');

const Step = z.looseObject({
  id: z.string(),
  name: z.string(),
  entrypoint: z.string().optional(),
  args: z.array(z.coerce.string()).default([]),
  env: z.array(z.string()).default([]),
  secretEnv: z.array(z.string()).default([]),
  waitFor: z.array(z.string()).optional(),
  timeout: z.string().optional(),
  allowFailure: z.boolean().default(false),
});
export type Step = z.infer<typeof Step>;

/** A build file of Cloud Build, as far as it is looked at. What the schema knows, check-jsonschema checks. */
export const Build = z.looseObject({
  steps: z.array(Step).min(1),
  images: z.array(z.string()).default([]),
  substitutions: z.record(z.string(), z.string()).default({}),
  availableSecrets: z
    .object({secretManager: z.array(z.object({env: z.string(), versionName: z.string()})).default([])})
    .default({secretManager: []}),
  serviceAccount: z.string().optional(),
  timeout: z.string().optional(),
  options: z.looseObject({logging: z.string().optional(), requestedVerifyOption: z.string().optional()}).default({}),
});
export type Build = z.infer<typeof Build>;

/** The files, by what starts them. */
export const files = {main: 'cloudbuild.yaml', request: 'release/pull-request.yaml', tag: 'release/tag.yaml'} as const;

/** Makes the Python environment with the programs of other projects that check files. */
export async function setUpChecks(): Promise<void> {
  await promisify(execFile)(path.join(root, 'grader-job/python/setup.sh'), [folder, lock], {timeout: 400_000});
}

/** A program of that environment. */
export const checkProgram = (name: string): string => path.join(folder, 'bin', name);

/** Reads YAML texts, many at once: starting Python takes longer than reading. */
export async function readYaml(texts: readonly string[]): Promise<unknown[]> {
  const script = [
    'import json, sys',
    'from ruamel.yaml import YAML',
    'yaml = YAML(typ="safe")',
    'json.dump([yaml.load(text) for text in json.load(sys.stdin)], sys.stdout)',
  ].join('\n');
  const running = promisify(execFile)(checkProgram('python'), ['-c', script], {maxBuffer: 64 * 2 ** 20});
  running.child.stdin?.end(JSON.stringify(texts));
  return JSON.parse((await running).stdout);
}
