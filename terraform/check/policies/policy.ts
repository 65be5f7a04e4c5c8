import type {Block} from '../blocks.ts';
import type {Plan, Resource} from '../plan.ts';

/** What policies look at: the files as they are written, and each root as it would be made. */
export type Subject = {
  /** Repository's root, for the files that a policy compares with. */
  root: string;
  blocks: Block[];
  /** Without the prefix of an environment that shares its project. */
  environment: Plan;
  asPlanned: Plan;
  bootstrap: Plan;
};

/** A sentence that holds for every environment, and what finds where it does not. */
export type Policy = {
  name: string;
  sentence: string;
  /** Only for an environment with every option: some may be left out. */
  whole?: true;
  find: (subject: Subject) => string[];
};

export const both = ({environment, bootstrap}: Subject): Resource[] => [
  ...environment.resources,
  ...bootstrap.resources,
];

export const ofType = ({resources}: Plan, ...types: string[]): Resource[] =>
  resources.filter(({type}) => types.includes(type));

/** Finds a value by its path, e.g. `template.0.containers.0.image`. */
export function at(values: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], values);
}

export const textAt = (values: unknown, path: string): string => {
  const value = at(values, path);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

export const listAt = (values: unknown, path: string): Record<string, unknown>[] => {
  const value = at(values, path);
  return Array.isArray(value) ? value : [];
};

/** Checks each of some resources; that there is none of them is a fault too. */
export function each(
  resources: readonly Resource[],
  what: string,
  find: (resource: Resource) => (string | false | undefined)[],
): string[] {
  return resources.length === 0
    ? [`There is no ${what}.`]
    : resources.flatMap(resource =>
        find(resource)
          .filter(fault => typeof fault === 'string')
          .map(fault => `${resource.address}: ${fault}`),
      );
}

/** Says what two lists do not share. */
export function compare(what: string, found: readonly string[], wanted: readonly string[]): string[] {
  const [have, want] = [new Set(found), new Set(wanted)];
  return [
    ...[...want].filter(entry => !have.has(entry)).map(entry => `${what}: ${entry} is missing`),
    ...[...have].filter(entry => !want.has(entry)).map(entry => `${what}: ${entry} is too much`),
  ].sort();
}
