import type {HubUser} from './hub.ts';
import type {SignedPut} from './manifest.ts';
import type {ObjectName} from './object-names.ts';
import type {LineItem, SendOutcome} from './passback.ts';
import type {Collection, RecordOf} from './records.ts';
import type {Instant} from './values.ts';

/*
 * What the stages need of the outside, as small function types. Adapters in `adapters/google` and `adapters/embedded`
 * fill them, and one contract suite (`testing/contracts/`) runs against both.
 */

// --- Clock, chance, log ---

/** The time now. */
export type Now = () => Instant;
/** A new random id: base64url, 22 characters, 128 bits. */
export type NewId = () => string;
/** Waits; the timer does not keep a process alive. */
export type Wait = (seconds: number) => Promise<void>;

export type Severity = 'DEBUG' | 'INFO' | 'NOTICE' | 'WARNING' | 'ERROR';
/** Writes one JSON line: a fixed sentence and fields. Never notebook text, tokens or full names. */
export type Log = (severity: Severity, message: string, fields?: Record<string, unknown>) => void;

// --- Records ---

/** Finds one record by id. */
export type Find = <C extends Collection>(collection: C, id: string) => Promise<RecordOf<C> | undefined>;

export type Filter = readonly [
  field: string,
  operator: '==' | '<' | '<=' | '>' | '>=',
  value: string | number | boolean,
];

/** A page of a collection. Order is by the given field, then by id in the same direction. */
export type Query<C extends Collection = Collection> = {
  collection: C;
  where?: readonly Filter[];
  orderBy: readonly [field: string, direction: 'asc' | 'desc'];
  /** Goes on after the record with this value of the order's field and this id. */
  after?: readonly [value: string | number, id: string] | undefined;
  limit: number;
};

/** Lists a page of records. Sees everything committed before the call. */
export type List = <C extends Collection>(query: Query<C>) => Promise<RecordOf<C>[]>;

/** Counts records that match. */
export type Count = (query: {collection: Collection; where: readonly Filter[]}) => Promise<number>;

/** Reads first, then writes; nothing is visible to others before the commit. */
export type Transaction = {
  find: Find;
  /** Fails the whole transaction with `conflict` when the record exists. */
  create: <C extends Collection>(collection: C, record: RecordOf<C>) => void;
  /** Creates or replaces. */
  put: <C extends Collection>(collection: C, record: RecordOf<C>) => void;
  remove: (collection: Collection, id: string) => void;
};

/**
 * Runs `work` so that its writes are all made or none, and only if nothing it read has changed meanwhile; `work` is run
 * again when something has. Resolves when the writes are durable. `work` has no effect but through the transaction.
 *
 * Throws: what `work` throws; `conflict` when a created record exists or contention does not end.
 */
export type Transact = <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>;

export type Records = {find: Find; list: List; count: Count; transact: Transact};

// --- Objects ---

export type WriteObject = (
  object: ObjectName,
  content: Uint8Array,
  contentType: string,
) => Promise<'written' | 'exists'>;

/** Large bytes. Objects are written once: a second write of a name changes nothing and answers `exists`. */
export type Objects = {
  /** Resolves when the content is durable. */
  write: WriteObject;
  /** Throws `too-large` when the object has more than `maxBytes`. */
  read: (object: ObjectName, maxBytes: number) => Promise<Uint8Array | undefined>;
  exists: (object: ObjectName) => Promise<boolean>;
  /** Removing what is not there is not an error. */
  remove: (object: ObjectName) => Promise<void>;
  /** Copies within the store; `exists` when the target is there already. Throws `not-found` without a source. */
  copy: (from: ObjectName, to: ObjectName) => Promise<'written' | 'exists'>;
  /** A URL that reads this object without any other right, for so long. */
  signGet: (object: ObjectName, seconds: number) => Promise<string>;
  /** A URL that writes this object once: a second PUT is answered 412, more than `maxBytes` is refused. */
  signPut: (object: ObjectName, seconds: number, maxBytes: number) => Promise<SignedPut>;
};

// --- Wake-ups, events, jobs ---

/** Wakes dispatch. Losing it costs a minute, so a caller logs its failure and goes on. */
export type Wake = (about?: {course?: string}) => Promise<void>;

/** Stages whose event can be delivered again. */
export type ReplayStage = 'record' | 'passback' | 'audit';

/** Delivers a stage's own event again. `id`: a result object's name, a passback's id, or `collection/id`. */
export type Replay = (stage: ReplayStage, id: string) => Promise<void>;

/** What one `jobs.run` starts. */
export type JobRequest = {tasks: number; manifestIndexUrl: string; timeoutSeconds: number};

export type Jobs = {
  /**
   * Starts one execution and answers its name, without waiting for its end.
   *
   * Throws: `jobs-refused` when it certainly did not start, `jobs-unknown` when it may have.
   */
  start: (request: JobRequest) => Promise<string>;
  /** `lost`: ended with the platform's last life, through no fault of the work. `unknown`: cannot be told now. */
  findState: (execution: string) => Promise<'running' | 'ended' | 'lost' | 'unknown'>;
};

// --- Outside systems ---

/** Where a course's config and archives come from. */
export type CourseSource = {
  /**
   * Looks for the newest revision, cheaply: a conditional request, or a look at file times.
   *
   * Throws: `source-unavailable` (try later), `invalid-course` (there is nothing to be had at this address).
   */
  findRevision: () => Promise<string>;
  /** Reads a file as of a revision; undefined when it has none of that name. Throws `source-unavailable`, `too-large`. */
  readFile: (revision: string, path: string, maxBytes: number) => Promise<Uint8Array | undefined>;
};

/** The JupyterHub beside Holt. */
export type Hub = {
  /** Who holds this token; undefined when the hub knows it not. Throws `hub-unavailable`. */
  findUserByToken: (token: string) => Promise<HubUser | undefined>;
  /** Exchanges an OAuth code; undefined when the hub refuses it. Throws `hub-unavailable`. */
  findUserByCode: (code: string, verifier: string) => Promise<HubUser | undefined>;
  /** Where a browser goes to log in, with PKCE's S256 challenge. */
  authorizeUrl: (state: string, challenge: string) => string;
};

/** Sends one score by LTI 1.1 replaceResult. Never throws for what an LMS may answer. */
export type SendScore = (lineItem: LineItem, fraction: number) => Promise<SendOutcome>;

/** What an engine gives the stages. Each part is made when it is first asked for. */
export type Engine = {
  records: () => Promise<Records>;
  objects: () => Promise<Objects>;
  wakeUps: () => Promise<{wake: Wake; replay: Replay}>;
  jobs: () => Promise<Jobs>;
};
