import {z} from 'zod';
import {HoltError} from './errors.ts';

/** Points, in the assignment's own units. `earned` may exceed `possible` (extra credit). */
export const Score = z.object({
  earned: z.number().nonnegative(),
  possible: z.number().nonnegative(),
});
export type Score = z.infer<typeof Score>;

/**
 * Scales a score to the fraction an LMS accepts.
 *
 * Shape:  `{earned, possible}` in points -> one number in [0, 1]; three decimals, so 2/3 is 0.667.
 * Throws: `invalid-score` when nothing can be earned, or a number is not finite.
 * Source: LTI Basic Outcomes 1.1, `resultScore` is a decimal from 0.0 to 1.0; edX refuses anything else.
 *
 * @example toFraction({earned: 12, possible: 15}) // 0.8
 */
export function toFraction({earned, possible}: Score): number {
  if (!(Number.isFinite(earned) && Number.isFinite(possible) && possible > 0)) {
    throw new HoltError('invalid-score', 'The assignment has no points to earn, so no fraction can be sent.');
  }

  // Extra credit is capped: an LMS refuses what exceeds 1.
  const fraction = Math.min(Math.max(earned / possible, 0), 1);
  return Math.round(fraction * 1000) / 1000;
}

/** Adds points question by question, without the dust of binary fractions. */
export function addScores(scores: readonly Score[]): Score {
  const tidy = (points: number) => Math.round(points * 1e6) / 1e6;
  return {
    earned: tidy(scores.reduce((sum, {earned}) => sum + earned, 0)),
    possible: tidy(scores.reduce((sum, {possible}) => sum + possible, 0)),
  };
}
