import {cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync} from 'node:fs';
import {arch, platform} from 'node:os';
import path from 'node:path';
import {buildTool} from './go-tools.ts';
import type {Places} from './places.ts';
import {makeSchema, PROVIDER_VERSION, type TypeName} from './schema.ts';
import {writeWhole} from './whole-file.ts';

/** Where Terraform gets the provider from. */
export type ProviderSource = 'registry' | 'stand-in';

/** Asks the Terraform registry whether it is there. */
export async function findProviderSource(): Promise<ProviderSource> {
  const discovery = 'https://registry.terraform.io/.well-known/terraform.json';
  try {
    const answer = await fetch(discovery, {signal: AbortSignal.timeout(4000), redirect: 'error'});
    return answer.ok && 'providers.v1' in ((await answer.json()) as object) ? 'registry' : 'stand-in';
  } catch {
    return 'stand-in';
  }
}

/** Makes the environment in which Terraform runs, with the provider from the registry or the stand-in. */
export async function prepareProvider(
  source: ProviderSource,
  types: readonly TypeName[],
  places: Places,
): Promise<Places['environment']> {
  // A process lives for a second or two: collecting garbage costs it more than the memory is worth.
  const quiet = {CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1', TF_INPUT: '0', GOGC: '400'};
  mkdirSync(places.cache, {recursive: true});
  if (source === 'registry') {
    const settings = path.join(places.cache, 'registry.tfrc');
    const plugins = path.join(places.cache, 'plugins');
    mkdirSync(plugins, {recursive: true});
    writeWhole(settings, `plugin_cache_dir = ${JSON.stringify(plugins)}\n`);
    // A copy has no lock file that the kept provider could be held against.
    const TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE = '1';
    return {
      ...places.environment,
      ...quiet,
      TF_CLI_CONFIG_FILE: settings,
      TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE,
    };
  }

  const mirror = mirrorProvider(await buildTool('stand-in', places), places);
  const own = `${mirror}.tfrc`;
  writeWhole(own, `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`);
  const STAND_IN_SCHEMA = await makeSchema(types, places);
  return {...places.environment, ...quiet, TF_CLI_CONFIG_FILE: own, STAND_IN_SCHEMA};
}

/** Lays a built provider where a mirror of the registry would have it; each build has a mirror of its own. */
function mirrorProvider(program: string, {cache}: Places): string {
  const mirror = path.join(cache, `mirror-of-${path.basename(program)}`);
  if (existsSync(mirror)) {
    return mirror;
  }

  const system = platform() === 'win32' ? 'windows' : platform();
  const processor = {x64: 'amd64', ia32: '386'}[arch() as string] ?? arch();
  const part = mkdtempSync(path.join(cache, 'mirror-'));
  const folder = path.join(part, 'registry.terraform.io/hashicorp/google', PROVIDER_VERSION, `${system}_${processor}`);
  mkdirSync(folder, {recursive: true});
  cpSync(program, path.join(folder, `terraform-provider-google_v${PROVIDER_VERSION}_x5`));
  try {
    renameSync(part, mirror);
  } catch (error) {
    // Another check was quicker.
    rmSync(part, {recursive: true, force: true});
    if (!existsSync(mirror)) {
      throw error;
    }
  }

  return mirror;
}
