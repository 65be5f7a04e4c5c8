import {archiveLimits} from '../../domain/autograder.ts';
import {HoltError} from '../../domain/errors.ts';
import type {Manifest, ManifestEntry, ManifestIndex} from '../../domain/manifest.ts';
import {
  activityArchiveName,
  activitySourceName,
  activityStudentName,
  archiveName,
  manifestIndexName,
  manifestName,
  notebookName,
  resultName,
} from '../../domain/object-names.ts';
import type {Jobs, Log, NewId, Now, Objects, Transact} from '../../domain/ports.ts';
import {LATE_SECONDS, runsIdOf} from '../../domain/queue.ts';
import {MAX_RESULT_BYTES} from '../../domain/result.ts';
import {addSeconds} from '../../domain/values.ts';
import {type Claimed, claimEntries, updateClaims} from './claim-entries.ts';
import type {Ready} from './find-ready.ts';
import {type DispatchSettings, OVERHEAD_SECONDS, waits} from './settings.ts';

export type StartBatchNeeds = {
  transact: Transact;
  objects: Pick<Objects, 'write' | 'signGet' | 'signPut'>;
  startJob: Jobs['start'];
  now: Now;
  newId: NewId;
  log: Log;
  settings: DispatchSettings;
};

const encode = (value: unknown) => Buffer.from(JSON.stringify(value));

/**
 * Makes the start of a batch: claim, write the manifests, call `jobs.run` once, note the execution.
 *
 * Killed before the call, the claims end after two minutes. Not started for certain, they are freed with a backoff. When
 * nobody can say whether it started, they stay until the work would be done, and the result is looked for first.
 */
export function makeStartBatch(needs: StartBatchNeeds) {
  const {objects, startJob, now, newId, log, settings} = needs;

  /** Answers how many entries were started. */
  return async (ready: readonly Ready[]): Promise<number> => {
    const batch = newId();
    const claimed = await claimEntries(needs, ready, {batch, perTask: settings.maxSubmissionsPerTask});
    if (claimed.length === 0) {
      return 0;
    }

    const tasks = groupByTask(claimed);
    const taskSeconds = Math.max(...tasks.map(secondsOf));
    const lifeSeconds = settings.startAllowanceSeconds + taskSeconds;
    const manifestIndexUrl = await writeManifests(batch, tasks, lifeSeconds + LATE_SECONDS).catch(async error => {
      // Nothing can have started yet.
      await free(claimed, batch, error);
      throw error;
    });
    let execution: string | null = null;
    try {
      execution = await startJob({tasks: tasks.length, manifestIndexUrl, timeoutSeconds: taskSeconds});
    } catch (error) {
      if (error instanceof HoltError && error.code === 'jobs-refused') {
        await free(claimed, batch, error);
        return 0;
      }

      log('WARNING', 'nobody can say whether the execution started; its claims stay', {batch, error: String(error)});
    }

    const until = addSeconds(now(), lifeSeconds);
    await updateClaims(needs, claimed, batch, entry => ({
      ...entry,
      visibleAt: until,
      claim: entry.claim && {...entry.claim, execution},
    }));
    for (const {entry, run} of claimed) {
      log('INFO', 'grading started', {submissionId: runsIdOf(entry), run, execution, batch});
    }

    return claimed.length;
  };

  async function free(claimed: readonly Claimed[], batch: string, error: unknown): Promise<void> {
    log('ERROR', 'the execution was not started; its entries wait', {
      batch,
      entries: claimed.length,
      error: String(error),
    });
    const visibleAt = addSeconds(now(), waits.refusal);
    await updateClaims(needs, claimed, batch, entry => ({
      ...entry,
      claimed: false,
      claim: null,
      visibleAt,
      waitingFor: {
        cause: 'infrastructure',
        message: 'Grading could not be started just now; it is tried again within a few minutes.',
      },
    }));
  }

  async function writeManifests(batch: string, tasks: readonly Claimed[][], seconds: number): Promise<string> {
    const createdAt = now();
    const urls = await Promise.all(
      tasks.map(async (task, index) => {
        const manifest: Manifest = {
          schemaVersion: 1,
          createdAt,
          entries: await Promise.all(task.map(one => makeEntry(one, seconds))),
        };
        const name = manifestName(batch, index);
        await objects.write(name, encode(manifest), 'application/json');
        return objects.signGet(name, seconds);
      }),
    );
    const index: ManifestIndex = {schemaVersion: 1, tasks: urls};
    await objects.write(manifestIndexName(batch), encode(index), 'application/json');
    return objects.signGet(manifestIndexName(batch), seconds);
  }

  async function makeEntry({entry, run, autograderSha256, limits}: Claimed, seconds: number): Promise<ManifestEntry> {
    const result = await objects.signPut(resultName(entry.id, run), seconds, MAX_RESULT_BYTES);
    if (entry.kind === 'assign') {
      const {creationId, fileName: name} = entry;
      const most = archiveLimits.packedBytes;
      const [url, archive, student] = await Promise.all([
        objects.signGet(activitySourceName(creationId), seconds),
        objects.signPut(activityArchiveName(creationId, run), seconds, most),
        objects.signPut(activityStudentName(creationId, run), seconds, most),
      ]);
      return {kind: 'assign', run, result, limits, creationId, notebook: {url, name}, archive, student};
    }

    const sha256 = autograderSha256 ?? '';
    const autograderUrl = await objects.signGet(archiveName(sha256), seconds);
    const common = {run, autograder: {url: autograderUrl, sha256}, result, limits};
    if (entry.kind === 'inspect') {
      return {...common, kind: 'inspect'};
    }

    const url = await objects.signGet(notebookName(entry.submissionId), seconds);
    return {...common, kind: 'grade', submissionId: entry.submissionId, notebook: {url}};
  }
}

const secondsOf = (task: readonly Claimed[]): number =>
  task.reduce((sum, {limits}) => sum + limits.notebookSeconds + OVERHEAD_SECONDS, 0);

function groupByTask(claimed: readonly Claimed[]): Claimed[][] {
  const tasks: Claimed[][] = [];
  for (const one of claimed) {
    tasks[one.task] = [...(tasks[one.task] ?? []), one];
  }

  return tasks;
}
