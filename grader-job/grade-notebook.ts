import {z} from 'zod';
import type {Limits} from '../domain/limits.ts';
import {cut, type Maximum, parseOtterResults, scaleMaxima} from '../domain/otter-results.ts';
import type {Cause, Isolation, Question} from '../domain/result.ts';
import type {Ended, RunPython} from './run-python.ts';

export type Outcome<Q = Question> = {
  cause: Cause;
  message: string;
  questions: Q[];
  log: string;
  otter: string;
  /** How the notebook was kept apart, where it was not the job's ordinary way. */
  isolation?: Isolation;
  /** What of the sandbox was tried out, and held. */
  probed?: string[];
  /** Signs of tampering, for staff. */
  review?: string[];
  /** What the judge does not know how to grade. */
  unsupported?: string[];
};
/** `forgeable`: hidden cases, counted from 0, that a notebook could pass by claiming so. */
export type Inspection = Outcome<Maximum & {forgeable?: number[]}>;

type Archive = {archive: Uint8Array; limits: Limits; signal: AbortSignal};

/** Grades one notebook against one archive. Student and author code run only behind this. */
export type GradeNotebook = (work: Archive & {notebook: Uint8Array}) => Promise<Outcome>;
/** Lists an archive's questions and what they are worth. */
export type InspectArchive = (work: Archive) => Promise<Inspection>;

export type Grader = {gradeNotebook: GradeNotebook; inspectArchive: InspectArchive};

const PointsPossible = z.number().positive().max(1e6).nullish();

/** What the grader's script answers. */
const Answer = z.union([
  z.object({results: z.unknown().refine(value => value !== undefined), pointsPossible: PointsPossible}),
  z.object({
    questions: z.array(z.object({name: z.string().min(1).max(200), possible: z.number().min(0)})).max(1000),
    pointsPossible: PointsPossible,
  }),
  z.object({problem: z.enum(['notebook', 'archive', 'kernel', 'limit', 'unknown']), message: z.string()}),
]);
type Answer = z.infer<typeof Answer>;

const NOTHING = new Uint8Array();

/**
 * Makes the grader out of a way to run Python.
 *
 * Rule: what is wrong with the archive, or with the grader itself, never makes a zero. A run that fails for no known
 *       reason is judged by the archive: when its tests load and a notebook without cells can be graded, it was the
 *       notebook.
 */
export function makeGrader(runPython: RunPython): Grader {
  const inspections = new WeakMap<Uint8Array, Promise<Inspection>>();

  async function inspectArchive({archive, limits, signal}: Archive): Promise<Inspection> {
    const ended = await runPython({kind: 'inspect', notebook: NOTHING, archive, limits, signal});
    const answer = readAnswer(ended);
    const end = (cause: Cause, message: string, questions: Maximum[] = []) => ({
      ...aside(ended),
      cause,
      message,
      questions,
    });
    if (answer && 'questions' in answer) {
      return end('student', '', scaleMaxima(answer.questions, answer.pointsPossible ?? null));
    }

    if (answer && 'problem' in answer && answer.problem === 'archive') {
      return end('autograder', answer.message);
    }

    if (ended.started) {
      const why = answer && 'problem' in answer ? answer.message : sayLimit(ended, limits, 'Loading its tests');
      return end('autograder', `The autograder archive cannot be used: ${why}`);
    }

    return end('infrastructure', sayBroken(answer));
  }

  /** The same archive is inspected once for all the notebooks of a task that need it. */
  function inspectOnce(work: Archive): Promise<Inspection> {
    const known = inspections.get(work.archive) ?? inspectArchive(work);
    inspections.set(work.archive, known);
    return known;
  }

  /** A notebook that earns nothing still has its questions. */
  async function giveNothing(work: Archive, ended: Ended, cause: Cause, message: string): Promise<Outcome> {
    const {log} = aside(ended);
    const inspection = await inspectOnce(work);
    if (inspection.cause !== 'student') {
      return {...inspection, questions: []};
    }

    const zero = (question: Maximum) => ({...question, earned: 0, output: '', publicOutput: ''});
    return {cause, message, log, otter: inspection.otter, questions: inspection.questions.map(zero)};
  }

  /** Whether the archive can grade anything at all; otherwise what staff should know. */
  async function findArchiveFault(work: Archive): Promise<string | undefined> {
    const ended = await runPython({...work, kind: 'blank', notebook: NOTHING});
    const {questions, fault} = readResults(readAnswer(ended));
    return questions ? undefined : (fault ?? sayLimit(ended, work.limits, 'Grading an empty notebook'));
  }

  async function gradeNotebook(work: Archive & {notebook: Uint8Array}): Promise<Outcome> {
    const ended = await runPython({...work, kind: 'grade'});
    const answer = readAnswer(ended);
    if (ended.limit) {
      return giveNothing(work, ended, 'limit', sayLimit(ended, work.limits, 'The notebook'));
    }

    const {questions, fault} = readResults(answer);
    if (questions) {
      return {...aside(ended), cause: 'student', message: '', questions};
    }

    if (answer && 'problem' in answer && answer.problem !== 'unknown') {
      const {problem, message} = answer;
      return problem === 'archive'
        ? {...aside(ended), cause: 'autograder', message, questions: []}
        : giveNothing(work, ended, problem === 'limit' ? 'limit' : 'student', message);
    }

    if (!ended.started) {
      return {...aside(ended), cause: 'infrastructure', message: sayBroken(answer), questions: []};
    }

    const zero = await giveNothing(
      work,
      ended,
      'student',
      'The notebook kept the grader from finishing: restart the kernel, run all cells, take out what replaces or ends Python itself and submit again.',
    );
    if (zero.cause !== 'student') {
      return zero;
    }

    const archiveFault = await findArchiveFault(work);
    const log = cut(`${fault ?? 'The grader ended without an answer.'}\n${zero.log}`);
    return archiveFault
      ? {
          ...zero,
          log,
          cause: 'autograder',
          message: `The autograder archive cannot grade: ${archiveFault}`,
          questions: [],
        }
      : {...zero, log};
  }

  return {gradeNotebook, inspectArchive};
}

const aside = ({otter, log}: Ended) => ({otter, log: cut(log)});

function readAnswer({answer}: Ended): Answer | undefined {
  const parsed = Answer.safeParse(answer);
  return parsed.success ? parsed.data : undefined;
}

function readResults(answer: Answer | undefined): {questions?: Question[]; fault?: string} {
  if (!(answer && 'results' in answer)) {
    return answer && 'problem' in answer ? {fault: answer.message} : {};
  }

  try {
    return {questions: parseOtterResults(answer.results, answer.pointsPossible ?? null)};
  } catch (error) {
    return {fault: (error as Error).message};
  }
}

/** Says which limit ended a run. */
export function sayLimit({limit}: Ended, {notebookSeconds, memoryBytes}: Limits, what: string): string {
  const advice = 'restart the kernel, run all cells and look for what takes so much';
  if (limit === 'time') {
    return `${what} took longer than the limit of ${notebookSeconds} seconds: ${advice}.`;
  }

  if (limit === 'memory') {
    return `${what} used more memory than the limit of ${Math.round(memoryBytes / 2 ** 20)} MB: ${advice}.`;
  }

  return `${what} ended the grader.`;
}

const sayBroken = (answer: Answer | undefined): string =>
  `The grader itself did not start${answer && 'problem' in answer ? ` (${answer.message})` : ''}: it is tried again, and staff find the reason in its log.`;
