import {readFileSync} from 'node:fs';
import test from 'ava';
import {HoltError} from './errors.ts';
import {cut, hidePaths, parseOtterResults, scaleMaxima, textLimits} from './otter-results.ts';
import {Question} from './result.ts';

const read = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../testing/fixtures/otter-lab/expected/${name}.otter-run.json`, import.meta.url), 'utf8'),
  );

const gives = test.macro({
  exec(t, name: string, points: string) {
    const questions = parseOtterResults(read(name));
    t.is(questions.map(({name, earned, possible}) => `${name} ${earned}/${possible}`).join(', '), points);
    t.notThrows(() => questions.map(question => Question.parse(question)));
  },
  title: (_, name, points) => `${name}: ${points}`,
});

test(gives, 'solution', 'q1 2/2, q2 3/3, q3 2/2, q4 3/3, q5 4/4, q6 1/1');
test(gives, 'partial', 'q1 2/2, q2 2/3, q3 1/2, q4 3/3, q5 4/4, q6 0/1');
test(gives, 'blank', 'q1 0/2, q2 0/3, q3 0/2, q4 0/3, q5 0/4, q6 0/1');
test(gives, 'syntax_error', 'q1 2/2, q2 0/3, q3 2/2, q4 3/3, q5 4/4, q6 1/1');
test(gives, 'missing_cells', 'q1 2/2, q2 3/3, q3 0/2, q4 3/3, q5 4/4, q6 1/1');
test(gives, 'sys_exit', 'q1 2/2, q2 3/3, q3 2/2, q4 3/3, q5 4/4, q6 1/1');
test(gives, 'input_call', 'q1 2/2, q2 3/3, q3 2/2, q4 3/3, q5 4/4, q6 1/1');

test('a student is told what the public cases say and nothing of the hidden ones', t => {
  const questions = parseOtterResults(read('partial'));
  const [, , q3, , , q6] = questions;
  t.is(q3?.publicOutput, 'q3 results: All test cases passed!');
  t.true(q3?.output.includes("wettest == 'Kyoto'"));
  t.true(q6?.publicOutput.startsWith('q6 results:\n    q6 - 1 result:'));
  t.true(q6?.publicOutput.includes("NameError: name 'slope' is not defined"));
  t.false(questions.some(({publicOutput}) => /Kyoto|polyfit/.test(publicOutput)));
});

const visible = (output: string) => ({name: 'Public Tests', visibility: 'visible', output});
const q = (name: string, score: unknown = 1, max_score: unknown = 2, output = 'x') => ({
  name,
  score,
  max_score,
  output,
});

test('a printed line that looks like another question does not begin one', t => {
  const text = 'q1 results:\n    Got:\n        q2 results: All test cases passed!\n\nq2 results:\n    failed';
  const [one, two] = parseOtterResults({tests: [visible(text), q('q1'), q('q2')]});
  t.true(one?.publicOutput.includes('Got:'));
  t.is(two?.publicOutput, 'q2 results:\n    failed');
});

test('a public entry that is hidden, or missing, tells the student nothing', t => {
  const hidden = {...visible('q1 results: secret'), visibility: 'hidden'};
  t.is(parseOtterResults({tests: [hidden, q('q1')]})[0]?.publicOutput, '');
  t.is(parseOtterResults({tests: [q('q1')]})[0]?.publicOutput, '');
});

test('an archive that shows all its cases shows the whole text', t => {
  const [one] = parseOtterResults({tests: [{...q('q1'), visibility: 'visible'}]});
  t.is(one?.publicOutput, 'x');
});

const refuses = test.macro({
  exec(t, _what: string, results: unknown, message: RegExp) {
    const error = t.throws(() => parseOtterResults(results), {instanceOf: HoltError, message});
    t.is(error.code, 'invalid-result');
  },
  title: (_, what) => `refused: ${what}`,
});

test(refuses, 'no tests', {}, /cannot be read/);
test(refuses, 'null', null, /cannot be read/);
test(refuses, 'a score that is text', {tests: [q('q1', '1')]}, /cannot be read/);
test(refuses, 'NaN', {tests: [q('q1', Number.NaN)]}, /cannot be read/);
test(refuses, 'infinity', {tests: [q('q1', 1, Number.POSITIVE_INFINITY)]}, /cannot be read/);
test(refuses, 'a negative score', {tests: [q('q1', -1)]}, /cannot be read/);
test(refuses, 'more than the maximum', {tests: [q('q1', 3)]}, /3 of 2 points/);
test(refuses, 'a maximum without a score', {tests: [{name: 'q1', max_score: 2}]}, /undefined of 2/);
test(refuses, 'a name twice', {tests: [q('q1'), q('q1')]}, /twice/);
test(refuses, 'a total above the maxima', {tests: [q('q1')], score: 7}, /7 of 2/);
test(
  refuses,
  "otter's own failure",
  {score: 0, tests: [{name: 'Autograder Failed', visibility: 'visible', output: 'x', status: 'failed'}]},
  /left no results/,
);

test('long texts are cut, and cut further when there are many', t => {
  const long = '😀'.repeat(40_000);
  const few = parseOtterResults({tests: [visible(`q1 results:\n${long}`), q('q1', 1, 2, long)]});
  t.is(few[0]?.output.length, textLimits.question);
  t.true(few[0]?.output.isWellFormed());

  const many = Array.from({length: 300}, (_, index) => q(`q${index}`, 1, 2, long));
  const questions = parseOtterResults({tests: many});
  t.is(questions.length, 300);
  t.true(JSON.stringify(questions).length < 1e6);
});

test('half a surrogate pair is replaced', t => {
  t.is(parseOtterResults({tests: [q('q1', 1, 2, 'a\ud800b')]})[0]?.output, 'a\ufffdb');
  t.is(cut('ab\ud83d\ude00', 3).isWellFormed(), true);
});

test('a total of the archive scales the questions', t => {
  const tests = [q('q1', 1, 2), q('q2', 2, 2)];
  const scaled = parseOtterResults({tests, score: 75}, 100);
  t.deepEqual(
    scaled.map(({earned, possible}) => [earned, possible]),
    [
      [25, 50],
      [50, 50],
    ],
  );
  t.deepEqual(scaleMaxima([{name: 'q1', possible: 2}], 10), [{name: 'q1', possible: 10}]);
  t.deepEqual(scaleMaxima([{name: 'q1', possible: 2}], null), [{name: 'q1', possible: 2}]);
});

test('a threshold is all or nothing', t => {
  const tests = [q('q1', 1, 2), q('q2', 2, 2)];
  const points = (score: number) => parseOtterResults({tests, score}).map(({earned}) => earned);
  t.deepEqual(points(4), [2, 2]);
  t.deepEqual(points(0), [0, 0]);
});

test('a trace tells no path of the machine that graded', t => {
  const trace = 'File "/opt/x/lib/python3.11/doctest.py", line 1353\nFile "/tmp/ipykernel_17/330.py", line 4, in f';
  t.is(hidePaths(trace), 'File "<python>/lib/python3.11/doctest.py", line 1353\nFile "<cell>.py", line 4, in f');
});
