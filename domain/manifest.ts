import {z} from 'zod';
import {Limits} from './limits.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/** A place to put a result: a signed URL and the headers that were signed with it. */
export const SignedPut = z.object({url: z.url(), headers: z.record(z.string(), z.string())});
export type SignedPut = z.infer<typeof SignedPut>;

const common = {run: z.number().int().positive(), result: SignedPut, limits: Limits};
const graded = {...common, autograder: z.object({url: z.url(), sha256: Sha256})};

/** One piece of work for the container. The URLs are bearer secrets: student code must never see them. */
export const ManifestEntry = z.discriminatedUnion('kind', [
  z.object({...graded, kind: z.literal('grade'), submissionId: RecordId, notebook: z.object({url: z.url()})}),
  z.object({...graded, kind: z.literal('inspect')}),
  z.object({
    ...common,
    kind: z.literal('assign'),
    creationId: RecordId,
    /** The author's notebook, under its own name. */
    notebook: z.object({url: z.url(), name: OutsideName}),
    /** Where the archive goes, and the students' notebook. */
    archive: SignedPut,
    student: SignedPut,
  }),
]);
export type ManifestEntry = z.infer<typeof ManifestEntry>;

/** What one task does. */
export const Manifest = z.object({
  schemaVersion: z.literal(1),
  createdAt: Instant,
  entries: z.array(ManifestEntry).min(1).max(500),
  /** Where the task looks for another manifest when it is through, for so many seconds; by `close` it says that it ends. */
  next: z.object({url: z.url(), close: SignedPut, seconds: z.number().positive()}).optional(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Where each task of an execution finds its manifest: `tasks[CLOUD_RUN_TASK_INDEX]`. */
export const ManifestIndex = z.object({schemaVersion: z.literal(1), tasks: z.array(z.url()).min(1).max(500)});
export type ManifestIndex = z.infer<typeof ManifestIndex>;
