import {z} from 'zod';
import {Cause} from './result.ts';
import {Instant, Sha256} from './values.ts';

/** An archive as its inspection found it: the only question names and maxima that a result may have. */
export const Autograder = z.object({
  id: Sha256,
  questions: z.array(
    z.object({
      name: z.string(),
      possible: z.number().nonnegative(),
      /** Hidden cases, counted from 0, that a notebook could pass by claiming so; left out where nobody listed them. */
      forgeable: z.array(z.number().int().nonnegative()).optional(),
    }),
  ),
  /** What the judge does not know how to grade; left out in records older than this. */
  unsupported: z.array(z.string()).optional(),
  /** Null when the archive can grade; otherwise what staff must mend. */
  problem: z.string().nullable(),
  cause: Cause.nullable(),
  createdAt: Instant,
});
export type Autograder = z.infer<typeof Autograder>;

/** A case by the name that otter gives it, counted from 1. */
export const nameCase = (question: string, number: number): string => `${question} - ${number + 1}`;

/** Limits of an archive, checked before it is opened for use. */
export const archiveLimits = {entries: 10_000, packedBytes: 100 * 2 ** 20, unpackedBytes: 512 * 2 ** 20} as const;
