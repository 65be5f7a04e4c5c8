import {z} from 'zod';
import type {Proof} from './submission.ts';
import {type Instant, OutsideName} from './values.ts';

/** A user as the hub names them. */
export const HubUser = z.object({
  name: OutsideName,
  groups: z.array(z.string()).default([]),
  admin: z.boolean().default(false),
});
export type HubUser = z.infer<typeof HubUser>;

/** Who is asking, and how that is known. */
export type Identity = HubUser & {
  proof: Proof;
  /** When the session that proves it was made; only with a session. */
  sealedAt?: Instant | undefined;
};

/** What a session cookie carries. It is bound to one login at the hub by a hash of the hub's session id. */
export const Session = HubUser.extend({hubSession: z.string()});
export type Session = z.infer<typeof Session>;

/** A session as it is opened again, with the time it was made. */
export type OpenedSession = Session & {sealedAt: Instant};

/** A session lives at most this long. */
export const SESSION_SECONDS = 3600;

/**
 * A page believes a session no longer than this: when one login at the hub expires and another person logs in, the hub's
 * session id stays, and a page names nobody to compare with.
 */
export const PAGE_SESSION_SECONDS = 60;

/**
 * Who may see every submission of a course: the course's `staff`, members of the hub groups `<course>-staff` and
 * `formgrade-<course>` (nbgrader's name for graders), and the operator's admins.
 */
export function isStaff(
  user: Pick<HubUser, 'name' | 'groups'>,
  course: string,
  {staff, admins}: {staff: readonly string[]; admins: readonly string[]},
): boolean {
  const groups = [`${course}-staff`, `formgrade-${course}`];
  return admins.includes(user.name) || staff.includes(user.name) || user.groups.some(group => groups.includes(group));
}

/** Reads the user's name out of a page's address: `…/user/<name>/lab/…`. Proves nothing. */
export function userOfReferer(referer: string | undefined): string | undefined {
  const segment = /^https?:\/\/[^/?#]*(?:\/[^/?#]*)*?\/user\/([^/?#]+)/.exec(referer ?? '')?.[1];
  try {
    return segment ? decodeURIComponent(segment) : undefined;
  } catch {
    return undefined;
  }
}
