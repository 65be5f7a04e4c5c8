import type {RecordOf} from '../domain/records.ts';
import type {AssignResult, GradeResult, InspectResult} from '../domain/result.ts';
import {at} from './contracts/samples.ts';

export * from './contracts/samples.ts';

export const archiveSha256 = 'b'.repeat(64);

/** An archive that was inspected: two questions, 15 points. */
export const sampleAutograder = (given: Partial<RecordOf<'autograders'>> = {}): RecordOf<'autograders'> => ({
  id: archiveSha256,
  questions: [
    {name: 'q1', possible: 5},
    {name: 'q2', possible: 10},
  ],
  problem: null,
  cause: null,
  createdAt: at(0),
  ...given,
});

const common = {
  schemaVersion: 1,
  run: 1,
  cause: 'student',
  message: '',
  log: '',
  grader: {otter: '7.0.0', isolation: 'bubblewrap'},
  startedAt: at(1),
  finishedAt: at(2),
} as const;

/** A question as the container tells it. */
export const sampleQuestion = (name: string, earned: number, possible: number) => ({
  name,
  earned,
  possible,
  output: 'all of it',
  publicOutput: 'some of it',
});

/** What the container uploads for a notebook: 12 of 15 points. */
export const sampleGradeResult = (given: Partial<GradeResult> = {}): GradeResult => ({
  ...common,
  kind: 'grade',
  submissionId: 'submission-1',
  autograderSha256: archiveSha256,
  questions: [sampleQuestion('q1', 5, 5), sampleQuestion('q2', 7, 10)],
  review: [],
  ...given,
});

/** What the container uploads for an archive. */
export const sampleInspectResult = (given: Partial<InspectResult> = {}): InspectResult => ({
  ...common,
  kind: 'inspect',
  autograderSha256: archiveSha256,
  questions: sampleAutograder().questions,
  unsupported: [],
  ...given,
});

/** What the container uploads for an author's notebook. */
export const sampleAssignResult = (given: Partial<AssignResult> = {}): AssignResult => ({
  ...common,
  kind: 'assign',
  creationId: 'creation-1',
  autograderSha256: archiveSha256,
  questions: sampleAutograder().questions,
  unsupported: [],
  ...given,
});

/** Chance that can be had again: numbers in [0, 1) by a seed. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets others go first, now and then, so that calls under way mix in every order. */
export const makePause = (random: () => number) => async (): Promise<void> => {
  for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) {
    await new Promise(setImmediate);
  }
};
