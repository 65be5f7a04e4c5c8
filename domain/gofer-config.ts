import {z} from 'zod';
import {HoltError} from './errors.ts';
import {OutsideName} from './values.ts';

/** Keys by which a course's config is gofer's. */
const ids = 'sourcedid';
const urls = 'outcomes_url';
const root = 'subpath_to_zips';

/** Where gofer_service has a course's tests, from the root of its repository. */
const USUAL_ROOT = 'materials/x19';

const OutcomesUrl = z
  .url({protocol: /^https?$/, error: 'must be a whole address with http:// or https://'})
  // Whoever reads it must see the same host.
  .refine(url => !/^\w+:\/\/[^/?#]*@|[#\s\\]/.test(url), 'must have neither a user nor blanks, backslashes or a #');
const bySection = <Value extends z.ZodType>(value: Value) =>
  z.record(OutsideName, z.record(OutsideName, value)).default({});
const GoferConfig = z.object({
  [ids]: bySection(z.string().max(1000)),
  [urls]: bySection(z.union([z.literal(''), OutcomesUrl])),
  [root]: z.string().min(1).default(USUAL_ROOT),
});

/** Where an assignment's scores go, as gofer's config names it. */
export const GoferLineItem = z.object({sourcedId: z.string().min(1), outcomesUrl: OutcomesUrl});
export type GoferLineItem = z.infer<typeof GoferLineItem>;

type Entry = Record<string, unknown>;

/** Takes gofer's keys out of a course's entry; undefined when it has none and is otter-service's. */
export function splitGoferEntry(entry: Entry): {gofer: Entry; rest: Entry} | undefined {
  if (!Object.hasOwn(entry, ids) && !Object.hasOwn(entry, urls)) {
    return undefined;
  }

  const isGofers = ([key]: [string, unknown]) => [ids, urls, root].includes(key);
  const all = Object.entries(entry);
  return {gofer: Object.fromEntries(all.filter(isGofers)), rest: Object.fromEntries(all.filter(one => !isGofers(one)))};
}

/**
 * Reads gofer's config of a course as sections.
 *
 * Shape:  `{sourcedid: {section: {assignment: id}}, outcomes_url: {section: {assignment: URL}}}`; both empty is an
 *         assignment whose scores go nowhere. `subpath_to_zips` names another folder than materials/x19.
 * Throws: `invalid-course` with what is wrong; a `ZodError` when the shape is.
 * Source: gofer_service, the file that `COURSE_CONFIG_PATH` names.
 */
export function readGoferSections(gofer: Entry): Entry {
  const {[ids]: sourcedIds, [urls]: outcomesUrls, [root]: folder} = GoferConfig.parse(gofer);
  const names = new Set([...Object.keys(sourcedIds), ...Object.keys(outcomesUrls)]);
  return Object.fromEntries(
    [...names].map(name => {
      const pair = [sourcedIds[name] ?? {}, outcomesUrls[name] ?? {}] as const;
      return [name, {subpath_to_zips: folder, layout: 'gofer', ...readAssignments(name, ...pair)}];
    }),
  );
}

function readAssignments(section: string, sourcedIds: Record<string, string>, outcomesUrls: Record<string, string>) {
  const names = [...new Set([...Object.keys(sourcedIds), ...Object.keys(outcomesUrls)])];
  const lineItems = names.flatMap((name): [string, GoferLineItem][] => {
    const [sourcedId = '', outcomesUrl = ''] = [sourcedIds[name], outcomesUrls[name]];
    if ((sourcedId === '') !== (outcomesUrl === '')) {
      const [has, lacks] = sourcedId === '' ? [urls, ids] : [ids, urls];
      throw new HoltError(
        'invalid-course',
        `${has} / ${section} / ${name} has no counterpart in ${lacks}: give both, or leave both empty.`,
      );
    }

    return sourcedId === '' ? [] : [[name, {sourcedId, outcomesUrl}]];
  });
  return {assignments: Object.fromEntries(names.map(name => [name, ''])), lineItems: Object.fromEntries(lineItems)};
}

/** An assignment's archive below gofer's folder of tests. Source: gofer_service: homework by its name, else a lab. */
export const goferArchivePath = (folder: string, section: string, assignment: string): string =>
  `${folder}/${assignment.includes('hw') ? 'hw' : 'lab'}/${section}/${assignment}/${assignment}-autograder.zip`;

/** Where an archive is besides when the course's source is the folder `materials` itself; undefined when nowhere. */
export const otherGoferPath = (path: string): string | undefined =>
  path.startsWith(`${USUAL_ROOT}/`) ? path.slice(path.indexOf('/') + 1) : undefined;
