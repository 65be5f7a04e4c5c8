import {z} from 'zod';
import {WorkKey, workKeyOf} from './assignment.ts';
import {type Failure, type Grade, pickRuns, type Result} from './grade.ts';
import {type Passback, PassbackState} from './passback.ts';
import type {QueueEntry} from './queue.ts';
import {Cause, type GradeResult} from './result.ts';
import {Score} from './score.ts';
import {tellPassback, tellStatus} from './status-words.ts';
import {Flag, Proof, type Submission} from './submission.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/** Where a submission is. `graded` and `failed` are final until somebody asks for a new run. */
export const StatusState = z.enum(['submitted', 'queued', 'grading', 'graded', 'failed']);
export type StatusState = z.infer<typeof StatusState>;

/** What happened to a submission, in the order in which it happens. */
export const Stage = z.enum(['submitted', 'queued', 'grading', 'graded', 'recorded', 'passed back', 'failed']);
export type Stage = z.infer<typeof Stage>;

/** What only course staff are told. */
const StaffView = z.object({
  proof: Proof,
  namedStudent: OutsideName.nullable(),
  /** The run that counts, or the newest; null before the first. */
  run: z.number().int().nullable(),
  strikes: z.number().int(),
  isolation: z.string().nullable(),
  otter: z.string().nullable(),
  /** Why it waits or failed, in the words of the stage that found it. */
  detail: z.string(),
  /** The end of the grader's log. */
  log: z.string(),
  /** Signs of tampering in any of its runs. */
  review: z.array(z.string()).default([]),
});

/** What is known of a submission now, computed from which records exist. */
export const Status = WorkKey.extend({
  id: RecordId,
  state: StatusState,
  score: Score.nullable(),
  /** `output` is what this reader may see: hidden cases are for staff only. */
  questions: z.array(Score.extend({name: z.string(), output: z.string()})),
  cause: Cause.nullable(),
  message: z.string(),
  passback: z.object({state: PassbackState, attempts: z.number().int(), message: z.string()}).nullable(),
  timeline: z.array(z.object({stage: Stage, at: Instant})),
  /** Whether this submission's score is the student's grade; null while there is none. */
  counts: z.boolean().nullable(),
  receivedAt: Instant,
  sha256: Sha256,
  bytes: z.number().int(),
  flags: z.array(Flag),
  staff: StaffView.nullable(),
});
export type Status = z.infer<typeof Status>;

/** Everything a status is computed from. */
export type StatusRecords = {
  submission: Submission;
  entry: QueueEntry | undefined;
  results: readonly Result[];
  failure: Failure | undefined;
  grade: Grade | undefined;
  passbacks: readonly Passback[];
};

export type StatusView = {
  audience: 'student' | 'staff';
  now: Instant;
  /** The result object of the run that is shown; without it the texts are empty. */
  details?: GradeResult | undefined;
};

/** Whether waiting longer can change nothing. */
export const isFinal = ({state}: Pick<Status, 'state'>): boolean => state === 'graded' || state === 'failed';

/** The run that is shown: the one that scores, or else the newest. */
export const pickShownRun = (results: readonly Result[]): Result | undefined =>
  pickRuns(results)[0] ?? [...results].sort((a, b) => b.run - a.run)[0];

/**
 * Computes what is known of a submission.
 *
 * Rule: a scored result makes it `graded`, whatever else there is; a claim that lasts makes it `grading`, any other queue
 *       entry `queued`; `failed` is what was given up on or waits for staff to mend the autograder.
 */
