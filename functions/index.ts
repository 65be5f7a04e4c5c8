import {availableParallelism} from 'node:os';
import {fileURLToPath} from 'node:url';
import {cloudEvent, http} from '@google-cloud/functions-framework';
import {parseCourseSources} from '../domain/course-sources.ts';
import type {StageEvent} from '../domain/events.ts';
import type {Engine, Log} from '../domain/ports.ts';
import {readConfig, readGraderEnvironment, readTarget} from './config.ts';
import {readLms} from './read-lms.ts';
import {acknowledgeFinal, newId, now, wait} from './runtime.ts';
import type {Settings, Target} from './settings.ts';

/*
 * The composition root: it constructs adapters and registers the functions, in the order a submission meets them, and
 * does nothing else. A stage and its clients are loaded only for the function that this process serves.
 */

export type Listener = ReturnType<typeof import('./exchange/compose.ts').composeExchange>;
export type Stage = (event: StageEvent) => Promise<void>;
type Context = {settings: Settings; engine: Engine; log: Log; prefix: string};

/** One machine has as many places as it has cores. */
const EMBEDDED_TASKS = Math.max(availableParallelism(), 1);

/** Beside the functions, in a checkout as in the deployed layout. */
const graderProgram = import.meta.url.endsWith('.ts') ? '../grader-job/main.ts' : '../grader-job/main.js';

/** The embedded engine's folder is an environment of its own; on Google Cloud environments can share a project. */
const prefixOf = ({HOLT_ENGINE, ENVIRONMENT}: Settings): string =>
  HOLT_ENGINE === 'google' && ENVIRONMENT ? `${ENVIRONMENT}-` : '';

export async function makeStageLog(settings: Settings, component: string): Promise<Log> {
  const {makeLog} = await import('../adapters/log.ts');
  const level = settings.VERBOSE_LOGGING ? 'DEBUG' : 'INFO';
  return makeLog({level, component, projectId: settings.GCP_PROJECT_ID});
}

export async function makeContext(settings: Settings, engine: Engine, component: string): Promise<Context> {
  return {settings, engine, log: await makeStageLog(settings, component), prefix: prefixOf(settings)};
}

/** Connects to Google Cloud, or to the emulators that the settings name. */
export async function openGoogle(settings: Settings): Promise<Engine> {
  const {connectGoogle} = await import('../adapters/google/connect.ts');
  return connectGoogle(settings, prefixOf(settings));
}

export async function makeExchange({settings, engine, log}: Context): Promise<Listener> {
  const [{composeExchange}, {makeIdentityChecks}, {findClientTokenSettings}, records, objects, {wake}] =
    await Promise.all([
      import('./exchange/compose.ts'),
      import('../adapters/identity.ts'),
      import('../adapters/client-token.ts'),
      engine.records(),
      engine.objects(),
      engine.wakeUps(),
    ]);
  const {JUPYTERHUB_API_URL: apiUrl, JUPYTERHUB_API_TOKEN: apiToken, JUPYTERHUB_SERVICE_PREFIX: prefix} = settings;
  const baseUrl = settings.JUPYTERHUB_BASE_URL;
  const keyOf = (kind: 'JWT' | 'PROXY') => ({
    name: `HOLT_${kind}`,
    secret: settings[`HOLT_${kind}_SECRET`],
    publicKey: settings[`HOLT_${kind}_PUBLIC_KEY`],
    audience: settings[`HOLT_${kind}_AUDIENCE`],
  });
  const identity = makeIdentityChecks({
    hub: apiUrl && apiToken ? {apiUrl, apiToken, baseUrl, clientId: settings.JUPYTERHUB_CLIENT_ID, prefix} : undefined,
    gofer: {
      apiToken: settings.HOLT_GOFER_API_TOKEN ?? apiToken ?? '',
      clientId: settings.HOLT_GOFER_CLIENT_ID,
      prefix: settings.HOLT_GOFER_PREFIX,
    },
    sessionKey: settings.HOLT_SESSION_KEY,
    jwt: keyOf('JWT'),
    proxy: keyOf('PROXY'),
    client: findClientTokenSettings(settings),
  });
  return composeExchange({...records, ...identity, objects, wake, now, newId, wait, log}, settings);
}

