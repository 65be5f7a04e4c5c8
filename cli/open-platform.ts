import {type Command, InvalidArgumentError, Option} from 'commander';
import type {Releases} from '../domain/releases.ts';
import {
  type EnvironmentFile,
  environmentsFolder,
  listEnvironments,
  readEnvironment,
  readSharesProject,
} from './environment-files.ts';

/** The options of every command that speaks to the platform. */
export type PlatformOptions = {folder: string; endpoint?: string};

/** An environment on its platform. */
export type Platform = {environment: EnvironmentFile; prefix: string; releases: Releases};

/** Adds the options of a platform to a command. */
export const withPlatform = (command: Command): Command =>
  command
    .addOption(
      new Option('--folder <folder>', 'where the environments’ roots are').default(
        environmentsFolder,
        'terraform/environments',
      ),
    )
    .addOption(new Option('--endpoint <url>', 'another Cloud Run Admin API').argParser(parseEndpoint).hideHelp());

function parseEndpoint(value: string): string {
  if (URL.parse(value)?.protocol !== 'http:') {
    throw new InvalidArgumentError('Give an address such as http://127.0.0.1:8090.');
  }

  return value;
}

/**
 * Opens an environment: what its file says, and what its services' names begin with.
 *
 * Throws: a sentence when nothing of it is deployed, or it cannot be told from another one of its project.
 */
export async function openPlatform(name: string, {folder, endpoint}: PlatformOptions): Promise<Platform> {
  const environment = await readEnvironment(folder, name);
  const {project_id: projectId, region} = environment;
  // A client of Google's takes half a second to load, which no other command should wait for.
  const {connectReleases} = await import('../adapters/google/releases.ts');
  const releases = await connectReleases({projectId, region, apiEndpoint: endpoint});
  const isShared = await readSharesProject(folder, name);
  const prefix = isShared ? `${name}-` : '';
  const exchange = await releases.find('service', `${prefix}exchange`);
  if (!exchange || (exchange.variables.ENVIRONMENT || undefined) !== (isShared ? name : undefined)) {
    throw new Error(`Nothing of ${name} runs in ${projectId}, ${region}: apply its root first.`);
  }

  if (!isShared) {
    await checkAlone(folder, environment);
  }

  return {environment, prefix, releases};
}

/** Throws when another root says the same of the same project: its services would be taken for these. */
async function checkAlone(folder: string, {name, project_id, region}: EnvironmentFile): Promise<void> {
  for (const other of await listEnvironments(folder)) {
    const isSamePlace =
      'environment' in other && other.environment.project_id === project_id && other.environment.region === region;
    if (isSamePlace && other.name !== name && !(await readSharesProject(folder, other.name))) {
      throw new Error(
        `${name} and ${other.name} are both in ${project_id}, and neither main.tf has shares_project = true: correct one of them.`,
      );
    }
  }
}
