import {cpSync, mkdirSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {readBlocks} from './blocks.ts';
import type {Places} from './places.ts';
import {openRoot, type Plan, planRoot} from './plan.ts';
import type {Policy, Subject} from './policies/policy.ts';
import {findProviderSource, type ProviderSource, prepareProvider} from './provider.ts';
import {listTypes} from './schema.ts';
import {copyConfiguration, isRoot, listFolders, type Workspace} from './terraform.ts';

/** The environment that has every option, laid beside the others in each copy. */
export const WHOLE = 'terraform/environments/checked';
export const BOOTSTRAP = 'terraform/bootstrap';

/** A copy of the configuration, and where its roots can be planned. */
export type Session = {
  source: ProviderSource;
  /** Where folders are checked, with the provider of `source`. */
  checked: Workspace;
  /** Where roots are planned, always with the stand-in: a plan on the provider itself would need a project. */
  planned: Workspace;
  folders: string[];
  environments: string[];
  places: Places;
  close: () => void;
};

/**
 * Opens a copy of the configuration for checks.
 *
 * Rule: the provider comes from the Terraform registry where that answers, and is the stand-in elsewhere.
 */
export async function openSession(places: Places, wanted?: ProviderSource): Promise<Session> {
  const source = wanted ?? (await findProviderSource());
  mkdirSync(places.cache, {recursive: true});
  const planned = copyConfiguration(places.root, places.environment);
  const whole = path.join(import.meta.dirname, 'whole');
  cpSync(whole, path.join(planned.root, WHOLE), {recursive: true});
  cpSync(path.join(whole, 'bootstrap.tfvars'), path.join(planned.root, BOOTSTRAP, 'checked.auto.tfvars'));
  const folders = listFolders(planned.root);
  const types = listTypes(folders.flatMap(folder => readSources(planned.root, folder)));
  planned.environment = await prepareProvider('stand-in', types, places);
  const checked = copyConfiguration(places.root, await prepareProvider(source, types, places));
  cpSync(whole, path.join(checked.root, WHOLE), {recursive: true});
  return {
    source,
    checked,
    planned,
    folders,
    environments: folders.filter(folder => isRoot(folder) && folder !== BOOTSTRAP),
    places,
    close() {
      rmSync(checked.root, {recursive: true, force: true});
      rmSync(planned.root, {recursive: true, force: true});
    },
  };
}

const readSources = (root: string, folder: string): string[] =>
  [folder, path.join(folder, 'tests')].flatMap(place => {
    try {
      return readdirSync(path.join(root, place))
        .filter(file => /\.(tf|tftest\.hcl)$/.test(file))
        .map(file => readFileSync(path.join(root, place, file), 'utf8'));
    } catch {
      return [];
    }
  });

/** What was planned: each environment, and bootstrap. */
export type Plans = {environments: Map<string, Plan>; bootstrap: Plan};

/** Plans every root, as the first apply has it and with every value made up; what cannot be planned is a fault. */
export async function planRoots({planned, environments}: Session): Promise<{plans: Plans; faults: string[]}> {
  const plans: Plans = {environments: new Map(), bootstrap: {resources: [], outputs: {}}};
  const faults: string[] = [];
  await Promise.all(
    [...environments, BOOTSTRAP].map(async folder => {
      const fault = await openRoot(planned, folder);
      if (fault) {
        faults.push(`${folder}: ${fault}`);
        return;
      }

      for (const values of ['unknown', 'known'] as const) {
        const outcome = await planRoot(planned, folder, values);
        if ('faults' in outcome) {
          faults.push(`${folder}: ${outcome.faults}`);
        } else if (folder === BOOTSTRAP) {
          plans.bootstrap = outcome.plan;
        } else {
          plans.environments.set(folder, outcome.plan);
        }
      }
    }),
  );
  return {plans, faults};
}

/** Makes the plan of the environment with every option read like one that has its project alone. */
export const withoutPrefix = (plan: Plan): Plan => JSON.parse(JSON.stringify(plan).replaceAll('checked-', ''));

/** Makes what policies look at, by environment. */
export async function readSubjects(session: Session, {environments, bootstrap}: Plans): Promise<Map<string, Subject>> {
  const {planned, folders, places} = session;
  const files = folders
    .filter(folder => folder !== WHOLE)
    .flatMap(folder =>
      readdirSync(path.join(planned.root, folder))
        .filter(file => file.endsWith('.tf') && !file.endsWith('_override.tf'))
        .map(file => `${folder}/${file}`),
    );
  const blocks = await readBlocks(planned.root, files, places);
  return new Map(
    [...environments].map(([folder, environment]) => [
      folder,
      {root: planned.root, blocks, bootstrap, environment: withoutPrefix(environment), asPlanned: environment},
    ]),
  );
}

/** Whether a policy holds only where every option is on. */
export const concerns = (policy: Policy, folder: string): boolean => !policy.whole || folder === WHOLE;
