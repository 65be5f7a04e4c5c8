import {z} from 'zod';
import {hashBytes} from '../domain/document-id.ts';
import type {Limits} from '../domain/limits.ts';
import {cut, hidePaths} from '../domain/otter-results.ts';
import type {Question} from '../domain/result.ts';
import {type Grader, type Inspection, type Outcome, sayLimit} from './grade-notebook.ts';
import type {Ended, RunPython} from './run-python.ts';

export type Assigned = Inspection & {
  /** What was made, when it can be used. */
  made?: {archive: Uint8Array; autograderSha256: string; student: Uint8Array};
};

/** Makes an assignment of its author's notebook. The author's code, too, runs only behind this. */
export type AssignNotebook = (work: {
  notebook: Uint8Array;
  /** The notebook's own file name: the students' notebook has it, and names itself by it. */
  name: string;
  limits: Limits;
  signal: AbortSignal;
}) => Promise<Assigned>;

const Answer = z.union([
  z.object({archive: z.base64(), student: z.base64(), solution: z.base64(), missing: z.array(z.string().max(200))}),
  z.object({problem: z.string(), message: z.string()}),
]);

const NOTHING = new Uint8Array();
const LONGEST_OUTPUT = 1000;

/**
 * Makes what runs `otter assign` and looks at what came of it.
 *
 * Rule: an assignment is only made when its archive can be opened, has points, and gives its own solution all of them.
 */
export function makeAssignNotebook(runPython: RunPython, grader: Grader): AssignNotebook {
  return async ({notebook, name, limits, signal}) => {
    const ended = await runPython({kind: 'assign', name, notebook, archive: NOTHING, limits, signal});
    const answer = Answer.safeParse(ended.answer).data;
    if (!answer || 'problem' in answer) {
      return explain(ended, answer, limits);
    }

    const [archive, student, solution] = [answer.archive, answer.student, answer.solution].map(
      text => new Uint8Array(Buffer.from(text, 'base64')),
    ) as [Uint8Array, Uint8Array, Uint8Array];
    const inspection = await grader.inspectArchive({archive, limits, signal});
    if (inspection.cause !== 'student') {
      return {...inspection, questions: []};
    }

    const outcome = await grader.gradeNotebook({notebook: solution, archive, limits, signal});
    const problem = findProblem(inspection, outcome, answer.missing);
    if (problem) {
      return {...inspection, ...problem, log: outcome.log, questions: []};
    }

    return {...inspection, made: {archive, autograderSha256: await hashBytes(archive), student}};
  };
}

function explain(
  ended: Ended,
  answer: Extract<z.infer<typeof Answer>, {problem: string}> | undefined,
  limits: Limits,
): Assigned {
  const {started, limit, otter, log} = ended;
  const isOurs = !started && answer?.problem !== 'archive';
  const message =
    answer?.message ??
    (limit ? sayLimit(ended, limits, 'Making the assignment') : 'Making the assignment ended without an answer.');
  return {
    cause: isOurs ? 'infrastructure' : 'autograder',
    message: hidePaths(message),
    questions: [],
    log: cut(log),
    otter,
  };
}

/** What is wrong with an assignment whose own solution was graded. */
function findProblem(
  {questions: maxima}: Inspection,
  {cause, message, questions}: Outcome,
  missing: readonly string[],
): Pick<Outcome, 'cause' | 'message'> | undefined {
  if (cause === 'infrastructure' || cause === 'autograder') {
    return {cause, message};
  }

  const earned = new Map(questions.map(question => [question.name, question]));
  const failed = maxima.filter(({name, possible}) => possible - (earned.get(name)?.earned ?? 0) > 1e-6);
  if (failed.length === 0) {
    return undefined;
  }

  const told = failed.map(({name}) => tellOutput(name, earned.get(name)));
  return {
    cause: 'autograder',
    message: [tellMissing(missing), 'Some autograder tests failed in the autograder notebook:', ...[message, ...told]]
      .filter(Boolean)
      .join('\n'),
  };
}

/** The tests of a notebook that cannot import something speak of everything but that. */
const tellMissing = (modules: readonly string[]): string =>
  modules.length > 0
    ? `The grader has no ${modules.join(', ')}, which the notebook imports: name the package in a list in the assignment’s config (requirements: [package==1.0]).`
    : '';

const tellOutput = (name: string, question: Question | undefined): string =>
  cut(question?.output || `${name} was not answered.`, LONGEST_OUTPUT);
