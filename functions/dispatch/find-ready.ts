import {type AssignmentConfig, type Course, getAssignment} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {Limits} from '../../domain/limits.ts';
import type {Find, Log, Now, Transact, Wait} from '../../domain/ports.ts';
import type {QueueEntry} from '../../domain/queue.ts';
import {addSeconds, type Sha256} from '../../domain/values.ts';
import {mapAtOnce} from './at-once.ts';
import {failRegradeRun, pinArchive} from './regrade-archive.ts';
import {requestInspection} from './request-inspection.ts';
import {FETCH_PATIENCE_SECONDS, waits} from './settings.ts';

/** An entry that can be worked on now; one that makes an archive has none yet. */
export type Ready = {entry: QueueEntry; autograderSha256?: Sha256; limits: Limits};
type GradeEntry = QueueEntry & {kind: 'grade'};

type Waiting = {
  wait: {cause: 'autograder' | 'infrastructure'; message: string; seconds: number};
  /** What was seen of the course and of the archive's inspection: when it has changed, the entry need not wait. */
  seen: {courseId: string; revision: string | undefined; uninspected?: Sha256};
};
type Verdict = {autograderSha256: Sha256; limits: Limits} | Waiting | {fails: string};

export type FindReadyNeeds = {
  find: Find;
  transact: Transact;
  now: Now;
  wait: Wait;
  log: Log;
  ensureArchive: (
    course: Course,
    archivePath: string,
  ) => Promise<{sha256: Sha256} | {problem: string} | {unavailable: string}>;
};

/** Assignments that are looked at together: their archives may be large. */
const ASSIGNMENTS_AT_ONCE = 8;

/**
 * Makes the sorting of due entries into those that can be graded and those that must wait: for a course, an archive, its
 * inspection. What waits is moved out of the way with its reason, so that it delays its own course only.
 */
export function makeFindReady({find, transact, now, wait, log, ensureArchive}: FindReadyNeeds) {
  const judge = async (entry: GradeEntry): Promise<Verdict> => {
    // An activity's archive was made and inspected before anything could be submitted to it.
    if (entry.autograderSha256) {
      return {autograderSha256: entry.autograderSha256, limits: Limits.parse({})};
    }

    const courseId = await makeDocumentId('course', entry.course);
    const course = await find('courses', courseId);
    const seen = {courseId, revision: course?.revision};
    const waitFor = (cause: Waiting['wait']['cause'], message: string, seconds: number): Waiting => ({
      wait: {cause, message, seconds},
      seen,
    });
    if (!course) {
      const message = `Course "${entry.course}" is not configured: add it to HOLT_COURSES.`;
      return waitFor('autograder', message, waits.archive);
    }

    const {regradeId} = entry;
    const pinned = regradeId === undefined ? null : (await find('regrades', regradeId))?.autograderSha256;
    const assignment = readAssignment(course, entry);
    if ('problem' in assignment && !pinned) {
      return waitFor('autograder', assignment.problem, waits.archive);
    }

    const archive = pinned || 'problem' in assignment ? undefined : await fetchArchive(course, assignment.archivePath);
    if (archive && 'unavailable' in archive) {
      return waitFor('infrastructure', archive.unavailable, waits.source);
    }

    if (archive && 'problem' in archive) {
      return waitFor('autograder', archive.problem, waits.archive);
    }

    const found = pinned ?? archive?.sha256 ?? '';
    const sha256 = regradeId === undefined || pinned ? found : await pinArchive(transact, regradeId, found);
    const autograder = await find('autograders', sha256);
    if (!autograder) {
      await requestInspection({transact, now}, entry, sha256);
      const message = 'The autograder is being checked before its first use.';
      return {...waitFor('autograder', message, waits.inspection), seen: {...seen, uninspected: sha256}};
    }

    if (autograder.problem) {
      // A regrade keeps its archive, which nobody can mend.
      return regradeId === undefined
        ? waitFor('autograder', autograder.problem, waits.archive)
        : {fails: autograder.problem};
    }

    // An assignment that left the config can still be regraded.
    return {autograderSha256: sha256, limits: 'limits' in assignment ? assignment.limits : Limits.parse({})};
  };

  /** Whatever goes wrong with one course's archive delays its own entries only. */
  const fetchArchive = async (course: Course, path: string): ReturnType<FindReadyNeeds['ensureArchive']> => {
    const fetched = ensureArchive(course, path).catch(error => {
      log('ERROR', 'an archive could not be looked at', {course: course.course, path, error: String(error)});
      return {unavailable: `The archive ${path} could not be looked at just now; it is tried again.`};
    });
    const patience = wait(FETCH_PATIENCE_SECONDS).then(() => ({
      unavailable: `The archive ${path} is still being fetched from the course's source.`,
    }));
    return Promise.race([fetched, patience]);
  };

  const moveBack = ({id, course, visibleAt}: QueueEntry, {wait: {cause, message, seconds}, seen}: Waiting) => {
    log('INFO', 'entry waits', {id, course, cause, why: message});
    return transact(async transaction => {
      const [entry, current, autograder] = await Promise.all([
        transaction.find('queue', id),
        transaction.find('courses', seen.courseId),
        seen.uninspected ? transaction.find('autograders', seen.uninspected) : undefined,
      ]);
      // Who brought what it waits for has released the others already and does not come again.
      if (current?.revision !== seen.revision || autograder) {
        return;
      }

      if (entry && !entry.claimed && entry.visibleAt === visibleAt) {
        transaction.put('queue', {...entry, visibleAt: addSeconds(now(), seconds), waitingFor: {cause, message}});
      }
    });
  };

  /** Entries of one assignment share their verdict: a batch of 500 asks for one archive once. */
  const judgeAll = async (entries: readonly GradeEntry[]): Promise<Map<string, Verdict>> => {
    const firsts = new Map<string, GradeEntry>();
    for (const entry of entries) {
      firsts.set(keyOf(entry), firsts.get(keyOf(entry)) ?? entry);
    }

    const verdicts = await mapAtOnce([...firsts.values()], judge, ASSIGNMENTS_AT_ONCE);
    return new Map([...firsts.keys()].map((key, index) => [key, verdicts[index] as Verdict]));
  };

  return async (entries: readonly QueueEntry[]): Promise<Ready[]> => {
    const verdicts = await judgeAll(entries.filter(entry => entry.kind === 'grade'));
    const sorted = await mapAtOnce(entries, async entry => {
      if (entry.kind === 'inspect') {
        return [{entry, autograderSha256: entry.autograderSha256, limits: Limits.parse({})}];
      }

      if (entry.kind === 'assign') {
        return [{entry, limits: Limits.parse({})}];
      }

      const verdict = verdicts.get(keyOf(entry)) as Verdict;
      if ('wait' in verdict) {
        await moveBack(entry, verdict);
        return [];
      }

      if ('fails' in verdict) {
        await failRegradeRun({transact, now, log}, entry, verdict.fails);
        return [];
      }

      return [{entry, ...verdict}];
    });
    return sorted.flat();
  };
}

const keyOf = ({course, section, assignment, autograderSha256, regradeId}: GradeEntry): string =>
  JSON.stringify([course, section, assignment, autograderSha256, regradeId]);

function readAssignment(course: Course, entry: GradeEntry): AssignmentConfig | {problem: string} {
  try {
    return getAssignment(course, entry);
  } catch (error) {
    if (error instanceof HoltError) {
      return {problem: error.message};
    }

    throw error;
  }
}
