import {HoltError} from '../../domain/errors.ts';
import type {ManifestIndex} from '../../domain/manifest.ts';
import {listName, manifestIndexName, manifestName} from '../../domain/object-names.ts';
import type {Jobs, Log, NewId, Now, Objects, Transact} from '../../domain/ports.ts';
import {LATE_SECONDS, runsIdOf} from '../../domain/queue.ts';
import {addSeconds} from '../../domain/values.ts';
import {type Claimed, claimEntries, noteStarted, updateClaims} from './claim-entries.ts';
import type {Ready} from './find-ready.ts';
import {encode, makeManifests} from './make-manifest.ts';
import {type DispatchSettings, MORE_SECONDS, secondsOf, waits} from './settings.ts';

export type StartBatchNeeds = {
  transact: Transact;
  objects: Pick<Objects, 'write' | 'signGet' | 'signPut'>;
  startJob: Jobs['start'];
  now: Now;
  newId: NewId;
  log: Log;
  settings: DispatchSettings;
};

/**
 * Makes the start of a batch: claim, write the manifests, call `jobs.run` once, note the execution.
 *
 * Killed before the call, the claims end after two minutes. Not started for certain, they are freed with a backoff. When
 * nobody can say whether it started, they stay until the work would be done, and the result is looked for first.
 */
export function makeStartBatch(needs: StartBatchNeeds) {
  const {objects, startJob, now, newId, log, settings} = needs;
  const makeManifest = makeManifests(needs);
  const takesMore = settings.maxListsPerTask > 1;

  /** Answers how many entries were started. */
  return async (ready: readonly Ready[]): Promise<number> => {
    const batch = newId();
    const claimed = await claimEntries(needs, ready, {batch, perTask: settings.maxSubmissionsPerTask});
    if (claimed.length === 0) {
      return 0;
    }

    const tasks = groupByTask(claimed);
    const listSeconds = Math.max(...tasks.map(secondsOf));
    const taskSeconds = listSeconds + (takesMore ? MORE_SECONDS : 0);
    const endsAt = addSeconds(now(), taskSeconds);
    const urlSeconds = settings.startAllowanceSeconds + taskSeconds + LATE_SECONDS;
    const manifestIndexUrl = await writeManifests(batch, tasks, urlSeconds).catch(async error => {
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

    const next = takesMore ? {list: 1, left: settings.maxListsPerTask - 1, endsAt} : undefined;
    await noteStarted(needs, claimed, {
      ...{batch, execution, next},
      visibleAt: addSeconds(now(), settings.startAllowanceSeconds + listSeconds),
    });
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
    const urls = await Promise.all(
      tasks.map(async (task, index) => {
        const manifest = await makeManifest(task, seconds, takesMore ? listName(batch, index, 1) : undefined);
        const name = manifestName(batch, index);
        await objects.write(name, encode(manifest), 'application/json');
        return objects.signGet(name, seconds);
      }),
    );
    const index: ManifestIndex = {schemaVersion: 1, tasks: urls};
    await objects.write(manifestIndexName(batch), encode(index), 'application/json');
    return objects.signGet(manifestIndexName(batch), seconds);
  }
}

function groupByTask(claimed: readonly Claimed[]): Claimed[][] {
  const tasks: Claimed[][] = [];
  for (const one of claimed) {
    tasks[one.task] = [...(tasks[one.task] ?? []), one];
  }

  return tasks;
}
