import type {Course, CourseConfig} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import type {CourseSource, Find, Log, Now, Transact} from '../../domain/ports.ts';
import {readConfig} from './read-config.ts';

export type SyncCourseNeeds = {
  find: Find;
  transact: Transact;
  now: Now;
  log: Log;
  /** Where a course of HOLT_COURSES comes from; undefined for any other name. */
  sourceOf: (course: string) => CourseSource | undefined;
  /** Another config beside `course-config.json`: gofer's. */
  configPath?: string | undefined;
};

/**
 * `unavailable`: the source cannot be asked now, or the course is not one of HOLT_COURSES; nothing is changed.
 * `broken`: staff must mend something; the last good config stays and the record's `problem` says what it is.
 */
export type SyncOutcome = 'unchanged' | 'changed' | 'unavailable' | 'broken';

const none: CourseConfig = {staff: [], policy: 'latest', limits: {}, sections: {}};

/**
 * Makes the sync of one course's config from its source into its record. A course that was never good gets a record
 * too, without sections, so that its problem can be seen.
 */
export function makeSyncCourse({find, transact, now, log, sourceOf, configPath}: SyncCourseNeeds) {
  const syncSource = async (course: string, id: string, source: CourseSource): Promise<SyncOutcome> => {
    const known = await find('courses', id);
    const revision = await source.findRevision();
    if (known?.revision === revision && known.problem === null) {
      return 'unchanged';
    }

    let config: CourseConfig;
    try {
      config = await readConfig(source, revision, {course, configPath});
    } catch (error) {
      throw tellRevision(error, revision);
    }

    const changed = await transact(async ({find, put}) => {
      const current = await find('courses', id);
      // Another sync was quicker. It may have seen a newer revision than this one, and the next sync sees the newest.
      if (current?.revision !== known?.revision || current?.problem !== known?.problem) {
        return false;
      }

      const archives = current?.revision === revision ? current.archives : {};
      const at = now();
      const createdAt = current?.createdAt ?? at;
      put('courses', {id, course, config, revision, archives, problem: null, syncedAt: at, createdAt});
      return true;
    });
    if (changed) {
      log('NOTICE', 'course changed', {course, revision, ...compare(known, config)});
    }

    return changed ? 'changed' : 'unchanged';
  };

  const keepProblem = async (course: string, id: string, problem: string): Promise<void> => {
    const isNew = await transact(async ({find, put}) => {
      const current = await find('courses', id);
      if (current?.problem === problem) {
        return false;
      }

      const at = now();
      const fresh: Course = {
        ...{id, course, config: none, revision: '', archives: {}},
        problem,
        syncedAt: at,
        createdAt: at,
      };
      put('courses', {...(current ?? fresh), problem});
      return true;
    });
    if (isNew) {
      log('ERROR', 'course is broken: its last good config stays', {course, problem});
    }
  };

  return async (course: string): Promise<SyncOutcome> => {
    const source = sourceOf(course);
    if (!source) {
      log('INFO', 'course is not configured', {course});
      return 'unavailable';
    }

    const id = await makeDocumentId('course', course);
    try {
      return await syncSource(course, id, source);
    } catch (error) {
      if (!(error instanceof HoltError)) {
        throw error;
      }

      if (error.code === 'invalid-course' || error.code === 'too-large') {
        await keepProblem(course, id, error.message);
        return 'broken';
      }

      if (error.code === 'source-unavailable') {
        log('WARNING', 'course source is unavailable: its config stays as it is', {course, problem: error.message});
        return 'unavailable';
      }

      throw error;
    }
  };
}

/** Staff must know which commit to mend. */
const tellRevision = (error: unknown, revision: string): unknown =>
  error instanceof HoltError && (error.code === 'invalid-course' || error.code === 'too-large')
    ? new HoltError('invalid-course', `${error.message} (revision ${revision.slice(0, 10)})`, {cause: error})
    : error;

const listAssignments = (config: CourseConfig | undefined): string[] =>
  Object.entries(config?.sections ?? {}).flatMap(([section, {assignments}]) =>
    Object.keys(assignments).map(assignment => `${section}/${assignment}`),
  );

/** What a log line tells of a change; a course has many assignments, and the first few say which commit it was. */
function compare(known: Course | undefined, config: CourseConfig) {
  const before = listAssignments(known?.config);
  const after = listAssignments(config);
  return {
    from: known?.revision ?? null,
    assignments: after.length,
    added: after.filter(name => !before.includes(name)).slice(0, 20),
    removed: before.filter(name => !after.includes(name)).slice(0, 20),
    mended: known?.problem ?? null,
  };
}
