import {z} from 'zod';
import type {AssignmentKey} from './assignment.ts';
import {readJsonObject, tellIssues} from './config-text.ts';
import {HoltError} from './errors.ts';
import {GoferLineItem, goferArchivePath, readGoferSections, splitGoferEntry} from './gofer-config.ts';
import {Limits} from './limits.ts';
import {Instant, OutsideName, Sha256} from './values.ts';

/** Which submission's score counts for a student. */
export const Policy = z.enum(['latest', 'best']);
export type Policy = z.infer<typeof Policy>;

/** Only the limits that are given: the domain's defaults would hide what the course says behind a section's silence. */
const GivenLimits = z.object({
  notebookSeconds: Limits.shape.notebookSeconds.unwrap().optional(),
  memoryBytes: Limits.shape.memoryBytes.unwrap().optional(),
  processes: Limits.shape.processes.unwrap().optional(),
  diskBytes: Limits.shape.diskBytes.unwrap().optional(),
  cellSeconds: Limits.shape.cellSeconds,
});

/** One section of a course in `course-config.json`, as otter-service has it. Keys that Holt does not know are dropped. */
export const Section = z.object({
  /** edX course id without the `course-v1:` prefix. */
  course_id: z.string().min(1).optional(),
  /** Folder of the archives, from the repository's root. */
  subpath_to_zips: z.string().min(1),
  /** Assignment -> edX block id (32 hexadecimal digits), or empty when it has no line item. */
  assignments: z.record(OutsideName, z.string()),
  policy: Policy.optional(),
  limits: GivenLimits.optional(),
  /** Archives lie where gofer has tests; left out where they lie in `subpath_to_zips` itself. */
  layout: z.literal('gofer').optional(),
  /** Assignment -> where its scores go, as gofer's config names it. */
  lineItems: z.record(OutsideName, GoferLineItem).optional(),
});
export type Section = z.infer<typeof Section>;

/** Keys of a course in `course-config.json` that are Holt's own and not sections. */
const own = {
  staff: z.array(OutsideName).default([]),
  policy: Policy.default('latest'),
  limits: GivenLimits.default({}),
};

/** One course of `course-config.json`, sections apart from Holt's own optional keys `staff`, `policy`, `limits`. */
export const CourseConfig = z.object({...own, sections: z.record(OutsideName, Section)});
export type CourseConfig = z.infer<typeof CourseConfig>;

/** What is known of one archive of one revision: its content's hash, or why it cannot be used. */
export const Archive = z.union([z.object({sha256: Sha256}), z.object({problem: z.string(), checkedAt: Instant})]);
export type Archive = z.infer<typeof Archive>;

/** A course as dispatch's config sync last saw it. A broken config keeps the last good one and sets `problem`. */
export const Course = z.object({
  id: z.string(),
  course: OutsideName,
  config: CourseConfig,
  /** The source's revision that `config` and `archives` belong to: a commit, or a hash of the folder. */
  revision: z.string(),
  /** Path in the source -> archive. Filled as archives are needed. */
  archives: z.record(z.string(), Archive),
  /** What is wrong with the source now, for staff. */
  problem: z.string().nullable(),
  syncedAt: Instant,
  createdAt: Instant,
});
export type Course = z.infer<typeof Course>;

/** The config's usual place in a course's source. */
export const CONFIG_FILE = 'course-config.json';

/**
 * Reads one course out of the text of `course-config.json`, otter-service's or gofer's; which of the two, its keys tell.
 *
 * Throws: `invalid-course` with a sentence for staff that names the key that is wrong.
 * Source: otter-service, `<repo>/course-config.json`; gofer_service, the file that `COURSE_CONFIG_PATH` names.
 */
export function parseCourseConfig(text: string, course: string): CourseConfig {
  const config = findCourseConfig(text, course, CONFIG_FILE);
  if (!config) {
    throw new HoltError('invalid-course', `${CONFIG_FILE} has no course "${course}": add it, or correct HOLT_COURSES.`);
  }

  return config;
}

