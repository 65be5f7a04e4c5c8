import type {Deployed, Kind} from '../domain/releases.ts';
import {PINNED_IMAGE} from './environment-files.ts';
import type {Platform} from './open-platform.ts';

/** The two images that a release is. */
export type Images = {functions: string; grader: string};
type Role = {name: string; kind: Kind; image: keyof Images};

/** The same image runs each function. */
const functions = (...names: string[]): Role[] => names.map(name => ({name, kind: 'service', image: 'functions'}));

/**
 * What an environment runs, in the order in which a new release reaches it: whatever reads a record or a result can do
 * so before anything writes it the new way. Going back is this order reversed.
 */
export const roles: readonly Role[] = [
  ...functions('audit', 'passback', 'record', 'sweep'),
  {name: 'grader', kind: 'job', image: 'grader'},
  ...functions('dispatch', 'exchange'),
];

/** A part as it is on the platform; `deployed` is undefined when it is not there. */
export type Part = Role & {deployed: Deployed | undefined};

/** Reads what an environment runs now. */
export const readParts = ({prefix, releases}: Platform): Promise<Part[]> =>
  Promise.all(roles.map(async role => ({...role, deployed: await releases.find(role.kind, prefix + role.name)})));

export const tellPart = ({kind, name}: Pick<Role, 'kind' | 'name'>): string => (kind === 'job' ? `job ${name}` : name);

/** A digest, short enough for a table. */
export const tellImage = (image: string | undefined): string =>
  image === undefined ? '?' : (/@sha256:([0-9a-f]{12})/.exec(image)?.[1] ?? image);

/** Throws when something is missing: an image can be set only on what Terraform made. */
export function checkComplete(environment: string, parts: readonly Part[]): void {
  const missing = parts.filter(({deployed}) => !deployed).map(tellPart);
  if (missing.length > 0) {
    throw new Error(`${environment} has no ${missing.join(', ')}: apply its root first.`);
  }
}

/**
 * Reads the release that an environment runs.
 *
 * Throws: every reason why what runs there is not one whole release that can be named by digests.
 */
export function getRelease(environment: string, parts: readonly Part[]): Images {
  checkComplete(environment, parts);
  const faults = parts.flatMap(part => {
    const {image = '', problem} = part.deployed ?? {};
    return [
      ...(problem ? [`${tellPart(part)} ${problem}`] : []),
      ...(PINNED_IMAGE.test(image) ? [] : [`${tellPart(part)} runs ${image}, which is no digest: a tag may move`]),
    ];
  });
  const [first = '', ...others] = new Set(parts.filter(isFunction).map(imageOf));
  if (others.length > 0) {
    const which = parts.filter(part => isFunction(part) && imageOf(part) !== first).map(tellPart);
    faults.push(`its functions run several images (${which.join(', ')} another one than the rest)`);
  }

  if (faults.length > 0) {
    throw new Error(
      `${environment} is half deployed, so nothing is taken from it: ${faults.join('; ')}. Finish its deployment or roll it back first.`,
    );
  }

  return {functions: first, grader: imageOf(parts.find(({kind}) => kind === 'job'))};
}

const isFunction = ({image}: Part): boolean => image === 'functions';
export const imageOf = (part: Part | undefined): string => part?.deployed?.image ?? '';

export const getPart = (parts: readonly Part[], name: string): Part => {
  const part = parts.find(candidate => candidate.name === name);
  if (!part) {
    throw new Error(`There is no part ${name}.`);
  }

  return part;
};
