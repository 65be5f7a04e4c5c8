import type {ActivityStep} from './activity.ts';
import type {AuditEntry, WatchedCollection} from './audit.ts';
import type {RecordOf} from './records.ts';

/** A record with the collection it is from. */
export type AuditedRecord = {[C in WatchedCollection]: {collection: C; record: RecordOf<C>}}[WatchedCollection];

/** One entry of the log, before it has an id. */
export type Description = {
  /** What makes the entry the only one of its kind. */
  key: string[];
  entry: Pick<AuditEntry, 'what' | 'who' | 'at' | 'course' | 'section' | 'assignment' | 'details'>;
};

const stepWords: Record<ActivityStep, string> = {
  received: 'activity to be made',
  ready: 'activity made',
  failed: 'activity not made',
  deleted: 'activity deleted',
};

/**
 * Tells what a record means for the audit log: who, what, when, the id it is about. No student work, no output, and of a
 * name only whose it is.
 *
 * Shape: one entry; for a passback that is settled two, so that one that was settled before audit saw it has both.
 */
export function describeRecord({collection, record}: AuditedRecord): Description[] {
  const key = [collection, record.id];
  const {course, section, assignment} = record;
  const about = {course, section, assignment};
  switch (collection) {
    case 'submissions': {
      const {sha256, bytes, client, proof, flags, namedStudent} = record;
      const details = {
        sha256,
        bytes,
        client,
        proof: proof.kind,
        via: proof.via,
        verified: proof.verified,
        flags: flags.join(' '),
        namedStudent,
      };
      return [
        {key, entry: {...about, what: 'submission received', who: record.student, at: record.receivedAt, details}},
      ];
    }

    case 'parked': {
      const {sha256, bytes, client, submissionId, namedStudent} = record;
      const details = {sha256, bytes, client, submissionId, namedStudent};
      return [{key, entry: {...about, what: 'notebook parked', who: null, at: record.receivedAt, details}}];
    }

    case 'refusals': {
      const {code, status, client, message, namedStudent} = record;
      const details = {code, status, client, message, namedStudent};
      return [{key, entry: {...about, what: 'attempt refused', who: record.student, at: record.createdAt, details}}];
    }

    case 'results': {
      const {submissionId, run, cause, score, autograderSha256, isolation, regradeId} = record;
      const details = {
        submissionId,
        run,
        cause,
        earned: score.earned,
        possible: score.possible,
        autograderSha256,
        isolation,
        ...(regradeId !== undefined && {regradeId}),
      };
      return [{key, entry: {...about, what: 'result recorded', who: record.student, at: record.createdAt, details}}];
    }

    case 'failures': {
      const {cause, message, strikes, regradeId} = record;
      const what = regradeId === undefined ? 'submission given up' : 'run of a regrade given up';
      const details = {cause, message, strikes, ...(regradeId !== undefined && {regradeId})};
      return [{key, entry: {...about, what, who: record.student, at: record.createdAt, details}}];
    }

    case 'changes': {
      const {step, who, createdAt, activityId, creationId, sha256, autograderSha256, isOurFault} = record;
      // Why it failed may be in the words of the author's own tests: it is in the activity's record alone.
      const details = {activityId, creationId, sha256, autograderSha256, isOurFault};
      return [{key, entry: {...about, what: stepWords[step], who, at: createdAt, details}}];
    }

    case 'passbacks': {
      const {submissionId, run, score, state, attempts, message, createdAt} = record;
      const who = record.student;
      const details = {submissionId, run, earned: score.earned, possible: score.possible};
      const due = {key, entry: {...about, what: 'passback due', who, at: createdAt, details}};
      if (state === 'pending') {
        return [due];
      }

      const at = record.settledAt ?? createdAt;
      const settled = {...about, what: `passback ${state}`, who, at, details: {...details, attempts, message}};
      // What was sent again has an end of its own.
      const again = record.resentAt === undefined ? [] : [record.resentAt];
      return [due, {key: [...key, state, ...again], entry: settled}];
    }

    case 'staffActions': {
      const {what, by, student, details, createdAt} = record;
      return [{key, entry: {...about, what, who: student, at: createdAt, details: {...details, by}}}];
    }
  }
}
