import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {PubSub} from '@google-cloud/pubsub';
import {z} from 'zod';
import {connectGoogle} from '../../adapters/google/connect.ts';
import {type JobClients, makeJobs} from '../../adapters/google/jobs.ts';
import {makeWakeUps} from '../../adapters/google/wake-ups.ts';
import {collections, indexes} from '../../domain/records.ts';
import {commonSettings, settingsOf, type Target} from '../../functions/settings.ts';

/** Settings that a deployment has no use for, by why. */
export const elsewhere: Record<string, string> = {
  FIRESTORE_EMULATOR_HOST: 'emulators',
  PUBSUB_EMULATOR_HOST: 'emulators',
  STORAGE_ENDPOINT: 'emulators',
  RUN_ENDPOINT: 'emulators',
  HOLT_DATA: 'the embedded engine',
  HOLT_UPGRADE: 'the embedded engine',
  PORT: 'set by Cloud Run',
  HOST: 'every address, in a container',
  NO_AUTH: 'never',
  HOLT_PROXY_SECRET: 'a proxy signs with a key of its own: HOLT_PROXY_PUBLIC_KEY',
};

/** Every setting that a function reads. */
export const settingsFor = (target: Target): string[] =>
  Object.keys({...commonSettings.shape, ...settingsOf[target].shape});

/** Topics that the code publishes to: the adapter says them itself to a client that notes them. */
export async function listTopics(prefix: string): Promise<string[]> {
  const topics = new Set<string>();
  const client = {
    topic(name: string) {
      topics.add(name);
      return {publishMessage: async () => '1'};
    },
  };
  const {wake, replay} = makeWakeUps(client as unknown as PubSub, {prefix});
  await wake();
  await wake({course: 'demo'});
  for (const stage of ['record', 'passback', 'audit'] as const) {
    await replay(stage, 'passbacks/p1');
  }

  return [...topics].sort();
}

/** Buckets that the code reads, as the storage client asks a server for them. */
export async function listBuckets(settings: {HOLT_BUCKET?: string}, prefix: string): Promise<string[]> {
  const buckets = new Set<string>();
  const server = createServer((request, response) => {
    const [, bucket] = /^\/storage\/v1\/b\/([^/]+)\/o\//.exec(request.url ?? '') ?? [];
    buckets.add(bucket ?? String(request.url));
    response.writeHead(404, {'content-type': 'application/json'}).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const STORAGE_ENDPOINT = `http://127.0.0.1:${port}`;
  const objects = await connectGoogle({GCP_PROJECT_ID: 'p', ...settings, STORAGE_ENDPOINT}, prefix).objects();
  await objects.exists({bucket: 'work', name: 'x'});
  await objects.exists({bucket: 'results', name: 'x'});
  server.closeAllConnections();
  server.close();
  return [...buckets].sort();
}

/** Settings that dispatch gives to each execution of the job, as the adapter asks for them. */
export async function listOverrides(): Promise<string[]> {
  type Asked = {overrides?: {containerOverrides?: {env: {name: string}[]}[]}};
  const asked: Asked[] = [];
  const jobs = {
    async runJob(request: Asked) {
      asked.push(request);
      return [{metadata: {name: 'execution'}}];
    },
  };
  const {start} = makeJobs({jobs, executions: {}} as unknown as JobClients, {projectId: 'p', region: 'r', job: 'j'});
  await start({tasks: 1, manifestIndexUrl: 'https://example.org', timeoutSeconds: 60});
  return asked
    .flatMap(({overrides}) => overrides?.containerOverrides ?? [])
    .flatMap(({env}) => env.map(({name}) => name));
}

const longTexts = new Set(['message', 'problem']);

/** Fields that no query names and that hold a list, an object or a text of any length: `collection.field`. */
export const listUnindexed = (): string[] =>
  Object.entries(collections).flatMap(([collection, schema]) => {
    const named = new Set<string>(indexes[collection as keyof typeof indexes].flat());
    return shapesOf(schema)
      .flatMap(shape => Object.entries(shape))
      .filter(([field, of]) => !named.has(field) && (isDeep(of) || longTexts.has(field)))
      .map(([field]) => `${collection}.${field}`)
      .filter((field, index, all) => all.indexOf(field) === index);
  });

const shapesOf = (schema: z.ZodType): z.ZodRawShape[] =>
  schema instanceof z.ZodDiscriminatedUnion
    ? schema.options.flatMap(option => shapesOf(option as z.ZodType))
    : schema instanceof z.ZodObject
      ? [schema.shape]
      : [];

function isDeep(schema: unknown): boolean {
  const inner = (schema as {unwrap?: () => unknown}).unwrap;
  if (schema instanceof z.ZodArray || schema instanceof z.ZodObject || schema instanceof z.ZodRecord) {
    return true;
  }

  return schema instanceof z.ZodUnion
    ? schema.options.some(isDeep)
    : typeof inner === 'function' && isDeep(inner.call(schema));
}
