import {hidePaths, type Maximum} from '../domain/otter-results.ts';
import type {Question} from '../domain/result.ts';
import type {Run} from './check-grading.ts';
import {type Check, sayPoints, sayShare} from './check-report.ts';

/** A run, and what was graded in it. */
export type Named = {what: string; run: Run};

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const sumOf = (questions: readonly Question[]) =>
  sayShare(sum(questions.map(({earned}) => earned)), sum(questions.map(({possible}) => possible)));

/** The grader's sentence, when it has one: that it could not grade, or not to the end. */
const faultOf = ({message}: Run): string[] => (message ? [message] : []);

/** A rounding of otter's own. */
const isSame = (one: number, other: number) => Math.abs(one - other) < 1e-4;

/** Whether results name the archive's questions, with their maxima, as they are recorded. */
export function checkMaxima(inspected: readonly Maximum[], runs: readonly Named[]): Check {
  const wrong = runs.flatMap(({what, run}) => {
    const maxima = [inspected, run.questions].map(all => new Map(all.map(({name, possible}) => [name, possible])));
    const names = [...new Set(maxima.flatMap(map => [...map.keys()]))];
    return names
      .map(name => ({name, values: maxima.map(map => map.get(name))}))
      .filter(({values: [here = -1, there = -1]}) => run.questions.length > 0 && !isSame(here, there))
      .map(
        ({name, values: [here, there]}) =>
          `${what}, ${name}: worth ${there ?? 'nothing'}, ${here ?? 'nothing'} in the archive`,
      );
  });
  const total = sum(inspected.map(({possible}) => possible));
  const none = total > 0 ? [] : ['No question is worth a point: give points in the questions’ configuration.'];
  const name = `Its questions are worth ${sayPoints(total)}.`;
  return {id: 'questions', name, ok: none.length + wrong.length === 0, details: [...none, ...wrong]};
}

export function checkFullMarks(run: Run): Check {
  const {questions} = run;
  const details = [
    ...faultOf(run),
    ...questions
      .filter(({earned, possible}) => earned < possible)
      .map(({name, earned, possible, output}) => `${name}: ${sayShare(earned, possible)}${sayEnd(output)}`),
  ];
  const ok = details.length === 0 && questions.length > 0;
  const name = ok ? 'The solution gets full marks.' : `The solution gets ${sumOf(questions)}.`;
  return {id: 'full-marks', name, ok, details};
}

export function checkZero(what: string, run: Run): Check {
  const {questions} = run;
  const given = questions.filter(({earned}) => earned > 0);
  const isZero = given.length === 0 && questions.length > 0;
  const details = [
    ...faultOf(run),
    ...given.map(({name, earned, possible}) => `${name}: ${sayShare(earned, possible)} for no answer`),
  ];
  const name = `${what} gets ${isZero ? 'no points' : sumOf(questions)}.`;
  return {id: 'zero', name, ok: details.length === 0 && isZero, details};
}

/** Everything that a grader answered, without what differs from run to run in every trace. */
const toBytes = ({verdict, questions, message}: Run): string =>
  JSON.stringify(verdict?.results ?? {questions, message}, (_, value: unknown) =>
    typeof value === 'string' ? hidePaths(value) : value,
  );

export function checkAgreement(first: Run, second: Run): Check {
  const ok = toBytes(first) === toBytes(second);
  const {points, texts} = compare(first.questions, second.questions, ['first', 'second']);
  const found = [...points, ...texts];
  const details = found.length > 0 ? found : ['The results differ beside the questions.'];
  const advice = 'Set seeds, and take times, addresses and other chance out of what tests print.';
  return {
    id: 'agreement',
    name: ok ? 'Two runs of the solution agree.' : 'Two runs of the solution differ.',
    ok,
    details: ok ? [] : [...details, advice],
  };
}

/** Points must be the same. A text may differ where a test prints what no two runs have in common, so it is named only. */
export function checkPlainOtter(ours: readonly Named[], plain: readonly Named[]): Check {
  const found = ours.map(({what, run}, index) => {
    const other = (plain[index] as Named).run;
    const {points, texts} = compare(run.questions, other.questions, ['here', 'with plain otter']);
    const unread = other.message && other.questions.length === 0 ? [other.message] : [];
    const say = (detail: string) => `${what}, ${detail}`;
    return {points: [...unread, ...points].map(say), texts: texts.map(say)};
  });
  const points = found.flatMap(one => one.points);
  const texts = found.flatMap(one => one.texts);
  const ok = points.length === 0;
  const name = `Plain otter gives ${ok ? 'the same' : 'other'} points${ok && texts.length > 0 ? ', in other words' : ''}.`;
  return {id: 'plain-otter', name, ok, details: [...points, ...texts]};
}

/** Signs of tampering that the judge sees: there must be none in an author's own notebooks. */
export function checkReview(runs: readonly Named[]): Check {
  const details = runs.flatMap(({what, run}) => (run.verdict?.review ?? []).map(sign => `${what}: ${sign}`));
  const name = `${details.length === 0 ? 'Nothing' : 'Something'} looks like tampering.`;
  return {id: 'review', name, ok: details.length === 0, details};
}

/** Names each difference between two results, question by question. */
function compare(one: readonly Question[], other: readonly Question[], [here, there]: [string, string]) {
  const names = [...new Set([...one, ...other].map(({name}) => name))];
  const points: string[] = [];
  const texts: string[] = [];
  for (const name of names) {
    const [mine, theirs] = [one, other].map(questions => questions.find(question => question.name === name));
    const tell = (question: Question | undefined) =>
      question ? sayShare(question.earned, question.possible) : 'not there';
    if (tell(mine) !== tell(theirs)) {
      points.push(`${name}: ${tell(mine)} ${here}, ${tell(theirs)} ${there}`);
    }

    if (mine && theirs && mine.output !== theirs.output) {
      const [left, right] = findDifference(mine.output, theirs.output);
      texts.push(`${name}: its text has ${left} ${here}, ${right} ${there}`);
    }
  }

  return {points, texts};
}

/** The first lines that differ. */
function findDifference(one: string, other: string): [string, string] {
  const [left, right] = [one.split('\n'), other.split('\n')] as const;
  const at = left.findIndex((line, index) => line !== right[index]);
  const index = at < 0 ? left.length : at;
  return [sayLine(left[index]), sayLine(right[index])];
}

const sayLine = (line: string | undefined) =>
  line === undefined ? 'nothing' : JSON.stringify(line.trim().slice(0, 200));

const LINES = 12;

/** The end of what a test printed, which is where a failure says what it is. */
function sayEnd(output: string): string {
  const lines = output.trimEnd().split('\n').slice(1).slice(-LINES);
  const indents = lines.filter(line => line.trim() !== '').map(line => line.search(/\S/));
  const least = Math.min(...indents);
  return lines.map(line => `\n  ${line.slice(least)}`).join('');
}