export async function makeDispatch({settings, engine, log}: Context): Promise<Stage> {
  const [{composeDispatch}, {makeCourseSources}, records, objects, jobs] = await Promise.all([
    import('./dispatch/compose.ts'),
    import('../adapters/course-sources.ts'),
    engine.records(),
    engine.objects(),
    engine.jobs(),
  ]);
  const embedded = settings.HOLT_ENGINE === 'embedded';
  const configPath = settings.COURSE_CONFIG_PATH;
  const courses = settings.HOLT_COURSES ? parseCourseSources(settings.HOLT_COURSES) : {};
  const sources = await makeCourseSources(courses, settings);
  return composeDispatch(
    {...records, objects, jobs, now, newId, wait, log, sources, configPath},
    {
      // One machine has as many places as it has cores, and no quota of calls.
      maxParallelTasks: settings.MAX_PARALLEL_TASKS ?? (embedded ? EMBEDDED_TASKS : 100),
      maxSubmissionsPerTask: settings.MAX_SUBMISSIONS_PER_TASK,
      // Its processes are kept warm anyway.
      maxListsPerTask: embedded ? 1 : settings.MAX_LISTS_PER_TASK,
      minSecondsBetweenRuns: settings.MIN_SECONDS_BETWEEN_RUNS ?? (embedded ? 0 : 6),
      startAllowanceSeconds: settings.START_ALLOWANCE_SECONDS,
    },
  );
}

export async function makeRecord({engine, log}: Context): Promise<Stage> {
  const [stage, records, objects, {wake}] = await Promise.all([
    import('./record/handler.ts'),
    engine.records(),
    engine.objects(),
    engine.wakeUps(),
  ]);
  return stage.makeRecord({...records, readObject: objects.read, writeObject: objects.write, wake, now, log});
}

export async function makePassback({settings, engine, log, prefix}: Context): Promise<Stage> {
  const [stage, {makeSendScore}, records] = await Promise.all([
    import('./passback/handler.ts'),
    import('../adapters/lti/replace-result.ts'),
    engine.records(),
  ]);
  const {LTI_CONSUMER_KEY: consumerKey = '', LTI_CONSUMER_SECRET: consumerSecret = ''} = settings;
  const sendScore = makeSendScore({consumerKey, consumerSecret, newId, now});
  return stage.makePassback({...records, sendScore, now, newId, log}, {...readLms(settings), prefix});
}

export async function makeAudit({settings, engine, log, prefix}: Context): Promise<Stage> {
  const [stage, records] = await Promise.all([import('./audit/handler.ts'), engine.records()]);
  const isExported = settings.HOLT_ENGINE === 'google';
  return stage.makeAudit({...records, now, log, prefix, isExported});
}

export async function makeSweep({settings, engine, log}: Context): Promise<Stage> {
  const [{composeSweep}, records, objects, jobs, wakeUps] = await Promise.all([
    import('./sweep/compose.ts'),
    engine.records(),
    engine.objects(),
    engine.jobs(),
    engine.wakeUps(),
  ]);
  const expiresByItself = settings.HOLT_ENGINE === 'google';
  return composeSweep({...records, objects, jobs, ...wakeUps, now, newId, log, expiresByItself});
}

/** In flow order. */
export const stages = {
  dispatch: makeDispatch,
  record: makeRecord,
  passback: makePassback,
  audit: makeAudit,
  sweep: makeSweep,
};

/** Opens the embedded engine on its folder. `origin` is where this process answers signed URLs. */
export async function openEmbedded(settings: Settings, origin: () => string, log: Log) {
  const parallelism = settings.MAX_PARALLEL_TASKS ?? EMBEDDED_TASKS;
  const {openEmbeddedEngine} = await import('../adapters/embedded/open.ts');
  const opened = await openEmbeddedEngine({
    folder: settings.HOLT_DATA ?? '',
    origin,
    log,
    allowUpgrade: settings.HOLT_UPGRADE,
    jobs: {
      command: [process.execPath, fileURLToPath(new URL(graderProgram, import.meta.url))],
      environment: readGraderEnvironment(),
      parallelism,
      // A judge takes two seconds to make warm: it stays, and serves as many at a time as there are cores.
      keepsWarm: {workers: EMBEDDED_TASKS},
    },
  });
  const {objects, jobs, wake, replay, handleSigned, startDelivery, close, ...records} = opened;
  const engine: Engine = {
    records: async () => records,
    objects: async () => objects,
    jobs: async () => jobs,
    wakeUps: async () => ({wake, replay}),
  };
  return {engine, handleSigned, startDelivery, close};
}

/** Registers the function that the platform asks for, and answers it. */
async function register(target: Target): Promise<Listener | Stage> {
  const settings = readConfig(target);
  const context = await makeContext(settings, await openGoogle(settings), target);
  if (target === 'exchange') {
    const listener = await makeExchange(context);
    http('exchange', listener);
    return listener;
  }

  const stage = acknowledgeFinal(await stages[target](context), context.log);
  cloudEvent(target, stage);
  return stage;
}

/** The function that this process serves; undefined without FUNCTION_TARGET, as in a test or on the embedded engine. */
const target = readTarget();
export const registered = target ? await register(target) : undefined;
