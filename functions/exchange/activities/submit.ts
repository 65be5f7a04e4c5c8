import {keyOfActivity, makeActivityId} from '../../../domain/activity.ts';
import {type ClientToken, isTokenOf} from '../../../domain/client-token.ts';
import {hashBytes} from '../../../domain/document-id.ts';
import {notebookName} from '../../../domain/object-names.ts';
import type {Find, List, Now, Objects, Wait} from '../../../domain/ports.ts';
import {computeStatus, isFinal, pickShownRun, type Status} from '../../../domain/status.ts';
import type {Client} from '../../../domain/submission.ts';
import {findDetails, findRecords} from '../status/find-records.ts';
import type {Receipt, Upload} from '../submit.ts';
import {makeWaits} from '../waits.ts';
import {makePoll} from './poll.ts';

export type SubmitNeeds = {
  find: Find;
  list: List;
  objects: Pick<Objects, 'read' | 'write'>;
  submit: (upload: Upload) => Promise<Receipt>;
  now: Now;
  wait: Wait;
  settings: {
    /** How long an answer is waited for. */
    seconds: number;
    /** How many answers are waited for at once. */
    waits: number;
    /** Whether the text of hidden cases is told. */
    showHidden: boolean;
  };
};

const CROWD =
  'Many wait for their grades at this moment. The notebook is kept and is graded in its turn: submit it again in a minute to see its grade.';

/** A student's notebook on its way to an activity. */
export type Answered = {
  course: string;
  activity: string;
  student: string;
  content: Uint8Array;
  token: ClientToken;
  client: Client;
  trace: string;
  onStored: () => void;
  isGone: () => boolean;
};

export type Graded =
  | {kind: 'graded'; earned: number; questions: Status['questions']}
  | {kind: 'unknown'}
  /** For who made the assignment to mend, or, `isOurFault`, for nobody. */
  | {kind: 'failed'; message: string; isOurFault: boolean}
  | {kind: 'timeout'};

/** What is told elsewhere ends with "nothing to do"; who waits for an answer has to ask again. */
const waiting =
  'The notebook waits for the grader, through no fault of its own, and is graded as soon as that works: submit it again in a few minutes to see its points.';

/**
 * Makes the verb submit-and-wait: the same submission as any other, and then the wait for its result. When the time is
 * up or the client is gone the grading goes on, and who sends the same notebook again gets its result.
 */
export function makeSubmitAndWait(needs: SubmitNeeds) {
  const {find, list, objects, submit, now, settings} = needs;
  const poll = makePoll(needs);
  const waits = makeWaits(settings.waits);

  return async (answered: Answered): Promise<Graded> => {
    const {student, content, token, client, trace, isGone} = answered;
    const activity = await find('activities', await makeActivityId(answered.course, answered.activity));
    if (activity?.state !== 'ready' || !activity.autograderSha256) {
      return {kind: 'unknown'};
    }

    const {creationId, autograderSha256} = activity;
    const isOwn = isTokenOf(token, student);
    const {submissionId} = await submit({
      key: keyOfActivity(activity),
      student,
      proof: {kind: 'jwt', verified: isOwn, via: 'token'},
      flags: isOwn ? [] : ['unverified'],
      namedStudent: undefined,
      client,
      sha256: await hashBytes(content),
      bytes: content.length,
      receivedAt: now(),
      trace,
      activity: {creationId, autograderSha256},
      store: async id => void (await objects.write(notebookName(id), content, 'application/x-ipynb+json')),
    });
    answered.onStored();
    return waits.hold(settings.seconds, seconds => waitFor(submissionId, seconds, isGone));
  };

  async function waitFor(submissionId: string, seconds: number, isGone: () => boolean): Promise<Graded> {
    const submission = await find('submissions', submissionId);
    if (!submission) {
      throw new Error('A submission that was accepted has no record.');
    }

    const audience = settings.showHidden ? 'staff' : 'student';
    let last: Status | undefined;
    let isPaused = false;
    const records = await poll({seconds, isGone}, async () => {
      const found = await findRecords({find, list}, submission);
      last = computeStatus(found, {audience, now: now()});
      isPaused = found.entry?.waitingFor?.cause === 'paused';
      // Staff will not go on within an answer's time.
      return isFinal(last) || isPaused ? found : undefined;
    });
    if (isPaused && last) {
      return {kind: 'failed', message: `${last.message} Submit it again then to see its grade.`, isOurFault: true};
    }

    if (!records && seconds < settings.seconds) {
      return {kind: 'failed', message: CROWD, isOurFault: true};
    }

    if (!records) {
      // A notebook that waits for the grader takes no time of its own: 408 would tell its student that it does.
      const isWaiting = last?.state === 'queued' && last.cause !== null;
      return isWaiting ? {kind: 'failed', message: waiting, isOurFault: true} : {kind: 'timeout'};
    }

    const shown = pickShownRun(records.results);
    const details = await findDetails(objects.read, shown);
    const {state, cause, message, score, questions} = computeStatus(records, {audience, now: now(), details});
    if (state === 'failed' || !score) {
      const isOurFault = cause !== 'autograder';
      return {kind: 'failed', message: isOurFault ? message : shown?.message || message, isOurFault};
    }

    // What was stopped, or could not be read, has no text of its own; whoever shows it needs one.
    const told = questions.map(question => ({
      ...question,
      output: question.output || `${question.name} results:\n${message}`,
    }));
    return {kind: 'graded', earned: score.earned, questions: told};
  }
}