export function computeStatus(records: StatusRecords, {audience, now, details}: StatusView): Status {
  const {submission, entry, results, failure, grade, passbacks} = records;
  const scored = pickRuns(results)[0];
  const shown = pickShownRun(results);
  const broken = !entry && !scored && !failure && shown?.cause === 'autograder' ? shown : undefined;
  const state = stateOf({entry, scored, failed: Boolean(failure ?? broken), now});
  const passback = [...passbacks].sort((a, b) => b.revision - a.revision)[0];
  const counts = grade && scored ? grade.submissionId === submission.id : null;
  const texts = details && details.run === shown?.run && details.submissionId === submission.id ? details : undefined;
  const forStaff = audience === 'staff';
  return {
    ...workKeyOf(submission),
    id: submission.id,
    state,
    score: scored?.score ?? null,
    questions: scored ? tellQuestions(scored, texts, forStaff) : [],
    cause: causeOf({state, scored, broken, failure, entry}),
    message: tellStatus({state, entry, scored, broken, failure, grade, counts, now}),
    passback: passback
      ? {
          state: passback.state,
          attempts: passback.attempts,
          message: (forStaff && passback.message) || tellPassback(passback),
        }
      : null,
    timeline: makeTimeline({...records, scored, broken, passback, texts, state}),
    counts,
    receivedAt: submission.receivedAt,
    sha256: submission.sha256,
    bytes: submission.bytes,
    flags: submission.flags,
    staff: forStaff
      ? {
          proof: submission.proof,
          namedStudent: submission.namedStudent,
          run: entry?.claim?.run ?? shown?.run ?? null,
          strikes: entry?.strikes ?? failure?.strikes ?? 0,
          isolation: shown?.isolation ?? null,
          otter: shown?.otter ?? null,
          detail: (scored ? scored.message : (entry?.waitingFor?.message ?? failure?.message ?? shown?.message)) ?? '',
          log: texts?.log ?? '',
          review: [...new Set(results.flatMap(({review = []}) => review))],
        }
      : null,
  };
}

type Found = {entry: QueueEntry | undefined; scored: Result | undefined; failed: boolean; now: Instant};

function stateOf({entry, scored, failed, now}: Found): StatusState {
  if (scored) {
    return 'graded';
  }

  if (entry) {
    return entry.claimed && entry.claim && entry.visibleAt > now ? 'grading' : 'queued';
  }

  return failed ? 'failed' : 'submitted';
}

type Reasons = Pick<StatusRecords, 'entry' | 'failure'> & {
  state: StatusState;
  scored: Result | undefined;
  broken: Result | undefined;
};

function causeOf({state, scored, broken, failure, entry}: Reasons): Cause | null {
  const waiting = entry?.waitingFor?.cause;
  const causes: Record<StatusState, Cause | undefined> = {
    graded: scored?.cause,
    queued: waiting === 'paused' ? undefined : waiting,
    failed: failure?.cause ?? broken?.cause,
    grading: undefined,
    submitted: undefined,
  };
  return causes[state] ?? null;
}

function tellQuestions({questions}: Result, texts: GradeResult | undefined, forStaff: boolean): Status['questions'] {
  const byName = new Map(texts?.questions.map(question => [question.name, question]));
  return questions.map(({name, earned, possible}) => {
    const text = byName.get(name);
    return {name, earned, possible, output: (forStaff ? text?.output : text?.publicOutput) ?? ''};
  });
}

type Times = StatusRecords & {
  state: StatusState;
  scored: Result | undefined;
  broken: Result | undefined;
  passback: Passback | undefined;
  texts: GradeResult | undefined;
};

function makeTimeline({submission, entry, failure, scored, broken, passback, texts, state}: Times): Status['timeline'] {
  const {receivedAt, createdAt} = submission;
  // The container's clock and words are its own: a time that cannot be true is not told.
  const isPlausible = (at: Instant) => at >= createdAt && (!scored || at <= scored.createdAt);
  const startedAt = texts && !entry && isPlausible(texts.startedAt) ? texts.startedAt : undefined;
  const times: [Stage, Instant | null | undefined][] = [
    ['submitted', receivedAt],
    ['queued', scored ? createdAt : (entry?.queuedAt ?? createdAt)],
    ['grading', state === 'grading' ? entry?.claim?.claimedAt : startedAt],
    ['graded', scored && (isPlausible(scored.gradedAt) ? scored.gradedAt : scored.createdAt)],
    ['recorded', scored?.createdAt],
    ['passed back', passback?.state === 'sent' ? passback.settledAt : undefined],
    ['failed', state === 'failed' ? (failure ?? broken)?.createdAt : undefined],
  ];
  return times.flatMap(([stage, at]) => (at ? [{stage, at}] : []));
}
