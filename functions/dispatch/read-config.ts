import {CONFIG_FILE, type CourseConfig, findCourseConfig, joinSections} from '../../domain/course.ts';
import {HoltError} from '../../domain/errors.ts';
import type {CourseSource} from '../../domain/ports.ts';

const MAX_CONFIG_BYTES = 2 ** 20;

type Wanted = {course: string; configPath?: string | undefined};

/**
 * Reads a course's config as of a revision: `course-config.json`, and beside it the file that the operator named. Either
 * may have the course; with both, their sections are joined.
 *
 * Throws: `invalid-course`, `too-large`, `source-unavailable`.
 */
export async function readConfig(
  source: CourseSource,
  revision: string,
  {course, configPath}: Wanted,
): Promise<CourseConfig> {
  const files = [...new Set([CONFIG_FILE, configPath ?? CONFIG_FILE])];
  const texts = await Promise.all(files.map(file => readText(source, revision, file)));
  const there = files.flatMap((file, index) => {
    const text = texts[index];
    return text === undefined ? [] : [{file, text}];
  });
  if (there.length === 0) {
    throw new HoltError(
      'invalid-course',
      configPath === undefined
        ? `There is no ${CONFIG_FILE} at the top of the course's source: add it.`
        : `There is neither ${CONFIG_FILE} at the top of the course's source nor ${configPath}: add one, or correct COURSE_CONFIG_PATH.`,
    );
  }

  const [config, other] = there.flatMap(({file, text}) => findCourseConfig(text, course, file) ?? []);
  if (!config) {
    const [has, have] = [there.map(({file}) => file).join(' and '), there.length === 1 ? 'has' : 'have'];
    throw new HoltError('invalid-course', `${has} ${have} no course "${course}": add it, or correct HOLT_COURSES.`);
  }

  return other ? joinSections(config, other) : config;
}

async function readText(source: CourseSource, revision: string, file: string): Promise<string | undefined> {
  const content = await source.readFile(revision, file, MAX_CONFIG_BYTES);
  try {
    return content && new TextDecoder('utf-8', {fatal: true}).decode(content);
  } catch (cause) {
    throw new HoltError('invalid-course', `${file} is not text in UTF-8: save it as UTF-8.`, {cause});
  }
}
