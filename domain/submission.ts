import {z} from 'zod';
import {WorkKey} from './assignment.ts';
import {Instant, OutsideName, RecordId, Sha256} from './values.ts';

/** How Holt knows who submitted. `claimed` is what a page said of itself and is never verified. */
export const Proof = z.object({
  kind: z.enum(['hub', 'jwt', 'proxy', 'claimed']),
  verified: z.boolean(),
  /** The way the proof took, for staff and audit: a hub token, its OAuth, or a session made from it. */
  via: z.enum(['token', 'oauth', 'session', 'header']),
});
export type Proof = z.infer<typeof Proof>;

/** What staff should look at. `other-login`: the page named another user than the one who was logged in. */
export const Flag = z.enum(['other-login', 'unverified', 'claimed-late']);
export type Flag = z.infer<typeof Flag>;

/** The program that sent a notebook. */
export const Client = z.enum(['otter-submit', 'gofer-submit', 'mod-jupyter', 'holt']);
export type Client = z.infer<typeof Client>;

/** One upload, as it was received. Never edited. */
export const Submission = WorkKey.extend({
  id: RecordId,
  /** When the upload was complete, never when it was claimed. */
  receivedAt: Instant,
  createdAt: Instant,
  client: Client,
  sha256: Sha256,
  bytes: z.number().int().nonnegative(),
  proof: Proof,
  flags: z.array(Flag),
  /** The user that the page named, when it differs from who was logged in. */
  namedStudent: OutsideName.nullable(),
  /** The head and grade this submission belongs to. */
  workId: RecordId,
  /** The archive it is graded against, where its activity says so; left out where the course's config says it. */
  autograderSha256: Sha256.optional(),
  trace: z.string(),
});
export type Submission = z.infer<typeof Submission>;

/** The newest submission of a student for an assignment. */
export const Head = WorkKey.extend({
  id: RecordId,
  submissionId: RecordId,
  receivedAt: Instant,
  sha256: Sha256,
  createdAt: Instant,
});
export type Head = z.infer<typeof Head>;

/** Whether the first of two submissions comes after the second: by upload, then by id. */
export const isNewer = (
  a: {receivedAt: Instant; submissionId: string},
  b: {receivedAt: Instant; submissionId: string},
): boolean => a.receivedAt > b.receivedAt || (a.receivedAt === b.receivedAt && a.submissionId > b.submissionId);

/** A notebook that waits for its owner to be known. It becomes a submission of id `submissionId`, or expires. */
export const Parked = z.object({
  /** Made from the state that travels through the hub's OAuth. */
  id: RecordId,
  submissionId: RecordId,
  course: OutsideName,
  section: OutsideName,
  assignment: OutsideName,
  /** The user that the page named, if it did; only a login of that name claims it by itself. */
  namedStudent: OutsideName.nullable(),
  /** SHA-256 of the cookie that only the uploading browser holds. */
  cookieHash: Sha256,
  /** SHA-256 of the network address, to limit parking per address. */
  addressHash: Sha256,
  client: Client,
  sha256: Sha256,
  bytes: z.number().int().nonnegative(),
  receivedAt: Instant,
  createdAt: Instant,
  /** Set once when it became a submission; the submission's id, which differs when the notebook was already there. */
  claimedAs: RecordId.nullable(),
  claimed: z.boolean(),
  /** Who was logged in when a notebook of another user was to be claimed: staff should look. */
  otherLogin: OutsideName.nullable(),
  expireAt: Instant,
  trace: z.string(),
});
export type Parked = z.infer<typeof Parked>;

/** An attempt that was refused, kept so that a student can point at it. No notebook. */
export const Refusal = z.object({
  id: RecordId,
  code: z.string(),
  message: z.string(),
  status: z.number().int(),
  course: z.string().nullable(),
  section: z.string().nullable(),
  assignment: z.string().nullable(),
  /** Who was logged in; null when nobody was known. */
  student: z.string().nullable(),
  /** Who the page said it was; proves nothing. */
  namedStudent: z.string().nullable(),
  client: Client,
  createdAt: Instant,
  expireAt: Instant,
  trace: z.string(),
});
export type Refusal = z.infer<typeof Refusal>;
