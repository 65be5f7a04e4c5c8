import {archiveLimits} from '../../domain/autograder.ts';
import type {Archive, Course} from '../../domain/course.ts';
import {hashBytes} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {otherGoferPath} from '../../domain/gofer-config.ts';
import {archiveName} from '../../domain/object-names.ts';
import type {CourseSource, Find, Log, Now, Transact, WriteObject} from '../../domain/ports.ts';
import {type Sha256, secondsBetween} from '../../domain/values.ts';
import {checkArchive} from './check-archive.ts';

export type EnsureArchiveNeeds = {
  find: Find;
  transact: Transact;
  now: Now;
  log: Log;
  write: WriteObject;
  /** Where a course of HOLT_COURSES comes from; undefined for any other name. */
  sourceOf: (course: string) => CourseSource | undefined;
};

/**
 * `problem`: the archive cannot be used until staff mend it; kept in the course's record.
 * `unavailable`: its source cannot be asked now; kept nowhere, because it passes.
 */
export type EnsuredArchive = {sha256: Sha256} | {problem: string} | {unavailable: string};

const LOOK_AGAIN_SECONDS = 240;

/**
 * Makes sure that an archive, as of the course's revision, is in object storage: read from the source once per
 * revision, checked, kept by its content's hash. A problem is looked at again when it is older than `maxAgeSeconds`.
 */
export function makeEnsureArchive({find, transact, now, log, write, sourceOf}: EnsureArchiveNeeds) {
  const underway = new Map<string, Promise<EnsuredArchive>>();

  const ensure = async (course: Course, path: string, maxAgeSeconds: number): Promise<EnsuredArchive> => {
    const isFresh = (archive: Archive): boolean =>
      'sha256' in archive || secondsBetween(archive.checkedAt, now()) < maxAgeSeconds;

    // The caller's copy of the record may be older than the last archive that was fetched.
    const current = await find('courses', course.id);
    const known = current?.revision === course.revision ? getArchive(current, path) : getArchive(course, path);
    if (known && isFresh(known)) {
      return 'sha256' in known ? {sha256: known.sha256} : {problem: known.problem};
    }

    const fetched = await fetchArchive(course, path);
    if ('unavailable' in fetched) {
      log('WARNING', 'archive is unavailable', {course: course.course, path, problem: fetched.unavailable});
      return fetched;
    }

    await keep(course, path, 'problem' in fetched ? {...fetched, checkedAt: now()} : fetched);
    if (!('problem' in fetched)) {
      log('INFO', 'archive fetched', {course: course.course, path, ...fetched});
    } else if (!(known && 'problem' in known && known.problem === fetched.problem)) {
      log('ERROR', 'archive cannot be used', {course: course.course, path, ...fetched});
    }

    return fetched;
  };

  const fetchArchive = async ({course, revision}: Course, path: string): Promise<EnsuredArchive> => {
    const source = sourceOf(course);
    if (!source) {
      return {unavailable: `Course "${course}" is no longer configured: add it to HOLT_COURSES.`};
    }

    let content: Uint8Array | undefined;
    try {
      content = await source.readFile(revision, path, archiveLimits.packedBytes);
      const other = content ? undefined : otherGoferPath(path);
      content ??= other ? await source.readFile(revision, other, archiveLimits.packedBytes) : undefined;
    } catch (error) {
      return explain(error, path);
    }

    if (!content) {
      return {
        problem: `The archive ${path} is missing in revision ${revision.slice(0, 10)} of course "${course}": add it, or correct subpath_to_zips in course-config.json.`,
      };
    }

    const checked = await checkArchive(content);
    if (!checked.ok) {
      return {problem: `The archive ${path} ${checked.problem}.`};
    }

    const sha256 = await hashBytes(content);
    await write(archiveName(sha256), content, 'application/zip');
    return {sha256};
  };

  /** A course that has moved on meanwhile is left alone: what was found belongs to its former revision. */
  const keep = ({id, revision}: Course, path: string, archive: Archive): Promise<void> =>
    transact(async ({find, put}) => {
      const current = await find('courses', id);
      if (current?.revision === revision) {
        put('courses', {...current, archives: {...current.archives, [path]: archive}});
      }
    });

  return async (course: Course, path: string, maxAgeSeconds = LOOK_AGAIN_SECONDS): Promise<EnsuredArchive> => {
    const key = JSON.stringify([course.id, course.revision, path]);
    const running = underway.get(key);
    if (running) {
      return await running;
    }

    const started = ensure(course, path, maxAgeSeconds).finally(() => underway.delete(key));
    underway.set(key, started);
    return await started;
  };
}

const getArchive = ({archives}: Course, path: string): Archive | undefined =>
  Object.hasOwn(archives, path) ? archives[path] : undefined;

function explain(error: unknown, path: string): {problem: string} | {unavailable: string} {
  if (!(error instanceof HoltError)) {
    throw error;
  }

  if (error.code === 'too-large') {
    return {problem: `The archive ${path} cannot be used: ${error.message}`};
  }

  // A source that shows nothing at all is the course's problem, which its sync tells; the archive may be good.
  if (error.code === 'source-unavailable' || error.code === 'invalid-course') {
    return {unavailable: error.message};
  }

  throw error;
}
