import test from 'ava';
import {checkAgreement, checkFullMarks, checkMaxima, checkPlainOtter, checkReview, checkZero} from './check-checks.ts';
import type {Run} from './check-grading.ts';
import {suggestLimits} from './check-limits.ts';

const question = (name: string, earned: number, possible: number, output = '') => ({
  ...{name, earned, possible, output},
  publicOutput: '',
});

const makeRun = (questions: ReturnType<typeof question>[], given: Partial<Run> = {}): Run => ({
  ...{cause: 'student', message: '', log: '', otter: '7.0.0', questions, seconds: 1},
  ...{verdict: undefined, memoryBytes: undefined},
  ...given,
});

const verdict = (results: unknown, review: string[] = []): Run['verdict'] => ({
  ...{results: results as object, review, ended: 'done', cell: 1, log: '', seconds: {}},
});

const full = [question('q1', 2, 2), question('q2', 1, 1)];
const named = (run: Run) => ({what: 'The solution', run});

test('points that are missing are named with the end of what the test printed', t => {
  const output = 'q2 results:\n        Expected:\n            3\n        Got:\n            4\n';
  const {ok, name, details} = checkFullMarks(makeRun([question('q1', 2, 2), question('q2', 0, 1, output)]));
  t.false(ok);
  t.is(name, 'The solution gets 2 of 3 points.');
  t.deepEqual(details, ['q2: 0 of 1 point\n  Expected:\n      3\n  Got:\n      4']);
});

test('a run that did not end is no full marks, and no zero', t => {
  const message = 'The notebook took longer than the limit of 5 seconds.';
  t.like(checkFullMarks(makeRun(full, {message})), {ok: false, details: [message]});
  t.like(checkZero('It', makeRun([question('q1', 0, 2)], {message})), {ok: false, details: [message]});
  t.false(checkFullMarks(makeRun([])).ok);
  t.false(checkZero('It', makeRun([])).ok);
});

test('points for no answer are named', t => {
  const check = checkZero('A notebook without cells', makeRun([question('q1', 0.5, 2), question('q2', 0, 1)]));
  t.like(check, {ok: false, name: 'A notebook without cells gets 0.5 of 3 points.'});
  t.deepEqual(check.details, ['q1: 0.5 of 2 points for no answer']);
});

test('two runs agree to the byte, but for the paths of interpreter and cells', t => {
  const at = (file: string) => makeRun(full, {verdict: verdict({tests: [{output: `File "${file}", line 1`}]})});
  t.true(checkAgreement(at('/tmp/ipykernel_12/345.py'), at('/tmp/ipykernel_67/890.py')).ok);
  const check = checkAgreement(at('/tmp/one.py'), at('/tmp/two.py'));
  t.false(check.ok);
  t.deepEqual(check.details.slice(0, -1), ['The results differ beside the questions.']);
  const other = checkAgreement(makeRun(full), makeRun([question('q1', 1, 2, 'new\nline'), question('q2', 1, 1)]));
  t.deepEqual(other.details.slice(0, -1), [
    'q1: 2 of 2 points first, 1 of 2 points second',
    'q1: its text has "" first, "new" second',
  ]);
});

test('plain otter’s points must be the same; other words are only named', t => {
  const words = [question('q1', 2, 2, 'at 0x7f01'), question('q2', 1, 1)];
  const texts = checkPlainOtter([named(makeRun(words))], [named(makeRun(full))]);
  t.true(texts.ok);
  t.deepEqual(texts.details, ['The solution, q1: its text has "at 0x7f01" here, "" with plain otter']);
  const points = checkPlainOtter([named(makeRun(full))], [named(makeRun([question('q1', 0, 2)]))]);
  t.false(points.ok);
  t.deepEqual(points.details, [
    'The solution, q1: 2 of 2 points here, 0 of 2 points with plain otter',
    'The solution, q2: 1 of 1 point here, not there with plain otter',
  ]);
});

test('results have the archive’s questions with their maxima, and some are worth a point', t => {
  const maxima = full.map(({name, possible}) => ({name, possible}));
  t.like(checkMaxima(maxima, [named(makeRun(full))]), {ok: true, name: 'Its questions are worth 3 points.'});
  const check = checkMaxima(maxima, [named(makeRun([question('q1', 2, 4), question('q3', 0, 1)]))]);
  t.false(check.ok);
  t.deepEqual(check.details, [
    'The solution, q1: worth 4, 2 in the archive',
    'The solution, q2: worth nothing, 1 in the archive',
    'The solution, q3: worth 1, nothing in the archive',
  ]);
  t.false(checkMaxima([{name: 'q1', possible: 0}], [named(makeRun([question('q1', 0, 0)]))]).ok);
});

test('an author’s notebook that looks like tampering is named', t => {
  const sign = '3 registrations of snapshots were refused.';
  t.true(checkReview([named(makeRun(full, {verdict: verdict({})}))]).ok);
  t.like(checkReview([named(makeRun(full, {verdict: verdict({}, [sign])}))]), {
    ok: false,
    details: [`The solution: ${sign}`],
  });
});

test('limits are ten times the slowest run and four times the largest, within what Holt allows', t => {
  const megabyte = 2 ** 20;
  const suggest = (seconds: number, memoryBytes?: number) => suggestLimits([makeRun(full, {seconds, memoryBytes})]);
  t.deepEqual(suggest(0.3, 50 * megabyte), {notebookSeconds: 30, memoryBytes: 1024 * megabyte});
  t.deepEqual(suggest(4.2, 300 * megabyte), {notebookSeconds: 50, memoryBytes: 1280 * megabyte});
  t.deepEqual(suggest(1000, 2 ** 40), {notebookSeconds: 3600, memoryBytes: 32 * 1024 * megabyte});
  t.deepEqual(suggest(5), {notebookSeconds: 50});
});
