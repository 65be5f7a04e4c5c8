import {makeDocumentId} from '../../../domain/document-id.ts';
import type {Result} from '../../../domain/grade.ts';
import {type Identity, isStaff} from '../../../domain/hub.ts';
import {resultName} from '../../../domain/object-names.ts';
import type {Find, List, Objects} from '../../../domain/ports.ts';
import {GradeResult, isScored, MAX_RESULT_BYTES} from '../../../domain/result.ts';
import {computeStatus, type Status, type StatusRecords, type StatusView} from '../../../domain/status.ts';
import type {Submission} from '../../../domain/submission.ts';

export type RecordNeeds = {find: Find; list: List};

/** A submission started more often than this is not looked at run by run. */
const MOST_RUNS = 50;

/**
 * Finds the records that a submission's status is computed from.
 *
 * The queue entry is read before the results: the transaction that removes the one writes the other, so between the two
 * reads a submission may appear twice, and never not at all.
 */
export async function findRecords({find, list}: RecordNeeds, submission: Submission): Promise<StatusRecords> {
  const {id, workId} = submission;
  const entry = await find('queue', id);
  const results = await list({
    collection: 'results',
    where: [['submissionId', '==', id]],
    orderBy: ['run', 'desc'],
    limit: MOST_RUNS,
  });
  if (!results.some(({cause}) => isScored(cause))) {
    const failure = entry ? undefined : await find('failures', id);
    return {submission, entry, results, failure, grade: undefined, passbacks: []};
  }

  const [grade, passbacks] = await Promise.all([
    find('grades', workId),
    list({collection: 'passbacks', where: [['submissionId', '==', id]], orderBy: ['revision', 'desc'], limit: 1}),
  ]);
  return {submission, entry, results, failure: undefined, grade, passbacks};
}

/** Reads a run's result object. Undefined when it is not there or cannot be read: a status must not break on it. */
export async function findDetails(
  read: Objects['read'],
  result: Pick<Result, 'submissionId' | 'regradeTarget' | 'run'> | undefined,
): Promise<GradeResult | undefined> {
  if (!result) {
    return undefined;
  }

  try {
    const name = resultName(result.regradeTarget ?? result.submissionId, result.run);
    const bytes = await read(name, MAX_RESULT_BYTES);
    return bytes && GradeResult.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}

/** Makes the question whether somebody is staff of a course, answered by the course's record. */
export function makeIsStaffOf({find, admins}: {find: Find; admins: readonly string[]}) {
  return async (identity: Identity, course: string): Promise<boolean> => {
    if (!identity.proof.verified) {
      return false;
    }

    const record = await find('courses', await makeDocumentId('course', course));
    return isStaff(identity, course, {staff: record?.config.staff ?? [], admins});
  };
}

/** A status without what takes long to tell: one row of a list. */
export type Summary = Omit<Status, 'questions' | 'timeline' | 'staff'>;

const rowsAtOnce = 25;

/** Finds the status of many submissions, a few at a time, without their texts. */
export async function summarize(
  needs: RecordNeeds,
  submissions: readonly Submission[],
  view: Pick<StatusView, 'audience' | 'now'>,
): Promise<Summary[]> {
  const rows: Summary[] = [];
  for (let at = 0; at < submissions.length; at += rowsAtOnce) {
    const some = submissions.slice(at, at + rowsAtOnce);
    rows.push(
      ...(await Promise.all(
        some.map(async submission => {
          const status = computeStatus(await findRecords(needs, submission), view);
          const {questions: _questions, timeline: _timeline, staff: _staff, ...summary} = status;
          return summary;
        }),
      )),
    );
  }

  return rows;
}
