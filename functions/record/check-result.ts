import type {Autograder} from '../../domain/autograder.ts';
import {type Cause, type GradeResult, isScored} from '../../domain/result.ts';
import {addScores, type Score} from '../../domain/score.ts';

export type Checked = {
  cause: Cause;
  message: string;
  score: Score;
  questions: (Score & {name: string})[];
  /** What is wrong with it, when it cannot be believed. */
  problem: string | undefined;
};

/**
 * Checks a container's result against the archive's inspection.
 *
 * Rule: a scored result names each of the archive's questions at most once and no other, and no question earns more than
 *       its maximum. Maxima come from the inspection, and a question that is missing earned nothing. Whatever breaks a
 *       rule is no score at all: the run counts as failed by infrastructure.
 */
export function checkGradeResult(result: GradeResult, autograder: Autograder | undefined): Checked {
  const none = {score: {earned: 0, possible: 0}, questions: []};
  if (!isScored(result.cause)) {
    return {...none, cause: result.cause, message: result.message, problem: undefined};
  }

  const problem = findProblem(result, autograder);
  if (problem || !autograder) {
    return {
      ...none,
      cause: 'infrastructure',
      message: 'The grader’s result was not plausible.',
      problem: problem ?? '',
    };
  }

  const earned = new Map(result.questions.map(question => [question.name, question.earned]));
  const questions = autograder.questions.map(({name, possible}) => ({
    name,
    earned: Math.min(earned.get(name) ?? 0, possible),
    possible,
  }));
  return {cause: result.cause, message: result.message, score: addScores(questions), questions, problem: undefined};
}

function findProblem({questions}: GradeResult, autograder: Autograder | undefined): string | undefined {
  if (!autograder || autograder.problem) {
    return 'The archive was never inspected successfully.';
  }

  const maxima = new Map(autograder.questions.map(({name, possible}) => [name, possible]));
  const seen = new Set<string>();
  for (const {name, earned} of questions) {
    const maximum = maxima.get(name);
    if (maximum === undefined) {
      return `The archive has no question "${name}".`;
    }

    if (seen.has(name)) {
      return `Question "${name}" is there twice.`;
    }

    if (earned > maximum + 1e-6) {
      return `Question "${name}" earned ${earned} of ${maximum}.`;
    }

    seen.add(name);
  }

  return undefined;
}
