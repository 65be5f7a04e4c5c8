import {homedir} from 'node:os';
import path from 'node:path';
import type {Log} from '../../domain/ports.ts';
import {claimFolder} from './claim-folder.ts';
import {startEventRouter} from './event-router.ts';
import {getPrograms, type Places} from './find-programs.ts';
import {installFakeGcsServer} from './install-fake-gcs-server.ts';
import {type JobProgram, startJobsServer} from './jobs-server.ts';
import {openLocalAccount} from './local-account.ts';
import {startEmulators} from './start-emulators.ts';
import {startStorageDoor} from './storage-door.ts';
import {makeSweepClock} from './sweep-clock.ts';
import {createBuckets, createTopics, createTriggers, notificationTopic} from './wiring.ts';

type Settings = {
  /** Everything that outlives the stack is here: objects, records, the key of signed URLs, logs. */
  folder: string;
  /** Where fake-gcs-server is built when it is missing. */
  tools: string;
  /** What each grading task runs. */
  job: JobProgram;
  log: Log;
  /** `ENVIRONMENT`: prefixes collections, topics and buckets. */
  environmentName?: string | undefined;
  projectId?: string;
  /** Tasks at a time. */
  parallelism?: number;
  sweepSeconds?: number;
  /** What programs are looked for in; the process's own. */
  environment?: Record<string, string | undefined>;
};

const REGION = 'us-central1';
const JOB = 'otter-grader';
const BUCKET = 'holt-local';

/**
 * Starts what stands in for Google Cloud on this machine: the Firestore and Pub/Sub emulators, fake-gcs-server, the
 * `jobs.run` server and the event router, wired as the deployed system is.
 *
 * Throws: `invalid-setting` that names missing programs and how to get them; `busy` when another stack has the folder.
 *
 * @example const {environment, registerFunctions, close} = await startGoogleStack({folder, tools, job, log});
 */
export async function startGoogleStack(settings: Settings) {
  const {folder, tools, job, log, environmentName, projectId = 'holt-local', parallelism, sweepSeconds} = settings;
  const prefix = environmentName ? `${environmentName}-` : '';
  const places: Places = {environment: settings.environment ?? process.env, home: homedir(), tools};
  await installFakeGcsServer(places, log);
  const programs = getPrograms(places);
  const closers: (() => void | Promise<void>)[] = [claimFolder(folder)];
  const close = async () => {
    for (const end of closers.splice(0).toReversed()) {
      await end();
    }
  };
  const opened = <T extends {close: () => void | Promise<void>}>(part: T): T => {
    closers.push(() => part.close());
    return part;
  };

  try {
    const buckets = {work: `${prefix}${BUCKET}-work`, results: `${prefix}${BUCKET}-results`};
    const account = openLocalAccount(folder, projectId);
    const router = opened(await startEventRouter({projectId, resultsBucket: buckets.results, log}));
    const jobs = opened(
      await startJobsServer({
        folder: path.join(folder, 'jobs'),
        jobs: {[JOB]: job},
        log,
        ...(parallelism && {parallelism}),
      }),
    );
    const emulators = opened(
      await startEmulators({
        programs,
        folder: path.join(folder, 'emulators'),
        projectId,
        eventsHost: new URL(router.url).host,
        resultsBucket: buckets.results,
        notificationTopic: notificationTopic(prefix),
        log,
      }),
    );
    const {firestoreHost, pubsubHost, storageUrl, processes} = emulators;
    const door = opened(await startStorageDoor({storageUrl, publicKey: account.publicKey}));
    const place = {projectId, prefix, routerUrl: router.url};
    await Promise.all([
      createTopics(pubsubHost, place),
      createBuckets(storageUrl, projectId, Object.values(buckets)),
      'host' in programs.firestore ? undefined : createTriggers(firestoreHost, place),
    ]);
    if ('host' in programs.firestore) {
      const {listenToRecords} = await import('./listen-to-records.ts');
      const deliver = router.deliverUntilTaken;
      opened(await listenToRecords({projectId, prefix, emulatorHost: firestoreHost, deliver, log}));
    }

    const clock = opened(
      makeSweepClock({deliver: router.deliverUntilTaken, projectId, ...(sweepSeconds && {sweepSeconds})}),
    );
    return {
      /** What a function's process needs in its environment to find all this. */
      environment: {
        HOLT_ENGINE: 'google',
        GCP_PROJECT_ID: projectId,
        ...(environmentName && {ENVIRONMENT: environmentName}),
        HOLT_BUCKET: BUCKET,
        GRADER_JOB: `projects/${projectId}/locations/${REGION}/jobs/${JOB}`,
        FIRESTORE_EMULATOR_HOST: firestoreHost,
        PUBSUB_EMULATOR_HOST: pubsubHost,
        STORAGE_ENDPOINT: door.url,
        RUN_ENDPOINT: jobs.url,
        GOOGLE_APPLICATION_CREDENTIALS: account.file,
        // There is no metadata server here, and looking for one takes seconds.
        METADATA_SERVER_DETECTION: 'none',
      } as Record<string, string>,
      /** Where its records and objects are. */
      places: {
        projectId,
        prefix,
        firestore: `http://${firestoreHost}`,
        storage: storageUrl,
        buckets: Object.values(buckets),
      },
      urls: {router: router.url, storage: door.url, jobs: jobs.url, firestore: `http://${firestoreHost}`},
      /** The emulators' processes, for a person or a test to look at. */
      processes,
      /** Tells where the functions are; again after a restart of one. The sweep begins when it is known. */
      registerFunctions(functions: Parameters<typeof router.registerFunctions>[0]) {
        router.registerFunctions(functions);
        if (functions.sweep) {
          clock.start();
        }
      },
      countWaiting: router.countWaiting,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type GoogleStack = Awaited<ReturnType<typeof startGoogleStack>>;
