import {z} from 'zod';

/*
 * Every setting of the functions, by the name it has in the environment. Names of otter-service and JupyterHub are kept
 * where they had one. `config.ts` reads them; nothing else looks at the environment.
 */

const text = z.string().trim().min(1);
const flag = z
  .string()
  .trim()
  .toLowerCase()
  .transform((value, context) => {
    if (['true', '1', 't', 'yes', 'on'].includes(value)) {
      return true;
    }

    if (['false', '0', 'f', 'no', 'off', ''].includes(value)) {
      return false;
    }

    context.addIssue('must be true or false');
    return z.NEVER;
  });
const list = z.string().transform(value =>
  value
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== ''),
);
const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);
const seconds = z.coerce.number().min(0).max(86_400);
const url = z.url({protocol: /^https?$/, error: 'must be an address with http:// or https://'});
const origin = url.transform(value => new URL(value).origin);
const path = z.string().regex(/^\/([\w.~%@+-]+\/)*$/, 'must be a path that begins and ends with /');

export const targets = ['exchange', 'dispatch', 'record', 'passback', 'audit', 'sweep'] as const;
export const Target = z.enum(targets);
export type Target = z.infer<typeof Target>;

/** What every function needs. */
const Common = z.object({
  /** `embedded` runs everything in one process on one folder. */
  HOLT_ENGINE: z.enum(['google', 'embedded']).default('google'),
  /** Prefixes collections, topics and buckets, so that environments can share a project. */
  ENVIRONMENT: z
    .string()
    .regex(/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens')
    .optional(),
  VERBOSE_LOGGING: flag.default(false),
  GCP_PROJECT_ID: text.optional(),
  /** A named Firestore database; the project's own when unset. */
  FIRESTORE_DATABASE: text.optional(),
  FIRESTORE_EMULATOR_HOST: text.optional(),
  PUBSUB_EMULATOR_HOST: text.optional(),
  /** Address of a storage emulator, for local runs. */
  STORAGE_ENDPOINT: url.optional(),
  /** Buckets are `<ENVIRONMENT>-<this>-work` and `-results`. */
  HOLT_BUCKET: text.optional(),
  /** Folder of the embedded engine. */
  HOLT_DATA: text.optional(),
  /** False, or `--no-upgrade`: refuse an older store instead of backing it up and upgrading it. */
  HOLT_UPGRADE: flag.default(true),
  PORT: whole(0, 65_535).default(8080),
  /** Every address in a container; this machine alone on the embedded engine. */
  HOST: text.optional(),
});

const Exchange = z.object({
  JUPYTERHUB_API_URL: url.optional(),
  JUPYTERHUB_API_TOKEN: text.optional(),
  JUPYTERHUB_SERVICE_PREFIX: path.default('/services/otter_grade/'),
  /** Where gofer_submit posts, and the hub's service of this path; its token is the other service's when it is not given. */
  HOLT_GOFER_PREFIX: path.default('/services/gofer_nb/'),
  HOLT_GOFER_CLIENT_ID: text.default('service-gofer_nb'),
  HOLT_GOFER_API_TOKEN: text.optional(),
  JUPYTERHUB_BASE_URL: path.default('/'),
  /** OAuth client id of Holt at the hub; JupyterHub gives `service-<name>`. */
  JUPYTERHUB_CLIENT_ID: text.default('service-otter_grade'),
  /** Origins of the hub's pages as browsers see them, e.g. https://hub.example.edu; the first one is used in links. */
  HOLT_HUB_ORIGIN: list.pipe(z.array(origin).min(1)).optional(),
  /** Seals session cookies. All instances need the same one. */
  HOLT_SESSION_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  HOLT_JWT_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  HOLT_JWT_PUBLIC_KEY: text.optional(),
  HOLT_JWT_AUDIENCE: text.optional(),
  /** A header that a proxy in front signs as a JWT. */
  HOLT_PROXY_HEADER: text.toLowerCase().optional(),
  HOLT_PROXY_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  HOLT_PROXY_PUBLIC_KEY: text.optional(),
  HOLT_PROXY_AUDIENCE: text.optional(),
  /** Believe X-Otter-User and Referer. Anybody can submit as anybody then; such submissions are marked. */
  HOLT_TRUST_CLAIMED_USER: flag.default(false),
  HOLT_ADMINS: list.default([]),
  /** Signs the tokens of Moodle's mod_jupyter, under jupyterhub-gradeservice's name; without it Moodle is not answered. */
  JWT_SECRET: text.optional(),
  /** How long mod_jupyter waits for a grade; gradeservice's name. */
  GRADING_TIMEOUT: whole(1, 3600).default(120),
  /** gradeservice's switch that lets anybody in; Holt has none. */
  NO_AUTH: flag.default(false),
  MOODLE_PREFIX: path.default('/'),
  /** `required`: a token must say what it is for, and expire. */
  MOODLE_TOKEN_SCOPES: z.enum(['optional', 'required']).default('optional'),
  MOODLE_TOKEN_AUDIENCE: text.optional(),
  /** Tell students the text of hidden cases, as gradeservice does. */
  MOODLE_SHOW_HIDDEN_OUTPUT: flag.default(true),
  MAX_NOTEBOOK_BYTES: whole(1000, 2 ** 30).default(20 * 2 ** 20),
  /** Bytes of notebooks that may be in memory at once. */
  BODY_MEMORY_BYTES: whole(1000, 2 ** 36).default(256 * 2 ** 20),
  BODY_GRACE_SECONDS: seconds.default(20),
  BODY_BYTES_PER_SECOND: whole(1, 2 ** 30).default(8192),
  PARKED_PER_ADDRESS: whole(1, 1e6).default(2000),
  PARKED_IN_TOTAL: whole(1, 1e7).default(50_000),
  /** Proxies in front that append to X-Forwarded-For. */
  PROXY_HOPS: whole(0, 10).default(0),
});

const Dispatch = z.object({
  /** Course -> source, as JSON or `name=source,…`: a folder, or github.com/owner/repo. */
  HOLT_COURSES: text.optional(),
  /** Gofer's course config: a path in the course's source, or a file of this machine when it begins with /. */
  COURSE_CONFIG_PATH: text.optional(),
  COURSE_CONTENT_READER_APP_ID: text.optional(),
  COURSE_CONTENT_READER_PRIVATE_KEY: text.optional(),
  COURSE_CONTENT_READER_INSTALLATION_ID: text.optional(),
  GITHUB_API_URL: url.optional(),
  /** `projects/P/locations/R/jobs/NAME` */
  GRADER_JOB: text.optional(),
  RUN_ENDPOINT: text.optional(),
  MAX_PARALLEL_TASKS: whole(1, 10_000).optional(),
  MAX_SUBMISSIONS_PER_TASK: whole(1, 500).default(1),
  MIN_SECONDS_BETWEEN_RUNS: seconds.optional(),
  START_ALLOWANCE_SECONDS: seconds.default(180),
});

const Passback = z.object({
  LTI_CONSUMER_KEY: text.optional(),
  LTI_CONSUMER_SECRET: text.optional(),
  /** Host only, e.g. edge.edx.org. */
  EDX_URL: z
    .string()
    .regex(/^[\w.-]+(:\d+)?$/, 'must be a host name, without https://')
    .optional(),
  /** Hosts, beside EDX_URL, that outcomes_url of gofer's course config may name. */
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
  /** Overrides scheme and host of the outcomes URL. */
  EDX_BASE_URL: url.optional(),
  POST_GRADE: flag.optional(),
});

export const Settings = z.object({...Common.shape, ...Exchange.shape, ...Dispatch.shape, ...Passback.shape});
export type Settings = z.infer<typeof Settings>;
