import {HoltError} from '../../domain/errors.ts';
import type {Engine, Jobs, Objects, Records, Replay, Wake} from '../../domain/ports.ts';
import {later} from './later.ts';

type WakeUps = {wake: Wake; replay: Replay};

/** The settings it reads, by their names in the environment. */
export type GoogleSettings = {
  GCP_PROJECT_ID?: string | undefined;
  /** Base name of the two buckets, before prefix and `-work` or `-results`. */
  HOLT_BUCKET?: string | undefined;
  FIRESTORE_DATABASE?: string | undefined;
  /** `projects/P/locations/R/jobs/NAME` */
  GRADER_JOB?: string | undefined;
  /** Where emulators are, for local runs; Google Cloud otherwise. */
  FIRESTORE_EMULATOR_HOST?: string | undefined;
  PUBSUB_EMULATOR_HOST?: string | undefined;
  STORAGE_ENDPOINT?: string | undefined;
  RUN_ENDPOINT?: string | undefined;
};

/** Connects to Google Cloud. Each client is loaded by the first call that needs it, so a function carries only its own. */
export function connectGoogle(settings: GoogleSettings, prefix: string): Engine {
  const projectId = settings.GCP_PROJECT_ID ?? '';
  const records = later<Records>(['find', 'list', 'count', 'transact'], async () => {
    const {connectFirestore, makeRecords} = await import('./records.ts');
    const {FIRESTORE_DATABASE: databaseId, FIRESTORE_EMULATOR_HOST: emulatorHost} = settings;
    return makeRecords(connectFirestore({projectId, databaseId, emulatorHost}), {prefix});
  });
  const objects = later<Objects>(['write', 'read', 'exists', 'remove', 'copy', 'signGet', 'signPut'], async () => {
    const {connectStorage, makeObjects} = await import('./objects.ts');
    const bucket = `${prefix}${settings.HOLT_BUCKET}`;
    const storage = connectStorage({projectId, apiEndpoint: settings.STORAGE_ENDPOINT});
    return makeObjects(storage, {work: `${bucket}-work`, results: `${bucket}-results`});
  });
  const wakeUps = later<WakeUps>(['wake', 'replay'], async () => {
    const {connectPubSub, makeWakeUps} = await import('./wake-ups.ts');
    return makeWakeUps(connectPubSub({projectId, emulatorHost: settings.PUBSUB_EMULATOR_HOST}), {prefix});
  });
  return {
    records: async () => records,
    objects: async () => objects,
    wakeUps: async () => wakeUps,
    async jobs() {
      // A wrong name is said at the start, not by the first grading.
      const job = parseJobName(settings.GRADER_JOB);
      return later<Jobs>(['start', 'findState'], async () => {
        const {connectJobs, makeJobs} = await import('./jobs.ts');
        return makeJobs(connectJobs({projectId, apiEndpoint: settings.RUN_ENDPOINT}), job);
      });
    },
  };
}

function parseJobName(name = ''): {projectId: string; region: string; job: string} {
  const [, projectId, region, job] = /^projects\/([^/]+)\/locations\/([^/]+)\/jobs\/([^/]+)$/.exec(name) ?? [];
  if (!projectId || !region || !job) {
    throw new HoltError('invalid-setting', `GRADER_JOB is "${name}": it must be projects/P/locations/R/jobs/NAME.`);
  }

  return {projectId, region, job};
}
