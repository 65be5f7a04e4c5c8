import {cut, parseOtterResults} from '../domain/otter-results.ts';
import type {Cause, Question} from '../domain/result.ts';
import type {Grader, Outcome} from './grade-notebook.ts';
import type {Judge, Verdict} from './judge.ts';

type Work = Parameters<Grader['gradeNotebook']>[0];
type Graded = Extract<Verdict, {results?: unknown}>;

type Needs = {
  /** Grades what the judge cannot: a plain otter in a sandbox, which a notebook can deceive. */
  plain: Grader;
  openJudge: (archive: Uint8Array) => Promise<Judge>;
  signal: AbortSignal;
};

/**
 * Makes the grader that believes nothing a notebook says: one judge for each archive, which compares for itself.
 *
 * Rule: an archive that the judge does not know how to grade goes to plain otter, and the result says so.
 */
export function makeJudgedGrader({plain, openJudge, signal}: Needs): Grader & {close: () => Promise<void>} {
  const judges = new Map<Uint8Array, Promise<Judge>>();

  const findJudge = (archive: Uint8Array): Promise<Judge> => {
    const known = judges.get(archive) ?? openJudge(archive);
    judges.set(archive, known);
    // The next notebook may find a machine that has room for it.
    known.catch(() => judges.delete(archive));
    return known;
  };

  async function gradeNotebook(work: Work): Promise<Outcome> {
    const judge = await findJudge(work.archive);
    const {opening} = judge;
    if ('problem' in opening) {
      const cause = opening.problem === 'archive' ? 'autograder' : 'infrastructure';
      return {...nothing, cause, message: opening.message};
    }

    const {unsupported, otter, probed} = opening.ready;
    const judged = {...nothing, otter, probed, isolation: 'judge' as const};
    if (unsupported.length > 0) {
      const outcome = await plain.gradeNotebook(work);
      const why = `Graded by plain otter, which a notebook can deceive: ${unsupported.join(' ')}`;
      return {...outcome, log: cut(`${why}\n${outcome.log}`)};
    }

    const verdict = await judge.grade(work.notebook, work.limits);
    signal.throwIfAborted();
    if (!('problem' in verdict)) {
      return {...judged, ...readGraded(verdict, work)};
    }

    const {problem, message} = verdict;
    if (problem !== 'notebook') {
      return {...judged, cause: problem === 'archive' ? 'autograder' : 'infrastructure', message};
    }

    const {cause, questions, ...inspection} = await plain.inspectArchive(work);
    if (cause !== 'student') {
      return {...inspection, otter, cause, questions: []};
    }

    const zero = questions.map(question => ({...question, earned: 0, output: '', publicOutput: ''}));
    return {...judged, cause: 'student', message, questions: zero};
  }

  const close = async () => {
    await Promise.allSettled([...judges.values()].map(async judge => (await judge).close()));
  };

  // Whoever waits for a verdict hears at once that there will be none.
  signal.addEventListener('abort', close, {once: true});
  return {gradeNotebook, inspectArchive: plain.inspectArchive, close};
}

const nothing = {questions: [] as Question[], log: '', otter: 'unknown'};

/** What was stopped, and what to do; the rest was graded all the same. */
const stopped: Record<string, (work: Work) => string> = {
  time: ({limits}) =>
    `The notebook took longer than the limit of ${limits.notebookSeconds} seconds, so the questions after that were not graded: restart the kernel, run all cells and look for what takes so long.`,
  memory: ({limits}) =>
    `The notebook used more memory than the limit of ${Math.round(limits.memoryBytes / 2 ** 20)} MB, so the questions after that were not graded: restart the kernel, run all cells and look for what takes so much.`,
  cell: () =>
    'A cell took too long and could not be stopped, so the questions after it were not graded: restart the kernel, run all cells and look for what takes so long.',
};

function readGraded(verdict: Graded, work: Work): Omit<Outcome, 'otter' | 'isolation' | 'probed'> {
  const questions = parseOtterResults(verdict.results, verdict.pointsPossible ?? null);
  const limit = stopped[verdict.ended];
  const died = verdict.ended !== 'done' && !limit;
  const cause: Cause = limit ? 'limit' : 'student';
  const sentence = died
    ? 'The notebook’s Python process ended before the notebook did (a crash, an exit, or too little memory), so the questions after that were not graded: restart the kernel, run all cells, mend what fails and submit again.'
    : '';
  const signs = verdict.review.map(sign => `For review: ${sign}`);
  return {
    cause,
    message: limit ? limit(work) : sentence,
    questions,
    log: cut([...signs, verdict.log].join('\n').toWellFormed()),
  };
}
