import {randomBytes} from 'node:crypto';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {NodeChild} from './node-child.ts';
import {root} from './options.ts';

/** A running local stack, whichever engine it stands on. */
export type Stack = {
  /** Where Holt answers. */
  url: string;
  /** The processes of Holt itself, by name, so that a test can kill and start each. */
  parts: ReadonlyMap<string, NodeChild>;
  /** Where records and objects are, for a test to look at; an engine that has them alone says nothing. */
  places?: {projectId: string; prefix: string; firestore: string; storage: string; buckets: readonly string[]};
  /** Restarts what sources under this path (from the root) belong to; answers the names of what was restarted. */
  restart: (changed: string) => Promise<string[]>;
  close: () => Promise<void>;
};

export const prefix = '/services/otter_grade/';
export const clientId = 'service-otter_grade';

/** Secrets of a local stack: made once for a data folder, so that a restart still opens sessions and signatures. */
export type Secrets = {apiToken: string; consumerKey: string; consumerSecret: string; sessionKey: string};

export function openSecrets(dataFolder: string): Secrets {
  const file = path.join(dataFolder, 'secrets.json');
  if (!existsSync(file)) {
    const make = () => randomBytes(24).toString('hex');
    const secrets: Secrets = {apiToken: make(), consumerKey: 'local-holt', consumerSecret: make(), sessionKey: make()};
    writeFileSync(file, JSON.stringify(secrets), {mode: 0o600});
  }

  return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
}

export type StackSettings = {
  port: number;
  dataFolder: string;
  /** Course name -> folder. */
  courses: Record<string, string>;
  secrets: Secrets;
  /** The stand-in hub and the LMS. */
  companionsUrl: string;
  /** The real hub's settings instead of the stand-in's. */
  hub: Record<string, string> | undefined;
  upgrade: boolean;
  onLine: (line: string) => void;
  onUnexpectedExit: (reason: string) => void;
};

/** The settings of Holt in a local stack, by their names in the environment. */
export function makeEnvironment(settings: StackSettings): Record<string, string> {
  const {port, courses, secrets, companionsUrl, hub} = settings;
  const {PATH = '', HOME, HOLT_UNSAFE_NO_SANDBOX, HOLT_LAYERS, VERBOSE_LOGGING, NODE_COMPILE_CACHE} = process.env;
  return {
    PATH,
    ...(HOME && {HOME}),
    ...(VERBOSE_LOGGING && {VERBOSE_LOGGING}),
    ...(NODE_COMPILE_CACHE && {NODE_COMPILE_CACHE}),
    // A machine without namespaces can still try Holt out; results say that nothing kept student code apart.
    ...((HOLT_UNSAFE_NO_SANDBOX || process.platform === 'darwin') && {
      HOLT_UNSAFE_NO_SANDBOX: HOLT_UNSAFE_NO_SANDBOX || '1',
    }),
    HOLT_PYTHON: process.env.HOLT_PYTHON || path.join(root, '.holt/python/bin/python'),
    ...(HOLT_LAYERS && {HOLT_LAYERS}),
    HOST: '127.0.0.1',
    PORT: String(port),
    METADATA_SERVER_DETECTION: 'none',
    HOLT_COURSES: JSON.stringify(courses),
    HOLT_SESSION_KEY: secrets.sessionKey,
    // Whoever logs in as staff sees every course.
    HOLT_ADMINS: 'staff',
    JUPYTERHUB_API_URL: `${companionsUrl}/hub/api`,
    JUPYTERHUB_API_TOKEN: secrets.apiToken,
    JUPYTERHUB_CLIENT_ID: clientId,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    HOLT_HUB_ORIGIN: `http://127.0.0.1:${port},http://localhost:${port}`,
    LTI_CONSUMER_KEY: secrets.consumerKey,
    LTI_CONSUMER_SECRET: secrets.consumerSecret,
    EDX_URL: new URL(companionsUrl).host,
    EDX_BASE_URL: companionsUrl,
    ...hub,
  };
}
