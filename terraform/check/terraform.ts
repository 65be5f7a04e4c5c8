import {execFile} from 'node:child_process';
import {cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

/** What a command of Terraform said; `faults` is empty when it was content. */
export type Outcome = {step: string; faults: string};

/** A copy of the configuration, in which Terraform may write what it likes. */
export type Workspace = {root: string; environment: Record<string, string | undefined>};

const left = /(^|\/)(\.terraform|\.terraform\.lock\.hcl|[^/]*\.tfstate[^/]*|check)$/;

/** Copies `terraform/` and the files beside it that it may read; what Terraform left in the original stays there. */
export function copyConfiguration(root: string, environment: Workspace['environment']): Workspace {
  const copy = mkdtempSync(path.join(tmpdir(), 'holt-terraform-'));
  for (const entry of readdirSync(root, {withFileTypes: true})) {
    if (entry.name === 'terraform' || (entry.isFile() && /\.(json|ya?ml)$/.test(entry.name))) {
      cpSync(path.join(root, entry.name), path.join(copy, entry.name), {
        recursive: true,
        filter: file => !left.test(path.relative(root, file)),
      });
    }
  }

  return {root: copy, environment};
}

/** Copies a workspace with what `init` made in it. */
export function copyWorkspace({root, environment}: Workspace): Workspace {
  const copy = mkdtempSync(path.join(tmpdir(), 'holt-terraform-'));
  cpSync(root, copy, {recursive: true, verbatimSymlinks: true});
  return {root: copy, environment};
}

export const removeWorkspace = ({root}: Workspace): void => rmSync(root, {recursive: true, force: true});

/** Lists the folders that hold Terraform files, as paths from the root: modules, and roots, which have a backend. */
export const listFolders = (root: string): string[] =>
  [
    ...new Set(
      readdirSync(path.join(root, 'terraform'), {recursive: true, encoding: 'utf8'})
        .filter(
          file => file.endsWith('.tf') && !left.test(path.dirname(file)) && !/(^|\/)(check|\.terraform)\//.test(file),
        )
        .map(file => path.posix.join('terraform', path.dirname(file).replaceAll(path.sep, '/'))),
    ),
  ].sort();

export const isRoot = (folder: string): boolean => /^terraform\/(bootstrap|environments\/[^/]+)$/.test(folder);

export const readFiles = (root: string, folder: string, extension: RegExp): string[] =>
  readdirSync(path.join(root, folder), {encoding: 'utf8'})
    .filter(file => extension.test(file))
    .map(file => readFileSync(path.join(root, folder, file), 'utf8'));

/** Runs Terraform in a folder of the workspace. */
export function runTerraform(
  {root, environment}: Workspace,
  folder: string,
  parameters: readonly string[],
  more: Record<string, string> = {},
): Promise<{isDone: boolean; output: string}> {
  return new Promise(resolve => {
    execFile(
      'terraform',
      [...parameters],
      {cwd: path.join(root, folder), env: {...environment, ...more}, maxBuffer: 2 ** 27, timeout: 170_000},
      (error, stdout, stderr) =>
        resolve({isDone: !error, output: error ? `${stdout}${stderr}` || String(error) : stdout}),
    );
  });
}

/** Formats, initialises, validates and tests one folder, until a step has faults. */
export async function checkFolder(workspace: Workspace, folder: string): Promise<Outcome> {
  const steps: [string, string[]][] = [
    ['fmt', ['fmt', '-check', '-diff', '-no-color']],
    ['init', ['init', '-input=false', '-no-color', '-backend=false']],
    ['validate', ['validate', '-no-color']],
  ];
  if (listTests(workspace.root, folder).length > 0) {
    steps.push(['test', ['test', '-no-color']]);
  }

  for (const [step, parameters] of steps) {
    const {isDone, output} = await runTerraform(workspace, folder, parameters);
    if (!isDone) {
      return {step, faults: output.trim()};
    }
  }

  return {step: steps.at(-1)?.[0] ?? '', faults: ''};
}

/** Lists the test files that `terraform test` takes by itself. */
export function listTests(root: string, folder: string): string[] {
  const at = path.join(root, folder);
  return [at, path.join(at, 'tests')]
    .filter(place => existsSync(place))
    .flatMap(place => readdirSync(place).filter(file => /\.tftest\.(hcl|json)$/.test(file)));
}

/** Lets a root be planned without its bucket: the state of a plan that is never applied. */
export const useLocalState = ({root}: Workspace, folder: string): void =>
  writeFileSync(path.join(root, folder, 'backend_override.tf'), 'terraform {\n  backend "local" {}\n}\n');
