import {type AssignmentKey, workKeyOf} from '../../domain/assignment.ts';
import type {AssignmentConfig} from '../../domain/course.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {notebookName} from '../../domain/object-names.ts';
import type {Find, List, Log, NewId, Now, Objects, Transact, Transaction, Wake} from '../../domain/ports.ts';
import {makeGradeEntry} from '../../domain/queue.ts';
import {isScored} from '../../domain/result.ts';
import {
  type Client,
  type Flag,
  type Head,
  isNewer,
  type Parked,
  type Proof,
  type Submission,
} from '../../domain/submission.ts';
import type {Instant, Sha256} from '../../domain/values.ts';

export type SubmitNeeds = {
  find: Find;
  list: List;
  transact: Transact;
  objects: Pick<Objects, 'write' | 'copy' | 'remove'>;
  wake: Wake;
  now: Now;
  newId: NewId;
  log: Log;
  getConfig: (key: AssignmentKey) => Promise<AssignmentConfig>;
};

/** A notebook on its way in, its sender known. */
export type Upload = {
  key: AssignmentKey;
  student: string;
  proof: Proof;
  flags: Flag[];
  namedStudent: string | undefined;
  client: Client;
  sha256: Sha256;
  bytes: number;
  receivedAt: Instant;
  trace: string;
  /** Brings the notebook to its place under the submission's id; durable when it resolves. */
  store: (submissionId: string) => Promise<void>;
  /** The activity it is for, as its record has it; without one the course's config has the assignment. */
  activity?: {creationId: string; autograderSha256: Sha256};
  /** The parked notebook this upload was, with the id it was promised. */
  parked?: Parked;
};

/** `created`, `same` as the student's newest submission, or that one `requeued` because it had failed. */
export type Receipt = {submissionId: string; outcome: 'created' | 'same' | 'requeued'};

/**
 * Makes the verb submit: notebook, then submission, head and queue entry together, then a wake-up. Success is answered
 * only after all of these but the wake-up are durable; a lost wake-up costs a minute.
 */
export function makeSubmit(needs: SubmitNeeds) {
  const {find, transact, objects, wake, now, newId, log, getConfig} = needs;

  return async (upload: Upload): Promise<Receipt> => {
    const {key, student, sha256, parked, activity, trace} = upload;
    const names = [key.course, key.section, key.assignment, student];
    if (!activity) {
      await getConfig(key);
    }

    const workId = await makeDocumentId('work', ...names, ...(activity ? [activity.creationId] : []));
    const head = await find('heads', workId);
    if (head?.sha256 === sha256) {
      return again(head, upload);
    }

    const submissionId = parked?.submissionId ?? newId();
    await upload.store(submissionId);
    const submission: Submission = {
      id: submissionId,
      ...key,
      student,
      receivedAt: upload.receivedAt,
      createdAt: now(),
      client: upload.client,
      sha256,
      bytes: upload.bytes,
      proof: upload.proof,
      flags: upload.flags,
      namedStudent: upload.namedStudent && upload.namedStudent !== student ? upload.namedStudent : null,
      workId,
      ...(activity && {autograderSha256: activity.autograderSha256}),
      trace,
    };
    const other = await transact(transaction => accept(transaction, submission, parked));
    if (other) {
      // The same notebook came a moment earlier: this copy belongs to nobody.
      if (other.submissionId !== submissionId) {
        await objects.remove(notebookName(submissionId)).catch(() => {});
      }

      return again(other, upload);
    }

    log('INFO', 'notebook received', {
      submissionId,
      course: key.course,
      assignment: key.assignment,
      bytes: upload.bytes,
      trace,
    });
    await wakeUp(submissionId, trace);
    return {submissionId, outcome: 'created'};
  };

  /** Writes submission, head and queue entry, or answers the head that has this notebook already. */
  async function accept(transaction: Transaction, submission: Submission, parked?: Parked): Promise<Head | undefined> {
    const {id, workId, receivedAt, sha256, createdAt} = submission;
    const [head, twin, before] = await Promise.all([
      transaction.find('heads', workId),
      transaction.find('submissions', id),
      parked ? transaction.find('parked', parked.id) : undefined,
    ]);
    if (twin || before?.claimedAs) {
      // A repeated callback: the first one did the work.
      return {
        ...workKeyOf(submission),
        id: workId,
        submissionId: before?.claimedAs ?? id,
        receivedAt,
        sha256,
        createdAt,
      };
    }

    if (head?.sha256 === sha256) {
      settle(transaction, before, head.submissionId);
      return head;
    }

    transaction.create('submissions', submission);
    transaction.create('queue', makeGradeEntry(submission, createdAt));
    settle(transaction, before, id);
    if (!head || isNewer({receivedAt, submissionId: id}, head)) {
      transaction.put('heads', {...workKeyOf(submission), id: workId, submissionId: id, receivedAt, sha256, createdAt});
    }

    return undefined;
  }

  /** The notebook is the student's newest submission already. One that failed gets a new run. */
  async function again({submissionId}: Pick<Head, 'submissionId'>, {parked, trace}: Upload): Promise<Receipt> {
    const results = await needs.list({
      collection: 'results',
      where: [['submissionId', '==', submissionId]],
      orderBy: ['run', 'desc'],
      limit: 50,
    });
    const scored = results.some(({cause}) => isScored(cause));
    const requeued = await transact(async transaction => {
      const [submission, entry, runs, before] = await Promise.all([
        transaction.find('submissions', submissionId),
        transaction.find('queue', submissionId),
        transaction.find('runs', submissionId),
        parked ? transaction.find('parked', parked.id) : undefined,
      ]);
      // The newest runs can be regrades', whose results are elsewhere.
      const runIds = [0, 1, 2, 3].map(at => `${submissionId}-${(runs?.last ?? 0) - at}`);
      const newest = await Promise.all(runIds.map(id => transaction.find('results', id)));
      if (before && !before.claimedAs) {
        settle(transaction, before, submissionId);
      }

      if (!submission || entry || scored || newest.some(result => result && isScored(result.cause))) {
        return false;
      }

      transaction.create('queue', makeGradeEntry(submission, now()));
      return true;
    });
    if (requeued) {
      log('INFO', 'failed submission queued again', {submissionId, trace});
      await wakeUp(submissionId, trace);
    }

    return {submissionId, outcome: requeued ? 'requeued' : 'same'};
  }

  async function wakeUp(submissionId: string, trace: string): Promise<void> {
    try {
      await wake();
    } catch (error) {
      log('WARNING', 'the wake-up failed; the sweep will wake dispatch', {submissionId, trace, error: String(error)});
    }
  }
}

/** Notes, once, which submission a parked notebook became. */
function settle(transaction: Transaction, parked: Parked | undefined, submissionId: string): void {
  if (parked) {
    transaction.put('parked', {...parked, claimed: true, claimedAs: submissionId});
  }
}
