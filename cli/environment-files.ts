import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {z} from 'zod';

/** Where the roots of the environments are, unless a command is told otherwise. */
export const environmentsFolder = fileURLToPath(new URL('../terraform/environments', import.meta.url));

/** The form of an image that cannot change: a repository and a digest. */
export const PINNED_IMAGE = /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$/;
/** As Terraform and the setting ENVIRONMENT take it. */
export const ENVIRONMENT_NAME = /^[a-z](?:[a-z0-9-]{0,13}[a-z0-9])?$/;

const Image = z.string().regex(PINNED_IMAGE, 'must be an image by digest: REGION-docker.pkg.dev/…@sha256:…');

/** `environment.json` of a root: what Terraform and this program both read. */
export const EnvironmentFile = z.object({
  name: z.string().regex(ENVIRONMENT_NAME, 'must be at most 15 lower-case letters, digits and hyphens'),
  project_id: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'must be the id of a Google Cloud project'),
  region: z.string().regex(/^[a-z]+-[a-z]+\d+$/, 'must be a region such as us-central1'),
  images: z.object({functions: Image, grader: Image}),
});
export type EnvironmentFile = z.infer<typeof EnvironmentFile>;

/**
 * Reads an environment's file.
 *
 * Throws: a sentence for a name that is none, a file that is missing or wrong.
 */
export async function readEnvironment(folder: string, name: string): Promise<EnvironmentFile> {
  if (!ENVIRONMENT_NAME.test(name)) {
    throw new Error(`${JSON.stringify(name)} is no environment: see \`holt environments list\`.`);
  }

  const file = path.join(folder, name, 'environment.json');
  const text = await readFile(file, 'utf8').catch(error => {
    const {code} = error as NodeJS.ErrnoException;
    throw new Error(
      `There is no environment ${name}: ${file} cannot be read (${code}). See \`holt environments list\`.`,
    );
  });
  const environment = parse(file, text);
  if (environment.name !== name) {
    throw new Error(`${file} says that its name is ${environment.name}: the folder and "name" must be the same.`);
  }

  return environment;
}

/** Whether an environment's `main.tf` says that others are in its project, so that its names have a prefix. */
export async function readSharesProject(folder: string, name: string): Promise<boolean> {
  const file = path.join(folder, name, 'main.tf');
  const text = await readFile(file, 'utf8').catch(error => {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): take it from the repository.`);
  });
  return /^\s*shares_project\s*=\s*true\b/m.test(text);
}

function parse(file: string, text: string): EnvironmentFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON: mend it, or take it from the repository again.`);
  }

  const parsed = EnvironmentFile.safeParse(value);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({path: at, message}) => `${at.join('.') || 'it'}: ${message}`);
    throw new Error(`${file} cannot be used. ${issues.join('; ')}.`);
  }

  return parsed.data;
}

/** A root as the list shows it: what its file says, or what is wrong with it. */
export type Listed = {name: string} & ({environment: EnvironmentFile} | {problem: string});

/** Lists every root of the folder by name; none when the folder is not there. */
export async function listEnvironments(folder: string): Promise<Listed[]> {
  const entries = await readdir(folder, {withFileTypes: true}).catch(() => []);
  const names = entries.filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).map(({name}) => name);
  return Promise.all(
    names.sort().map(async name => {
      try {
        return {name, environment: await readEnvironment(folder, name)};
      } catch (error) {
        return {name, problem: (error as Error).message};
      }
    }),
  );
}
