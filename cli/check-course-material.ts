import {z} from 'zod';
import {archiveLimits} from '../domain/autograder.ts';
import {getAssignment, parseCourseConfig} from '../domain/course.ts';
import {otherGoferPath} from '../domain/gofer-config.ts';
import type {Limits} from '../domain/limits.ts';
import type {CourseSource} from '../domain/ports.ts';
import type {Material} from './check-assignment.ts';
import {findNotebooks, listFolders, type Place} from './check-notebooks.ts';
import {CannotCheck} from './check-program.ts';

/** An assignment of a course, and every place of the config that names it. */
export type CourseAssignment = {subject: string; assignment: string; archivePath: string; limits: Limits};

const CONFIG = 'course-config.json';
const MAX_CONFIG_BYTES = 4 * 2 ** 20;

/**
 * Lists the assignments of all courses of a source, in the config's order, each archive once.
 *
 * Throws: `CannotCheck`, or `invalid-course`, when there are none to be checked.
 */
export async function listAssignments(
  source: CourseSource,
  revision: string,
  only: string | undefined,
): Promise<CourseAssignment[]> {
  const content = await source.readFile(revision, CONFIG, MAX_CONFIG_BYTES);
  if (!content) {
    throw new CannotCheck(`There is no ${CONFIG}: give the folder or repository that has it at its root.`);
  }

  const text = Buffer.from(content).toString('utf8');
  const found = new Map<string, CourseAssignment>();
  for (const course of only === undefined ? listCourses(text) : [only]) {
    const config = parseCourseConfig(text, course);
    for (const [section, {assignments}] of Object.entries(config.sections)) {
      for (const assignment of Object.keys(assignments)) {
        const {archivePath, limits} = getAssignment({course, config}, {course, section, assignment});
        const key = JSON.stringify([archivePath, limits]);
        // Sections of several terms name the same archive.
        if (!found.has(key)) {
          found.set(key, {subject: `${course}, section ${section}, ${assignment}`, assignment, archivePath, limits});
        }
      }
    }
  }

  if (found.size === 0) {
    throw new CannotCheck(`${CONFIG} names no assignment: add one to a section's "assignments".`);
  }

  return [...found.values()];
}

function listCourses(text: string): string[] {
  try {
    return Object.keys(z.record(z.string(), z.unknown()).parse(JSON.parse(text)));
  } catch {
    // The parser of a course says what is wrong.
    return [''];
  }
}

type Where = {source: CourseSource; revision: string; places: readonly Place[]; maxNotebookBytes: number};

/** Reads an assignment's archive and the notebooks that are there. */
export async function readMaterial(
  {subject, assignment, archivePath, limits}: CourseAssignment,
  {source, revision, places, maxNotebookBytes}: Where,
): Promise<Material | {problem: string}> {
  const other = otherGoferPath(archivePath);
  const archive =
    (await source.readFile(revision, archivePath, archiveLimits.packedBytes)) ??
    (other && (await source.readFile(revision, other, archiveLimits.packedBytes)));
  if (!archive) {
    return {
      problem: `The archive ${archivePath} is missing: add it, or correct subpath_to_zips in ${CONFIG}.`,
    };
  }

  const beside: Place = {
    name: 'course',
    read: path => source.readFile(revision, path, maxNotebookBytes),
    folders: listFolders(archivePath, assignment),
  };
  const named = places.map(place => ({...place, folders: [...place.folders, assignment]}));
  const {solution, student} = await findNotebooks([...named, beside], assignment);
  const missing = [
    ...(solution ? [] : ['no solution (autograder/NAME.ipynb or NAME-solution.ipynb)']),
    ...(student ? [] : ['no student notebook (student/NAME.ipynb or NAME.ipynb)']),
  ].map(text => text.replaceAll('NAME', assignment));
  const notes = missing.length > 0 ? [`There is ${missing.join(' and ')}: checked as far as the archive goes.`] : [];
  return {subject, archive, limits, solution, student, notes};
}
