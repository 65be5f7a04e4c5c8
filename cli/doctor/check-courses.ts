import {type CourseConfig, getAssignment} from '../../domain/course.ts';
import {parseCourseSources} from '../../domain/course-sources.ts';
import {HoltError} from '../../domain/errors.ts';
import {readConfig} from '../../functions/dispatch/read-config.ts';
import type {Settings} from '../../functions/settings.ts';
import {openSource} from '../open-course.ts';
import {about, type Finding} from './finding.ts';

const courses = about('courses');

export type FoundCourse = {course: string; config: CourseConfig};

/** Checks that each course can be read as dispatch reads it, with the GitHub App where it is a repository. */
export async function checkCourses(settings: Settings): Promise<{findings: Finding[]; found: FoundCourse[]}> {
  if (!settings.HOLT_COURSES) {
    return {findings: [courses.skipped('HOLT_COURSES names no course.')], found: []};
  }

  const findings: Finding[] = [];
  const found: FoundCourse[] = [];
  for (const [course, setting] of Object.entries(readSources(settings.HOLT_COURSES, findings))) {
    const where = setting.kind === 'github' ? `github.com/${setting.owner}/${setting.repo}` : setting.path;
    try {
      const source = await openSource(setting, settings);
      const revision = await source.findRevision();
      const config = await readConfig(source, revision, {course, configPath: settings.COURSE_CONFIG_PATH});
      const count = listLineItems({course, config}).length;
      found.push({course, config});
      findings.push(courses.ok(`${course} is read from ${where} at ${revision.slice(0, 12)}: ${count} assignments.`));
    } catch (error) {
      findings.push(
        courses.wrong(`${course} cannot be read from ${where}: ${(error as Error).message}`, remedyOf(error)),
      );
    }
  }

  return {findings, found};
}

function readSources(text: string, findings: Finding[]) {
  try {
    return parseCourseSources(text);
  } catch (error) {
    findings.push(courses.wrong((error as Error).message));
    return {};
  }
}

const remedyOf = (error: unknown): string =>
  error instanceof HoltError && error.code === 'source-unavailable'
    ? 'Let this machine reach GitHub, and try again.'
    : 'Mend it, then check its archives by `npm run check-course`.';

/** Lists every assignment of a course with the line item it has, if it has one. */
export const listLineItems = ({course, config}: FoundCourse) =>
  Object.entries(config.sections).flatMap(([section, {assignments}]) =>
    Object.keys(assignments).map(assignment => ({
      assignment,
      ...getAssignment({course, config}, {course, section, assignment}),
    })),
  );