/** The same of a file of any name; undefined when it does not name the course. */
export function findCourseConfig(text: string, course: string, file: string): CourseConfig | undefined {
  const config = readJsonObject(text, file);
  if (!Object.hasOwn(config, course)) {
    return undefined;
  }

  const entry = z.record(z.string(), z.unknown()).safeParse(config[course]);
  if (!entry.success) {
    throw new HoltError('invalid-course', `${file}: "${course}" must be an object of sections.`);
  }

  try {
    const split = splitGoferEntry(entry.data);
    const {rest, gofer} = split ?? {rest: entry.data, gofer: undefined};
    const sections = Object.fromEntries(Object.entries(rest).filter(([key]) => !Object.hasOwn(own, key)));
    const parsed = CourseConfig.parse({...pickOwn(rest), sections});
    return gofer ? joinSections(parsed, CourseConfig.parse({sections: readGoferSections(gofer)})) : parsed;
  } catch (error) {
    const what = error instanceof z.ZodError ? `${tellIssues(error)}. Correct this.` : (error as Error).message;
    throw new HoltError('invalid-course', `${file}, course "${course}": ${what}`, {cause: error});
  }
}

/** Joins two configs of one course; what is not about a section is the first one's. Throws `invalid-course`. */
export function joinSections(first: CourseConfig, second: CourseConfig): CourseConfig {
  const twice = Object.keys(second.sections).find(name => Object.hasOwn(first.sections, name));
  if (twice !== undefined) {
    throw new HoltError('invalid-course', `Section "${twice}" is configured twice: take it out of one place.`);
  }

  const staff = [...new Set([...first.staff, ...second.staff])];
  return {...first, staff, sections: {...first.sections, ...second.sections}};
}

const pickOwn = (entry: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(entry).filter(([key]) => Object.hasOwn(own, key)));

/** What the config says of one assignment. */
export type AssignmentConfig = {
  /** Path of the autograder archive from the source's root. */
  archivePath: string;
  policy: Policy;
  limits: Limits;
  /** Where its grades go; undefined when the config names no LMS line item. */
  lineItem: {courseId: string; blockId: string} | GoferLineItem | undefined;
};

/**
 * Finds an assignment in a course.
 *
 * Throws: `unknown-assignment` with a sentence that names what is missing.
 */
export function getAssignment(
  {course, config}: Pick<Course, 'course' | 'config'>,
  key: AssignmentKey,
): AssignmentConfig {
  const section = Object.hasOwn(config.sections, key.section) ? config.sections[key.section] : undefined;
  if (!section) {
    throw new HoltError(
      'unknown-assignment',
      `Course "${course}" has no section "${key.section}": ask your instructor for a current copy of the notebook.`,
    );
  }

  if (!Object.hasOwn(section.assignments, key.assignment)) {
    throw new HoltError(
      'unknown-assignment',
      `Section "${key.section}" of course "${course}" has no assignment "${key.assignment}": ask your instructor for a current copy of the notebook.`,
    );
  }

  const blockId = section.assignments[key.assignment];
  const folder = section.subpath_to_zips;
  const archivePath =
    section.layout === 'gofer'
      ? goferArchivePath(folder, key.section, key.assignment)
      : `${folder}/${key.assignment}-autograder.zip`;
  const {lineItems = {}} = section;
  return {
    archivePath: archivePath
      .split('/')
      .filter(part => part !== '' && part !== '.')
      .join('/'),
    policy: section.policy ?? config.policy,
    limits: Limits.parse({...config.limits, ...section.limits}),
    lineItem: Object.hasOwn(lineItems, key.assignment)
      ? lineItems[key.assignment]
      : section.course_id && blockId
        ? {courseId: section.course_id, blockId}
        : undefined,
  };
}
