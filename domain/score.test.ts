import test from 'ava';
import {HoltError} from './errors.ts';
import {addScores, Score, toFraction} from './score.ts';

const scales = test.macro({
  exec(t, earned: number, possible: number, fraction: number) {
    t.is(toFraction({earned, possible}), fraction);
  },
  title: (_, earned, possible, fraction) => `${earned} of ${possible} points is ${fraction}`,
});
test(scales, 0, 15, 0);
test(scales, 12, 15, 0.8);
test(scales, 15, 15, 1);
test(scales, 2, 3, 0.667);
test(scales, 1, 3, 0.333);
test(scales, 1, 1e6, 0);
test(scales, 999_999, 1e6, 1);
test(scales, 1e-9, 1e-9, 1);
test(scales, 17, 15, 1); // Extra credit is capped.
test(scales, -1, 15, 0);

for (const [earned, possible] of [
  [0, 0],
  [5, 0],
  [1, -1],
  [Number.NaN, 10],
  [1, Number.NaN],
  [Number.POSITIVE_INFINITY, 10],
  [1, Number.POSITIVE_INFINITY],
] as const) {
  test(`${earned} of ${possible} points has no fraction`, t => {
    const error = t.throws(() => toFraction({earned, possible}), {instanceOf: HoltError});
    t.is(error.code, 'invalid-score');
    t.false(error.retryable);
  });
}

test('every fraction is a plain decimal of at most three places', t => {
  for (let earned = 0; earned <= 300; earned += 1) {
    t.regex(String(toFraction({earned, possible: 299})), /^(?:0|1|0\.\d{1,3})$/);
  }
});

test('a score with a number that is none is not a score', t => {
  for (const earned of [Number.NaN, Number.POSITIVE_INFINITY, -1, '1', null]) {
    t.false(Score.safeParse({earned, possible: 1}).success);
  }
});

test('points add up without the dust of binary fractions', t => {
  const parts = [0.1, 0.2, 0.3].map(earned => ({earned, possible: 0.7}));
  t.deepEqual(addScores(parts), {earned: 0.6, possible: 2.1});
  t.deepEqual(addScores([]), {earned: 0, possible: 0});
});
