import {z} from 'zod';
import {flag, list, origin, path, seconds, text, url, whole} from './setting-kinds.ts';

/*
 * Every setting of the functions, by the name it has in the environment. Names of otter-service and JupyterHub are kept
 * where they had one. `config.ts` reads them; nothing else looks at the environment.
 */

export const targets = ['exchange', 'dispatch', 'record', 'passback', 'audit', 'sweep'] as const;
export const Target = z.enum(targets);
export type Target = z.infer<typeof Target>;

/** What every function needs. */
const Common = z.object({
  /** `embedded` runs everything in one process on one folder. Default: `google`; `npm start`: `embedded` */
  HOLT_ENGINE: z.enum(['google', 'embedded']).default('google'),
  /** Prefixes collections, topics and buckets (`<ENVIRONMENT>-…`), so that environments can share a project. */
  ENVIRONMENT: z
    .string()
    .regex(/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens')
    .optional(),
  /** Log DEBUG too. */
  VERBOSE_LOGGING: flag.default(false),
  /** The project of the records, buckets and topics. */
  GCP_PROJECT_ID: text.optional(),
  /** A named Firestore database. Default: the project's own, `(default)` */
  FIRESTORE_DATABASE: text.optional(),
  /** Firestore's emulator, for local runs. Values: `host:port` */
  FIRESTORE_EMULATOR_HOST: text.optional(),
  /** Pub/Sub's emulator, for local runs. Values: `host:port` */
  PUBSUB_EMULATOR_HOST: text.optional(),
  /** A storage emulator, for local runs. */
  STORAGE_ENDPOINT: url.optional(),
  /** Buckets are `<this>-work` and `<this>-results`, after the prefix. */
  HOLT_BUCKET: text.optional(),
  /** Folder of the embedded engine: everything it keeps. Values: a path */
  HOLT_DATA: text.optional(),
  /** `false`, or `--no-upgrade`: refuse an older store instead of backing it up and upgrading it. */
  HOLT_UPGRADE: flag.default(true),
  /** The port to listen on; 0 takes a free one. */
  PORT: whole(0, 65_535).default(8080),
  /** The address to listen on. Default: every address in a container; this machine alone on the embedded engine */
  HOST: text.optional(),
});

const Exchange = z.object({
  /** The hub's API as Holt reaches it, e.g. `https://hub.example.edu/hub/api`. It says who a student is. */
  JUPYTERHUB_API_URL: url.optional(),
  /** Holt's `api_token` in the hub's config; also its OAuth secret. */
  JUPYTERHUB_API_TOKEN: text.optional(),
  /** Where otter-submit posts. */
  JUPYTERHUB_SERVICE_PREFIX: path.default('/services/otter_grade/'),
  /** Where gofer_submit posts, and the hub's service of this path. */
  HOLT_GOFER_PREFIX: path.default('/services/gofer_nb/'),
  /** OAuth client id of the hub's service for gofer_submit. */
  HOLT_GOFER_CLIENT_ID: text.default('service-gofer_nb'),
  /** Token of that service, when it is another one than `JUPYTERHUB_API_TOKEN`. Default: `JUPYTERHUB_API_TOKEN` */
  HOLT_GOFER_API_TOKEN: text.optional(),
  /** The hub's base path, before `hub/`. */
  JUPYTERHUB_BASE_URL: path.default('/'),
  /** OAuth client id of Holt at the hub; JupyterHub gives `service-<name>`. */
  JUPYTERHUB_CLIENT_ID: text.default('service-otter_grade'),
  /**
   * The hub's address as browsers see it, e.g. `https://hub.example.edu`; several by comma.
   * The first one is used in links; requests of pages from elsewhere are refused.
   */
  HOLT_HUB_ORIGIN: list.pipe(z.array(origin).min(1)).optional(),
  /** Seals session cookies. All instances need the same one. Default: made from the hub's token */
  HOLT_SESSION_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Accept JWTs signed with this secret (HS256): `sub` is the user, `exp` is needed. */
  HOLT_JWT_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  /** The same, by a public key (RS256, ES256); one of the two. Values: PEM */
  HOLT_JWT_PUBLIC_KEY: text.optional(),
  /** A JWT must be for this audience. */
  HOLT_JWT_AUDIENCE: text.optional(),
  /** A header that a proxy in front signs as a JWT that names the user. Values: a header's name */
  HOLT_PROXY_HEADER: text.toLowerCase().optional(),
  /** The secret that the proxy signs with (HS256). */
  HOLT_PROXY_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  /** The same, by a public key (RS256, ES256); one of the two. Values: PEM */
  HOLT_PROXY_PUBLIC_KEY: text.optional(),
  /** The proxy's JWT must be for this audience. */
  HOLT_PROXY_AUDIENCE: text.optional(),
  /** Believe X-Otter-User and Referer. Anybody can submit as anybody then; such submissions are marked. */
  HOLT_TRUST_CLAIMED_USER: flag.default(false),
  /** Users who see every course. Values: user names, by comma */
  HOLT_ADMINS: list.default([]),
  /** Signs the tokens of Moodle's mod_jupyter; gradeservice's name. Without it Moodle is not answered. */
  JWT_SECRET: text.optional(),
  /** Seconds that mod_jupyter waits for a grade before it gets 408; gradeservice's name. */
  GRADING_TIMEOUT: whole(1, 3600).default(120),
  /** How many of Moodle's submissions wait for their grades at once; beyond it they are told to come again. */
  MOODLE_WAITS_AT_ONCE: whole(1, 100_000).default(500),
  /** gradeservice's switch that lets anybody in: Holt does not start with it. */
  NO_AUTH: flag.default(false),
  /** The path before Moodle's `/{course}/{activity}`. */
  MOODLE_PREFIX: path.default('/'),
  /** `required`: a token must say what it is for, and expire. */
  MOODLE_TOKEN_SCOPES: z.enum(['optional', 'required']).default('optional'),
  /** Moodle's token must be for this audience. */
  MOODLE_TOKEN_AUDIENCE: text.optional(),
  /** Tell students the text of hidden cases, as gradeservice does. */
  MOODLE_SHOW_HIDDEN_OUTPUT: flag.default(true),
  /** The largest request. */
  MAX_NOTEBOOK_BYTES: whole(1000, 2 ** 30).default(20 * 2 ** 20),
  /** How many status requests wait (`?wait=`) at once in an instance; beyond it they are answered as they are. Default: 4; embedded: 500 */
  WAITS_AT_ONCE: whole(0, 100_000).optional(),
  /** Bytes of notebooks that may be in memory at once. */
  BODY_MEMORY_BYTES: whole(1000, 2 ** 36).default(256 * 2 ** 20),
  /** Seconds after which a body must come at `BODY_BYTES_PER_SECOND`. */
  BODY_GRACE_SECONDS: seconds.default(20),
  /** The slowest that a body may come. */
  BODY_BYTES_PER_SECOND: whole(1, 2 ** 30).default(8192),
  /** Unclaimed notebooks of one network address. */
  PARKED_PER_ADDRESS: whole(1, 1e6).default(2000),
  /** Unclaimed notebooks altogether. */
  PARKED_IN_TOTAL: whole(1, 1e7).default(50_000),
  /** Proxies in front that append to X-Forwarded-For; the limits for each address count by it. */
  PROXY_HOPS: whole(0, 10).default(0),
});

const Dispatch = z.object({
  /**
   * Where each course's config and archives come from; not needed with `JWT_SECRET`.
   * Values: `8x=github.com/owner/repo,demo=/folder`, or the same as a JSON object
   */
  HOLT_COURSES: text.optional(),
  /**
   * gofer's course config: a path in each course's source, or a file of this machine when it begins with `/`.
   * Values: a path
   */
  COURSE_CONFIG_PATH: text.optional(),
  /** The GitHub App that reads the courses. Values: its number */
  COURSE_CONTENT_READER_APP_ID: text.optional(),
  /** The GitHub App's private key. Values: PEM */
  COURSE_CONTENT_READER_PRIVATE_KEY: text.optional(),
  /** The installation of the GitHub App in the courses' organisation. Values: its number */
  COURSE_CONTENT_READER_INSTALLATION_ID: text.optional(),
  /** Another GitHub, e.g. `https://github.example.edu/api/v3`. Default: GitHub's own */
  GITHUB_API_URL: url.optional(),
  /** The Cloud Run job that grades. Values: `projects/P/locations/R/jobs/NAME` */
  GRADER_JOB: text.optional(),
  /** Another server of the Cloud Run API, for local runs. Values: `host:port` */
  RUN_ENDPOINT: text.optional(),
  /** Tasks that may run or wait at the platform at once. Default: 100; embedded: as many as cores */
  MAX_PARALLEL_TASKS: whole(1, 10_000).optional(),
  /** 1 gives each student a fresh container; more is cheaper. */
  MAX_SUBMISSIONS_PER_TASK: whole(1, 500).default(1),
  /** Lists of so many that a task grades one after the other, looking for the next for some seconds; 1 ends it with its first. Google Cloud only. */
  MAX_LISTS_PER_TASK: whole(1, 100).default(1),
  /** Seconds between two calls of `jobs.run`. Default: 6; embedded: 0 */
  MIN_SECONDS_BETWEEN_RUNS: seconds.optional(),
  /** Seconds that the platform may take to start a task. */
  START_ALLOWANCE_SECONDS: seconds.default(180),
});

const Passback = z.object({
  /** The key that the LMS knows Holt by (LTI 1.1). Posting is on when key, secret and `EDX_URL` are set. */
  LTI_CONSUMER_KEY: text.optional(),
  /** The secret of that key; signs every score. */
  LTI_CONSUMER_SECRET: text.optional(),
  /** edX's host, e.g. `edge.edx.org`. */
  EDX_URL: z
    .string()
    .regex(/^[\w.-]+(:\d+)?$/, 'must be a host name, without https://')
    .optional(),
  /** Hosts, beside `EDX_URL`, that `outcomes_url` of gofer's course config may name. Values: host names, by comma */
  HOLT_LMS_HOSTS: list
    .pipe(
      z.array(
        z
          .string()
          .toLowerCase()
          .regex(/^[\w.-]+(:\d+)?$/, 'must be host names'),
      ),
    )
    .default([]),
  /** Overrides scheme and host of the outcomes URL. Default: `https://<EDX_URL>` */
  EDX_BASE_URL: url.optional(),
  /**
   * `false` posts nothing: scores show `off`; `true` refuses to start without key, secret and host.
   * Default: on when they are set
   */
  POST_GRADE: flag.optional(),
});

export const Settings = z.object({...Common.shape, ...Exchange.shape, ...Dispatch.shape, ...Passback.shape});
export type Settings = z.infer<typeof Settings>;

/** Which of them a function reads, beside what every function needs. */
export const settingsOf = {
  exchange: Exchange,
  dispatch: Dispatch,
  record: z.object({}),
  passback: Passback,
  audit: z.object({}),
  sweep: Dispatch.pick({GRADER_JOB: true, RUN_ENDPOINT: true}),
} as const satisfies Record<Target, z.ZodObject>;
export const commonSettings = Common;
