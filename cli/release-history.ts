import {z} from 'zod';
import type {Revision} from '../domain/releases.ts';
import type {Images} from './release-parts.ts';

/** A release that this program made or found, noted on the job: a job has no revisions of its own. */
const Note = z.object({revision: z.string(), functions: z.string(), grader: z.string(), at: z.string()});
export type Note = z.infer<typeof Note>;

const MOST_NOTES = 40;

/** A release of an environment: a revision of exchange, and the grader that ran beside it. */
export type Row = {
  /** The revision's name; a second grader beside the same revision is `.2`. */
  id: string;
  at: string;
  functions: string;
  /** Undefined when nobody noted it. */
  grader: string | undefined;
  isBroken: boolean;
  isCurrent: boolean;
  /** Whether this program saw both together. */
  isNoted: boolean;
};

/** Reads the notes on a job; what is no note of ours is none. */
export function readNotes(text: string): Note[] {
  try {
    return z.array(Note).parse(JSON.parse(text));
  } catch {
    return [];
  }
}

export const writeNotes = (notes: readonly Note[]): string => JSON.stringify(notes.slice(-MOST_NOTES));

/** Adds what runs now, unless it is what was noted last. */
export function addNote(notes: readonly Note[], note: Note): Note[] {
  const last = notes.at(-1);
  const isSame = (['revision', 'functions', 'grader'] as const).every(key => last?.[key] === note[key]);
  return isSame ? [...notes] : [...notes, note];
}

/**
 * Lists an environment's releases, the newest first.
 *
 * Rule: a revision's grader is the one that was noted with it, else the last one noted with the same functions.
 */
export function listReleases(
  revisions: readonly Revision[],
  notes: readonly Note[],
  now: Images & {revision: string; graderChangedAt: string},
): Row[] {
  const rows = revisions
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    .flatMap(({name, image, createdAt, isBroken}): Row[] => {
      const noted = notes.filter(({revision}) => revision === name).map(({grader, at}) => ({grader, at}));
      const similar = notes.findLast(({functions}) => functions === image)?.grader;
      const own: {grader: string | undefined; at: string}[] =
        noted.length > 0 ? [...noted] : [{grader: name === now.revision ? now.grader : similar, at: createdAt}];
      // Somebody else may have set the grader since it was noted.
      if (name === now.revision && own.at(-1)?.grader !== now.grader) {
        own.push({grader: now.grader, at: now.graderChangedAt});
      }

      return own.map(({grader, at}, index) => ({
        isNoted: index < noted.length,
        id: index === 0 ? name : `${name}.${index + 1}`,
        at: index === 0 ? createdAt : at,
        functions: image,
        grader,
        isBroken,
        isCurrent: name === now.revision && index === own.length - 1,
      }));
    });
  return rows.toReversed();
}

/**
 * Finds the release to go back to: the newest whole one before the present that is another one.
 *
 * Throws: a sentence when there is none, or none of that name.
 */
export function pickRelease(environment: string, rows: readonly Row[], to: string | undefined): Row {
  if (to !== undefined) {
    const row = rows.find(({id}) => id === to);
    if (!row || row.isBroken) {
      const why = row ? 'did not start when it was deployed' : 'is no release';
      throw new Error(`${to} ${why} of ${environment}: \`holt history ${environment}\` lists them.`);
    }

    return row;
  }

  const at = rows.findIndex(({isCurrent}) => isCurrent);
  const current = rows[at];
  const before = rows
    .slice(at + 1)
    .find(
      ({isBroken, functions, grader}) =>
        !isBroken && (functions !== current?.functions || (grader !== undefined && grader !== current.grader)),
    );
  if (!before) {
    throw new Error(`${environment} has no release before this one: there is nothing to go back to.`);
  }

  return before;
}
