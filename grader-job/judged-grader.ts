import {cut, type Maximum, parseOtterResults, scaleMaxima} from '../domain/otter-results.ts';
import {type Cause, evidenceLimits, type Question} from '../domain/result.ts';
import type {Grader, Inspection, Outcome} from './grade-notebook.ts';
import type {Judge, Opening, Verdict} from './judge.ts';

type Work = Parameters<Grader['gradeNotebook']>[0];
type Archive = Parameters<Grader['inspectArchive']>[0];
type Graded = Extract<Verdict, {results?: unknown}>;
type Ready = Extract<Opening, {ready: unknown}>['ready'];

type Needs = {
  /** Grades what the judge cannot: a plain otter in a sandbox, which a notebook can deceive. */
  plain: Grader;
  openJudge: (archive: Uint8Array) => Promise<Judge>;
  signal: AbortSignal;
  /** Judges that are kept for notebooks to come; as many as there are archives unless given. */
  mostJudges?: number;
};

/**
 * Makes the grader that believes nothing a notebook says: one judge for each archive, which compares for itself.
 *
 * Rule: an archive that the judge does not know how to grade goes to plain otter, and the result says so.
 */
export function makeJudgedGrader({
  plain,
  openJudge,
  signal,
  mostJudges = Number.POSITIVE_INFINITY,
}: Needs): Grader & {close: () => Promise<void>} {
  const judges = new Map<Uint8Array, Promise<Judge>>();
  const atWork = new Map<Uint8Array, number>();

  const findJudge = (archive: Uint8Array): Promise<Judge> => {
    const known = judges.get(archive) ?? openJudge(archive);
    // The map is in the order of use.
    judges.delete(archive);
    judges.set(archive, known);
    // The next notebook may find a machine that has room for it.
    known.catch(() => judges.delete(archive));
    return known;
  };

  /** Ends the judges that were not used for longest, as far as nobody waits for them. */
  const letGo = () => {
    for (const [archive, judge] of judges) {
      if (judges.size > mostJudges && !atWork.has(archive)) {
        judges.delete(archive);
        judge.then(({close}) => close()).catch(() => {});
      }
    }
  };

  /** Opens an archive; answers why it could not be opened, or what there is to grade. */
  async function open({archive}: Archive) {
    const judge = await findJudge(archive);
    const {opening} = judge;
    if ('problem' in opening) {
      const cause: Cause = opening.problem === 'archive' ? 'autograder' : 'infrastructure';
      return {refused: {...nothing, cause, message: opening.message}};
    }

    const {otter, probed} = opening.ready;
    return {judge, ready: opening.ready, judged: {...nothing, otter, probed, isolation: 'judge' as const}};
  }

  async function inspectArchive(work: Archive): Promise<Inspection> {
    const {refused, ready, judged} = await open(work);
    if (refused) {
      return refused;
    }

    const {unsupported} = ready;
    return unsupported.length > 0
      ? {...(await plain.inspectArchive(work)), unsupported: keepEvidence(unsupported)}
      : {...judged, cause: 'student', message: '', questions: listQuestions(ready)};
  }

  async function gradeNotebook(work: Work): Promise<Outcome> {
    const {refused, judge, ready, judged} = await open(work);
    if (refused) {
      return refused;
    }

    const {unsupported} = ready;
    if (unsupported.length > 0) {
      const outcome = await plain.gradeNotebook(work);
      const why = `Graded by plain otter, which a notebook can deceive: ${unsupported.join(' ')}`;
      return {...outcome, log: cut(`${why}\n${outcome.log}`)};
    }

    const verdict = await judge.grade(work.notebook, work.limits);
    signal.throwIfAborted();
    if (!('problem' in verdict)) {
      return {...judged, ...readGraded(verdict, work, ready.notes)};
    }

    const {problem, message} = verdict;
    if (problem !== 'notebook') {
      return {...judged, cause: problem === 'archive' ? 'autograder' : 'infrastructure', message};
    }

    const zero = ({name, possible}: Maximum) => ({name, possible, earned: 0, output: '', publicOutput: ''});
    return {...judged, cause: 'student', message, questions: listQuestions(ready).map(zero)};
  }

  const close = async () => {
    await Promise.allSettled([...judges.values()].map(async judge => (await judge).close()));
  };

  /** Keeps an archive's judge while something is done with it. */
  const keeping =
    <W extends Archive, T>(run: (work: W) => Promise<T>) =>
    async (work: W): Promise<T> => {
      const {archive} = work;
      atWork.set(archive, (atWork.get(archive) ?? 0) + 1);
      try {
        return await run(work);
      } finally {
        const left = (atWork.get(archive) ?? 1) - 1;
        left > 0 ? atWork.set(archive, left) : atWork.delete(archive);
        letGo();
      }
    };

  // Whoever waits for a verdict hears at once that there will be none.
  signal.addEventListener('abort', close, {once: true});
  return {gradeNotebook: keeping(gradeNotebook), inspectArchive: keeping(inspectArchive), close};
}

const nothing = {questions: [] as Question[], log: '', otter: 'unknown'};

const listQuestions = ({questions, pointsPossible, forgeable}: Ready): Inspection['questions'] =>
  scaleMaxima(questions, pointsPossible).map(question => ({
    ...question,
    forgeable: findCases(forgeable, question.name).slice(0, evidenceLimits.cases),
  }));

/** A question may be named as a part of every object is. */
const findCases = (forgeable: Ready['forgeable'], name: string): number[] =>
  (Object.hasOwn(forgeable, name) ? forgeable[name] : undefined) ?? [];

/** Keeps as much as a result has room for. */
const keepEvidence = (sentences: readonly string[]): string[] =>
  sentences.slice(0, evidenceLimits.signs).map(sentence => cut(sentence, evidenceLimits.characters));

/** What was stopped, and what to do; the rest was graded all the same. */
const stopped: Record<string, (work: Work) => string> = {
  time: ({limits}) =>
    `The notebook took longer than the limit of ${limits.notebookSeconds} seconds, so the questions after that were not graded: restart the kernel, run all cells and look for what takes so long.`,
  memory: ({limits}) =>
    `The notebook used more memory than the limit of ${Math.round(limits.memoryBytes / 2 ** 20)} MB, so the questions after that were not graded: restart the kernel, run all cells and look for what takes so much.`,
  cell: () =>
    'A cell took too long and could not be stopped, so the questions after it were not graded: restart the kernel, run all cells and look for what takes so long.',
};

function readGraded(
  verdict: Graded,
  work: Work,
  notes: readonly string[],
): Omit<Outcome, 'otter' | 'isolation' | 'probed'> {
  const questions = parseOtterResults(verdict.results, verdict.pointsPossible ?? null);
  const limit = stopped[verdict.ended];
  const died = verdict.ended !== 'done' && !limit;
  const cause: Cause = limit ? 'limit' : 'student';
  const sentence = died
    ? 'The notebook’s Python process ended before the notebook did (a crash, an exit, or too little memory), so the questions after that were not graded: restart the kernel, run all cells, mend what fails and submit again.'
    : '';
  return {
    cause,
    message: limit ? limit(work) : sentence,
    questions,
    log: cut([...notes, verdict.log].join('\n')),
    review: keepEvidence(verdict.review),
  };
}
