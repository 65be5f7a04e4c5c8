import {z} from 'zod';
import {HoltError} from './errors.ts';
import {OutsideName} from './values.ts';

/** Where a course's config and archives come from. */
export type SourceSetting = {kind: 'github'; owner: string; repo: string} | {kind: 'folder'; path: string};

// What GitHub allows in names, so that a typing error stops the start and not the first student.
const github = /^(?:https:\/\/)?(?:www\.)?github\.com\/([\w-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/i;
const folder = /^(?:folder:(.+)|(\.{0,2}\/.*|\.{1,2}))$/s;

/**
 * Reads the setting `HOLT_COURSES`.
 *
 * Shape:  a JSON object of course -> source, or the short form `course=source,course=source`. A source is
 *         `github.com/owner/repo` (with or without `https://` and `.git`) or a folder (`/path`, `./path`, `folder:path`).
 * Throws: `invalid-setting` naming HOLT_COURSES and the entry that is wrong.
 *
 * @example parseCourseSources('demo=/srv/demo,8x=github.com/edx-berkeley/8X-autograders')
 */
export function parseCourseSources(text: string): Record<string, SourceSetting> {
  const entries = text.trim().startsWith('{') ? readJson(text) : readShortForm(text);
  if (entries.length === 0) {
    throw refuse('it names no course');
  }

  const sources = new Map<string, SourceSetting>();
  for (const [course, source] of entries) {
    const name = OutsideName.safeParse(course);
    if (!name.success) {
      throw refuse(`the course name ${JSON.stringify(course)} ${name.error.issues[0]?.message ?? 'cannot be used'}`);
    }

    if (sources.has(name.data)) {
      throw refuse(`"${course}" is named twice`);
    }

    sources.set(name.data, parseSource(course, source));
  }

  return Object.fromEntries(sources);
}

const refuse = (what: string, cause?: unknown) =>
  new HoltError(
    'invalid-setting',
    `HOLT_COURSES cannot be used: ${what}. Write course=/path/to/folder or course=github.com/owner/repo, separated by commas, or the same as a JSON object.`,
    {cause},
  );

function readJson(text: string): [string, string][] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`it is not JSON (${(cause as Error).message})`, cause);
  }

  const parsed = z.record(z.string(), z.unknown()).parse(value);
  return Object.entries(parsed).map(([course, source]) => {
    if (typeof source !== 'string') {
      throw refuse(`the source of "${course}" is not text`);
    }

    return [course, source];
  });
}

const readShortForm = (text: string): [string, string][] =>
  text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')
    .map(entry => {
      const at = entry.indexOf('=');
      if (at < 0) {
        throw refuse(`"${entry}" has no "="`);
      }

      return [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
    });

function parseSource(course: string, source: string): SourceSetting {
  const [, owner, repo] = github.exec(source) ?? [];
  if (owner && repo && !/^\.+$/.test(repo)) {
    return {kind: 'github', owner, repo};
  }

  const [, named, plain] = folder.exec(source) ?? [];
  const path = named ?? plain;
  if (path && !path.includes('\0')) {
    return {kind: 'folder', path};
  }

  throw refuse(`"${course}=${source}" is neither a folder nor a GitHub repository`);
}
