import type {AssignmentKey} from '../../domain/assignment.ts';
import type {HoltError} from '../../domain/errors.ts';
import type {Log, NewId, Now, Transact} from '../../domain/ports.ts';
import type {Client, Refusal} from '../../domain/submission.ts';
import {addSeconds} from '../../domain/values.ts';

/** What became known of an attempt before it was refused. */
export type Attempt = {
  client: Client;
  key?: AssignmentKey;
  student?: string;
  namedStudent?: string | undefined;
  trace: string;
};

const keepSeconds = 90 * 24 * 3600;
/** A flood of refused attempts must not become a flood of records; beyond this, a minute's refusals are only logged. */
const perMinute = 600;

/** Makes the record of refused attempts: who, what, when and why, so that a student can point at it. */
export function makeRefuse({transact, now, newId, log}: {transact: Transact; now: Now; newId: NewId; log: Log}) {
  let minute = '';
  let inMinute = 0;

  return async (error: HoltError, {client, key, student, namedStudent, trace}: Attempt): Promise<void> => {
    const createdAt = now();
    inMinute = createdAt.slice(0, 16) === minute ? inMinute + 1 : 1;
    minute = createdAt.slice(0, 16);
    log('NOTICE', 'attempt refused', {code: error.code, course: key?.course, assignment: key?.assignment, trace});
    if (inMinute > perMinute) {
      return;
    }

    const refusal: Refusal = {
      id: newId(),
      code: error.code,
      message: error.message,
      status: error.status,
      course: key?.course ?? null,
      section: key?.section ?? null,
      assignment: key?.assignment ?? null,
      student: student ?? null,
      namedStudent: namedStudent ?? null,
      client,
      createdAt,
      expireAt: addSeconds(createdAt, keepSeconds),
      trace,
    };
    try {
      await transact(async transaction => transaction.create('refusals', refusal));
    } catch (cause) {
      // The student's answer is more important than the record of it.
      log('ERROR', 'a refusal could not be recorded', {code: error.code, trace, error: String(cause)});
    }
  };
}
