/* What runs images on a platform, and how their images are set. */

export type Kind = 'service' | 'job';

/** A service or job as Cloud Run has it now. */
export type Deployed = {
  kind: Kind;
  name: string;
  image: string;
  /** Why it does not run, or not only, what its template says; undefined when it does. */
  problem: string | undefined;
  /** The revision that serves, by its short name; undefined for a job. */
  revision: string | undefined;
  /** What this program noted on it. */
  notes: string;
  /** What its program finds in its environment; null for a secret, which is not read here. */
  variables: Record<string, string | null>;
  updatedAt: string;
  /** Cloud Run refuses a change that was not made on this. */
  etag: string;
};

/** A revision of a service. */
export type Revision = {name: string; image: string; createdAt: string; isBroken: boolean};

export type Change = {image: string; notes?: string; etag?: string};

export type Releases = {
  find: (kind: Kind, name: string) => Promise<Deployed | undefined>;
  /** Sets the image and waits until it serves. */
  deploy: (kind: Kind, name: string, change: Change) => Promise<void>;
  /** The newest first. */
  listRevisions: (service: string) => Promise<Revision[]>;
};
