import path from 'node:path';
import {type GitHubAppSettings, makeCourseSources} from '../adapters/course-sources.ts';
import {parseCourseSources, type SourceSetting} from '../domain/course-sources.ts';
import type {CourseSource} from '../domain/ports.ts';
import {CannotCheck} from './check-program.ts';
import type {CheckSettings} from './check-settings.ts';

/** Opens a course that was named on the command line: a folder, or a repository of GitHub. */
export async function openCourse(text: string, {folder, github}: CheckSettings): Promise<CourseSource> {
  const isGitHub = /^(https:\/\/)?(www\.)?github\.com\//i.test(text);
  const setting: SourceSetting = isGitHub ? parseRepository(text) : {kind: 'folder', path: path.resolve(folder, text)};
  return openSource(setting, github);
}

/** Opens a course as a server's settings name it. */
export async function openSource(setting: SourceSetting, settings: GitHubAppSettings): Promise<CourseSource> {
  const sources = await makeCourseSources({course: setting}, settings);
  return sources.get('course') as CourseSource;
}

function parseRepository(text: string): SourceSetting {
  try {
    return parseCourseSources(JSON.stringify({course: text})).course as SourceSetting;
  } catch {
    throw new CannotCheck(`${text} is no course: give a folder, or github.com/owner/repo.`);
  }
}
