import {z} from 'zod';
import {Instant} from './values.ts';

/** Collections of which audit keeps one entry for each record; `passbacks` also one for each final state. */
export const watchedCollections = [
  'submissions',
  'refusals',
  'parked',
  'results',
  'failures',
  'passbacks',
  'staffActions',
  'changes',
] as const;
export type WatchedCollection = (typeof watchedCollections)[number];

/** Who did what, when, and which record tells more. Append-only; no student work, no output. */
export const AuditEntry = z.object({
  id: z.string(),
  what: z.string(),
  /** The student it is about, or who made or deleted an activity; null when nobody was known. */
  who: z.string().nullable(),
  at: Instant,
  collection: z.enum(watchedCollections),
  recordId: z.string(),
  course: z.string().nullable(),
  section: z.string().nullable(),
  assignment: z.string().nullable(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  createdAt: Instant,
});
export type AuditEntry = z.infer<typeof AuditEntry>;
