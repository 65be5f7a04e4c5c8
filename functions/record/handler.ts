import {workKeyOf} from '../../domain/assignment.ts';
import {HoltError} from '../../domain/errors.ts';
import {objectOf, type StageEvent} from '../../domain/events.ts';
import type {Result} from '../../domain/grade.ts';
import {type ObjectName, parseResultName, resultName} from '../../domain/object-names.ts';
import type {Find, List, Log, Now, Objects, Transact, Wake, WriteObject} from '../../domain/ports.ts';
import {assignEntryId} from '../../domain/queue.ts';
import {isTargetId, type Regrade, type RegradeTarget} from '../../domain/regrade.ts';
import {isScored, JobResult, MAX_RESULT_BYTES} from '../../domain/result.ts';
import {checkGradeResult} from './check-result.ts';
import {giveBack} from './give-back.ts';
import {recordCreation} from './record-creation.ts';
import {recordInspection} from './record-inspection.ts';
import {recordRegradeRun, recordRun} from './record-run.ts';

export type RecordNeeds = {
  find: Find;
  list: List;
  transact: Transact;
  readObject: Objects['read'];
  writeObject: WriteObject;
  wake: Wake;
  now: Now;
  log: Log;
};

type Named = {id: string; run: number};

/**
 * graded -> recorded. Takes the name of a result object, reads and checks it, and writes result, grade and outbox in one
 * transaction that also ends the queue entry. The container ran student code, so nothing in the object is believed
 * beyond its schema: points come from it, but names and maxima only from the archive's inspection.
 */
export function makeRecord(needs: RecordNeeds) {
  const {find, readObject, wake, now, log} = needs;

  return async (event: StageEvent): Promise<void> => {
    const named = parseResultName(objectOf(event) ?? '');
    if (!named) {
      return log('WARNING', 'dropped: the event names no result object', {event: event.id});
    }

    const target = isTargetId(named.id) ? await find('regradeTargets', named.id) : undefined;
    const result = await readResult(named, target);
    if (!result) {
      return log('WARNING', 'dropped: the result object is not there', named);
    }

    const course = await recordResult(named, result, target);
    // A place at the platform is free, and what waited for an inspection may go on.
    await wake(course ? {course} : {}).catch(error =>
      log('WARNING', 'the wake-up failed; the sweep will wake dispatch', {...named, error: String(error)}),
    );
  };

  /** Answers the course that waited for it. */
  async function recordResult(named: Named, result: JobResult, target?: RegradeTarget): Promise<string | undefined> {
    if (result.cause === 'infrastructure' && result.givenBack) {
      await giveBack(needs, named);
      return undefined;
    }

    if (result.kind === 'inspect') {
      return recordInspection(needs, result);
    }

    if (result.kind === 'assign') {
      await recordCreation(needs, result);
      return undefined;
    }

    if (target) {
      const regrade = await find('regrades', target.regradeId);
      const {record} = await toRecord(result, regrade);
      await recordRegradeRun(needs, {...record, regradeId: target.regradeId, regradeTarget: target.id});
      return undefined;
    }

    const {record, passesBack} = await toRecord(result);
    await recordRun(needs, record, {passesBack});
    return undefined;
  }

  /** Reads a result; one that cannot be believed becomes a run that failed by infrastructure, so that it is tried again. */
  async function readResult({id, run}: Named, target?: RegradeTarget): Promise<JobResult | undefined> {
    const inspected = /^inspect-([0-9a-f]{64})$/.exec(id)?.[1];
    const created = /^assign-([\w-]{1,90})$/.exec(id)?.[1];
    const bytes = await readBytes(resultName(id, run));
    if (!bytes) {
      return undefined;
    }

    const parsed = JobResult.safeParse(parseJson(bytes));
    const result = parsed.data;
    const kind = inspected ? 'inspect' : created ? 'assign' : 'grade';
    const expected = target?.submissionId ?? id;
    if (result?.run === run && result.kind === kind && idOf(result) === expected) {
      return result;
    }

    const issues = parsed.error?.issues.slice(0, 5);
    log('ERROR', 'a result cannot be believed; the run counts as failed', {id, run, bytes: bytes.byteLength, issues});
    const at = now();
    const failed = {
      schemaVersion: 1 as const,
      run,
      cause: 'infrastructure' as const,
      message: 'The grader’s result could not be read.',
      log: '',
      grader: {otter: '', isolation: 'none' as const},
      startedAt: at,
      finishedAt: at,
      questions: [],
    };
    if (created) {
      return {...failed, kind: 'assign', creationId: created, autograderSha256: null, unsupported: []};
    }

    return inspected
      ? {...failed, kind: 'inspect', autograderSha256: inspected, unsupported: []}
      : {...failed, kind: 'grade', submissionId: expected, autograderSha256: '0'.repeat(64), review: []};
  }

  /** An object too large to be a result is there, and says nothing. */
  async function readBytes(object: ObjectName): Promise<Uint8Array | undefined> {
    try {
      return await readObject(object, MAX_RESULT_BYTES);
    } catch (error) {
      if (error instanceof HoltError && error.code === 'too-large') {
        return new Uint8Array();
      }

      throw error;
    }
  }

  /** A client that waits for its answer keeps the grade itself: nothing is passed back for it. */
  async function toRecord(
    result: JobResult & {kind: 'grade'},
    regrade?: Regrade,
  ): Promise<{record: Result; passesBack: boolean}> {
    const {submissionId, run} = result;
    const [submission, runs] = await Promise.all([find('submissions', submissionId), find('runs', submissionId)]);
    if (!submission || !runs || run > runs.last) {
      throw new HoltError('invalid-result', `The result of run ${run} belongs to no run that was ever started.`);
    }

    // Another archive's points are not what staff asked for.
    const isOther = regrade && isScored(result.cause) && regrade.autograderSha256 !== result.autograderSha256;
    const checked = checkGradeResult(result, isOther ? undefined : await find('autograders', result.autograderSha256));
    if (checked.problem) {
      log('ERROR', 'a result breaks the archive’s rules; the run counts as failed', {
        submissionId,
        run,
        problem: checked.problem,
      });
    }

    const record: Result = {
      ...workKeyOf(submission),
      id: `${submissionId}-${run}`,
      submissionId,
      run,
      cause: checked.cause,
      message: checked.message,
      score: checked.score,
      questions: checked.questions,
      autograderSha256: result.autograderSha256,
      isolation: result.grader.isolation,
      otter: result.grader.otter,
      ...(result.review.length > 0 && {review: result.review, forReview: true as const}),
      receivedAt: submission.receivedAt,
      workId: submission.workId,
      gradedAt: result.finishedAt,
      createdAt: now(),
    };
    return {record, passesBack: submission.autograderSha256 === undefined};
  }
}

/** The queue entry that a result belongs to. */
function idOf(result: JobResult): string {
  if (result.kind === 'grade') {
    return result.submissionId;
  }

  return result.kind === 'inspect' ? `inspect-${result.autograderSha256}` : assignEntryId(result.creationId);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
  } catch {
    return undefined;
  }
}
