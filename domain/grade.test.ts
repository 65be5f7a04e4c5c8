import test from 'ava';
import {chooseResult, pickRuns} from './grade.ts';
import type {Cause} from './result.ts';

const at = (minute: number) => `2025-01-01T10:${String(minute).padStart(2, '0')}:00.000Z`;

type Given = {submission: string; run?: number; cause?: Cause; earned?: number; possible?: number; minute?: number};
const make = ({submission, run = 1, cause = 'student', earned = 0, possible = 10, minute = 0}: Given) => ({
  submissionId: submission,
  run,
  cause,
  score: {earned, possible},
  receivedAt: at(minute),
});

/** Every order in which results may have been recorded. */
function* ordersOf<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) {
    yield [];
  }

  for (const [index, item] of items.entries()) {
    for (const rest of ordersOf(items.toSpliced(index, 1))) {
      yield [item, ...rest];
    }
  }
}

const choices = test.macro({
  exec(t, policy: 'latest' | 'best', given: Given[], chosen: [submission: string, run: number] | undefined) {
    for (const order of ordersOf(given.map(make))) {
      const result = chooseResult(order, policy);
      t.deepEqual(result && [result.submissionId, result.run], chosen);
    }
  },
  title: (title, policy) => `${policy}: ${title}`,
});

test('nothing yet', choices, 'latest', [], undefined);
test(
  'the newest upload counts, though it is worse',
  choices,
  'latest',
  [
    {submission: 'a', earned: 9, minute: 1},
    {submission: 'b', earned: 3, minute: 2},
  ],
  ['b', 1],
);
test(
  'the best upload counts, though it is older',
  choices,
  'best',
  [
    {submission: 'a', earned: 9, minute: 1},
    {submission: 'b', earned: 3, minute: 2},
    {submission: 'c', earned: 8, minute: 3},
  ],
  ['a', 1],
);
test(
  'among equals the newer upload counts',
  choices,
  'best',
  [
    {submission: 'a', earned: 9, minute: 1},
    {submission: 'b', earned: 9, minute: 2},
  ],
  ['b', 1],
);
test(
  'best compares fractions, not points',
  choices,
  'best',
  [
    {submission: 'a', earned: 9, possible: 10, minute: 1},
    {submission: 'b', earned: 12, possible: 20, minute: 2},
  ],
  ['a', 1],
);
test(
  'best compares fractions exactly, not as they are rounded for an LMS',
  choices,
  'best',
  [
    {submission: 'a', earned: 66_670, possible: 100_000, minute: 1},
    {submission: 'b', earned: 66_660, possible: 100_000, minute: 2},
  ],
  ['a', 1],
);
test(
  'extra credit is better than full marks',
  choices,
  'best',
  [
    {submission: 'a', earned: 11, minute: 1},
    {submission: 'b', earned: 10, minute: 2},
  ],
  ['a', 1],
);
test(
  'uploads of one moment are ordered by their id',
  choices,
  'latest',
  [
    {submission: 'a', earned: 9},
    {submission: 'b', earned: 3},
  ],
  ['b', 1],
);
test(
  'the highest run of a submission counts, better or worse',
  choices,
  'best',
  [
    {submission: 'a', run: 1, earned: 9},
    {submission: 'a', run: 3, earned: 5},
    {submission: 'a', run: 2, earned: 10},
  ],
  ['a', 3],
);
test(
  'an infrastructure or autograder run never hides a scored one',
  choices,
  'latest',
  [
    {submission: 'a', run: 1, earned: 9},
    {submission: 'a', run: 2, cause: 'infrastructure'},
    {submission: 'a', run: 3, cause: 'autograder'},
  ],
  ['a', 1],
);
test(
  'a newer upload without a score does not hide an older one with one',
  choices,
  'latest',
  [
    {submission: 'a', earned: 9, minute: 1},
    {submission: 'b', cause: 'autograder', minute: 2},
  ],
  ['a', 1],
);
test(
  'a run that hit a limit counts',
  choices,
  'latest',
  [
    {submission: 'a', earned: 9, minute: 1},
    {submission: 'b', cause: 'limit', minute: 2},
  ],
  ['b', 1],
);
test(
  'runs without a score alone choose nothing',
  choices,
  'best',
  [
    {submission: 'a', cause: 'infrastructure'},
    {submission: 'b', cause: 'autograder'},
  ],
  undefined,
);
test(
  'an upload with nothing to earn is not better than one with nothing earned',
  choices,
  'best',
  [
    {submission: 'a', earned: 0, possible: 0, minute: 1},
    {submission: 'b', earned: 0, possible: 10, minute: 2},
  ],
  ['b', 1],
);

test('each submission has one run', t => {
  const results = [
    make({submission: 'a', run: 2, earned: 1}),
    make({submission: 'a', run: 1, earned: 2}),
    make({submission: 'b', run: 1, cause: 'infrastructure'}),
    make({submission: 'c', run: 1, cause: 'limit'}),
  ];
  t.deepEqual(
    pickRuns(results).map(({submissionId, run}) => `${submissionId}-${run}`),
    ['a-2', 'c-1'],
  );
});
