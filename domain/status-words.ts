import type {Failure, Grade, Result} from './grade.ts';
import type {Passback} from './passback.ts';
import type {QueueEntry} from './queue.ts';
import type {StatusState} from './status.ts';
import {type Instant, secondsBetween} from './values.ts';

export type Situation = {
  state: StatusState;
  entry: QueueEntry | undefined;
  scored: Result | undefined;
  broken: Result | undefined;
  failure: Failure | undefined;
  grade: Grade | undefined;
  counts: boolean | null;
  now: Instant;
};

/** Tells a student where the submission is: whose fault it is if something is wrong, and what there is to do. */
export function tellStatus(situation: Situation): string {
  const {state} = situation;
  if (state === 'graded') {
    return [tellRun(situation), tellOther(situation)].filter(Boolean).join(' ');
  }

  if (state === 'failed') {
    return tellFailure(situation);
  }

  const sentences = {
    submitted: 'Your notebook is received and kept safely.',
    queued: tellQueued(situation),
    grading: 'Your notebook is being graded now. There is nothing to do.',
  };
  return sentences[state];
}

function tellQueued({entry, now}: Situation): string {
  const cause = entry?.waitingFor?.cause;
  if (cause === 'autograder') {
    return 'Your notebook is kept safely and waits until this assignment’s autograder is ready. This is not your doing: there is nothing to do, and it costs you nothing.';
  }

  if (cause === 'paused') {
    return 'Your course’s staff has paused grading. Your notebook is kept safely and is graded when they resume it: there is nothing to do, and it costs you nothing.';
  }

  if (cause === 'infrastructure') {
    const minutes = Math.max(1, Math.ceil(secondsBetween(now, entry?.visibleAt ?? now) / 60));
    const when = minutes === 1 ? 'within a minute' : `in about ${minutes} minutes`;
    return `Grading did not work out on our side and is tried again ${when}. This is not your doing: there is nothing to do, and it costs you nothing.`;
  }

  return 'Your notebook is kept safely and waits for its turn. There is nothing to do.';
}

function tellRun({scored}: Situation): string {
  if (scored?.message) {
    return scored.message;
  }

  return scored?.cause === 'limit'
    ? 'Your notebook used more time or memory than it may, so it was stopped; what it reached by then counts.'
    : 'Your notebook is graded.';
}

function tellOther({counts, grade}: Situation): string {
  if (counts !== false) {
    return '';
  }

  return grade?.policy === 'best'
    ? 'Your best submission counts for the gradebook, and that is another one.'
    : 'Your latest submission counts for the gradebook, and that is a newer one.';
}

function tellFailure({failure, broken}: Situation): string {
  const again = 'Your notebook is kept and this is no zero.';
  const cause = failure?.cause ?? broken?.cause;
  if (cause === 'autograder') {
    return `This assignment’s autograder does not work. This is not your doing. ${again} Your course’s staff can see it; when they have mended it, press Submit again.`;
  }

  if (cause === 'infrastructure') {
    return `Grading failed on our side, more than once. This is not your doing. ${again} Press Submit again to have it tried anew, and tell your course’s staff if it stays so.`;
  }

  return `Your notebook could not be graded. ${again} Run all its cells from the top, then press Submit again.`;
}

/** Tells a student how far a score is on its way to the LMS. */
export function tellPassback({state, attempts}: Pick<Passback, 'state' | 'attempts'>): string {
  const sentences = {
    sent: 'The gradebook has this score.',
    pending:
      attempts === 0
        ? 'This score is on its way to the gradebook.'
        : 'The gradebook did not take this score yet. It is sent again by itself: there is nothing to do.',
    failed:
      'The gradebook refused this score. Your course’s staff can see it and send it again: the score is not lost.',
    superseded: 'Another score of yours went to the gradebook instead.',
    off: 'Scores of this assignment are not sent to a gradebook.',
  };
  return sentences[state];
}
