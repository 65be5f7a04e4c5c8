import {z} from 'zod';
import {HoltError} from './errors.ts';
import type {Question} from './result.ts';

/** A question's name and what it is worth. */
export type Maximum = {name: string; possible: number};

const Text = z.string().default('');
const Points = z.number().nonnegative();

/** One entry of `tests`. Only questions have a score; the rest are notes, told apart by name. */
const Entry = z.looseObject({
  name: z.string().min(1),
  score: Points.optional(),
  max_score: Points.optional(),
  visibility: z.string().optional(),
  output: Text,
});

/** As much of otter's `results.json` as Holt reads. Source: otter-grader 7.0.0, `GradingResults.to_gradescope_dict`. */
const OtterResults = z.looseObject({tests: z.array(Entry).max(2000), score: Points.optional()});

/** Longest text of a question, and of all questions together, in UTF-16 units. */
export const textLimits = {question: 20_000, total: 200_000} as const;

const PUBLIC = 'Public Tests';
const FAILED = 'Autograder Failed';

/**
 * Reads otter's `results.json`.
 *
 * Shape:  otter's entries -> a question each, in otter's order; `publicOutput` is only what the visible "Public Tests"
 *         entry says of it, so hidden cases stay hidden. Texts are cut and well-formed.
 * Rule:   `pointsPossible` is the archive's `points_possible`; a total of otter's own (`points_possible`,
 *         `score_threshold`) is kept by scaling the questions to it.
 * Throws: `invalid-result` when otter says that grading failed, when a number is missing, negative, not finite or above
 *         its maximum, or when a name comes twice.
 */
export function parseOtterResults(results: unknown, pointsPossible: number | null = null): Question[] {
  const parsed = OtterResults.safeParse(results);
  if (!parsed.success) {
    throw new HoltError('invalid-result', `otter's result cannot be read: ${z.prettifyError(parsed.error)}`);
  }

  const {tests, score} = parsed.data;
  if (tests.some(({name, score: points}) => name === FAILED && points === undefined)) {
    throw new HoltError('invalid-result', 'otter could not grade: the run left no results.');
  }

  const shown = tests.find(({name, visibility}) => name === PUBLIC && visibility === 'visible')?.output ?? '';
  const entries = tests.flatMap(entry => toQuestion(entry));
  const publicTexts = splitByQuestion(
    hidePaths(shown),
    entries.map(({name}) => name),
  );
  const questions = entries.map(({isShown, ...question}) => ({
    ...question,
    publicOutput: isShown ? question.output : (publicTexts.get(question.name) ?? ''),
  }));
  if (new Set(questions.map(({name}) => name)).size < questions.length) {
    throw new HoltError('invalid-result', "otter's result names a question twice.");
  }

  return cutTexts(scaleScores(questions, score, pointsPossible));
}

/** Traces name the grader's own files: a student has no use for its paths, and they differ from machine to machine. */
export const hidePaths = (text: string): string =>
  text
    .replace(/File "[^"\n]*\/(lib\/python3[^"\n]*)"/g, 'File "<python>/$1"')
    .replace(/File "\/tmp\/ipykernel_\d+\/\w+\.py"/g, 'File "<cell>.py"');

function toQuestion({name, score, max_score, visibility, output}: z.infer<typeof Entry>) {
  if (score === undefined && max_score === undefined) {
    return [];
  }

  if (score === undefined || max_score === undefined || score > max_score) {
    throw new HoltError('invalid-result', `Question "${name}" has ${score} of ${max_score} points, which cannot be.`);
  }

  return [{name, earned: score, possible: max_score, output: hidePaths(output), isShown: visibility === 'visible'}];
}

/** Every question's block begins at a line's start; what tests print is indented, so it cannot begin one. */
function splitByQuestion(text: string, names: readonly string[]): Map<string, string> {
  const heads = new Map(names.map(name => [`${name} results:`, name]));
  const blocks = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of text.split('\n')) {
    const name = heads.get(line) ?? heads.get(line.replace(/ All test cases passed!$/, ''));
    if (name !== undefined && !blocks.has(name)) {
      current = [];
      blocks.set(name, current);
    }

    current.push(line);
  }

  return new Map([...blocks].map(([name, lines]) => [name, lines.join('\n').trimEnd()]));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const tidy = (points: number) => Math.round(points * 1e6) / 1e6;

/** Scales maxima to the archive's own total, as results are. */
export function scaleMaxima<M extends Maximum>(questions: readonly M[], pointsPossible: number | null): M[] {
  const total = sum(questions.map(({possible}) => possible));
  if (!(pointsPossible && total > 0)) {
    return [...questions];
  }

  return questions.map(question => ({...question, possible: tidy((question.possible * pointsPossible) / total)}));
}

function scaleScores(questions: Question[], score: number | undefined, pointsPossible: number | null): Question[] {
  const scaled = scaleMaxima(questions, pointsPossible);
  const total = sum(scaled.map(({possible}) => possible));
  if (score === undefined || total === 0) {
    return scaled;
  }

  if (score > total + 1e-6) {
    throw new HoltError('invalid-result', `otter's total is ${score} of ${total} points, which cannot be.`);
  }

  const fraction = score / total;
  const own = sum(questions.map(({earned}) => earned)) / sum(questions.map(({possible}) => possible));
  // A threshold makes the total all or nothing, whatever the questions earned; otherwise each keeps its own share.
  const isOwn = Math.abs(fraction - own) < 1e-6;
  return scaled.map((question, index) => {
    const before = questions[index] as Question;
    const share = isOwn ? (before.possible > 0 ? before.earned / before.possible : 0) : fraction;
    return {...question, earned: Math.min(tidy(question.possible * share), question.possible)};
  });
}

function cutTexts(questions: Question[]): Question[] {
  const long = sum(questions.map(({output, publicOutput}) => cut(output).length + cut(publicOutput).length));
  const most = long > textLimits.total ? textLimits.total / (2 * questions.length) : textLimits.question;
  return questions.map(question => ({
    ...question,
    output: cut(question.output, most),
    publicOutput: cut(question.publicOutput, most),
  }));
}

const CUT = '\n… (cut)';

/** Cuts a text to a length and replaces what is not well-formed. */
export function cut(text: string, most: number = textLimits.question): string {
  const kept = text.length > most ? text.slice(0, Math.max(Math.floor(most) - CUT.length, 0)) + CUT : text;
  return kept.toWellFormed();
}
