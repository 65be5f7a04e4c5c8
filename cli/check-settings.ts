import {existsSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseCourseSources} from '../domain/course-sources.ts';
import type {Places} from '../grader-job/sandbox.ts';
import {CannotCheck} from './check-program.ts';

export type CheckSettings = {
  places: Places;
  /** `HOLT_UNSAFE_NO_SANDBOX=1`: plain otter without isolation, for one's own notebooks. */
  isBareAllowed: boolean;
  /** Where the person who typed the command is. */
  folder: string;
  /** The GitHub App, as dispatch is given it. */
  github: Record<string, string | undefined>;
};

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * Reads what a check needs of the environment: dispatch's names for the GitHub App, the job's for the rest.
 *
 * Throws: `CannotCheck` when the grader's Python is not there.
 */
export function readCheckSettings(environment: NodeJS.ProcessEnv = process.env): CheckSettings {
  const python = path.resolve(environment.HOLT_PYTHON || path.join(root, '.holt/python/bin/python'));
  if (!existsSync(python)) {
    throw new CannotCheck(`There is no Python at ${python}: run grader-job/python/setup.sh, or set HOLT_PYTHON.`);
  }

  const {GITHUB_API_URL} = environment;
  const pick = (name: string, other: string) => environment[name] || environment[other];
  return {
    places: {
      python,
      scripts: path.join(root, 'grader-job/python'),
      ...(environment.HOLT_LAYERS && {layers: path.resolve(environment.HOLT_LAYERS)}),
    },
    isBareAllowed: environment.HOLT_UNSAFE_NO_SANDBOX === '1',
    folder: readFolder(environment),
    github: {
      COURSE_CONTENT_READER_APP_ID: pick('COURSE_CONTENT_READER_APP_ID', 'github_app_id'),
      COURSE_CONTENT_READER_PRIVATE_KEY: pick('COURSE_CONTENT_READER_PRIVATE_KEY', 'github_app_private_key'),
      COURSE_CONTENT_READER_INSTALLATION_ID: pick(
        'COURSE_CONTENT_READER_INSTALLATION_ID',
        'github_app_installation_id',
      ),
      GITHUB_API_URL: GITHUB_API_URL || undefined,
    },
  };
}

/** Where the person is who typed the command: npm runs its scripts in this repository, wherever it was called. */
export const readFolder = ({npm_lifecycle_event, INIT_CWD}: NodeJS.ProcessEnv = process.env): string =>
  (/^(check|make|convert|dump)-/.test(npm_lifecycle_event ?? '') && INIT_CWD) || process.cwd();

/** The courses of a server's settings that are folders. */
export function readCourseFolders({HOLT_COURSES = ''}: NodeJS.ProcessEnv = process.env): string[] {
  const sources = HOLT_COURSES.trim() === '' ? [] : Object.values(parseCourseSources(HOLT_COURSES));
  return [...new Set(sources.flatMap(source => (source.kind === 'folder' ? [source.path] : [])))];
}
