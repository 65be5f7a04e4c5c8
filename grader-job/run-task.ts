import {archiveLimits} from '../domain/autograder.ts';
import {hashBytes} from '../domain/document-id.ts';
import type {Manifest, ManifestEntry} from '../domain/manifest.ts';
import type {Log, Now} from '../domain/ports.ts';
import {type Isolation, JobResult} from '../domain/result.ts';
import type {Assigned, AssignNotebook} from './assign-notebook.ts';
import type {Grader, Inspection, Outcome} from './grade-notebook.ts';
import {nameWork} from './name-work.ts';
import type {Stop} from './stop.ts';
import type {Transfer} from './transfer.ts';

/** Far above what is accepted for submission: a limit of its own, not the policy. */
const MAX_NOTEBOOK_BYTES = 128 * 2 ** 20;

export type Needs = Pick<Transfer, 'get' | 'put'> & {
  /** The grader and how it keeps student code apart, or the reason why nothing may be graded. */
  grader: (Grader & {isolation: Isolation; assignNotebook: AssignNotebook}) | {reason: string};
  /** How many entries at a time. */
  parallelism: number;
  /** Archives that are kept for tasks to come; all of them unless given. */
  mostArchives?: number;
  now: Now;
  log: Log;
  stop: Pick<Stop, 'asked' | 'grading' | 'moving'>;
};

/**
 * Does a task's entries, some at a time, and uploads a result for each as soon as it is there, whatever happens. Asked to
 * stop, it gives back what it has not begun, and in the end what it has not done.
 *
 * Shape: a manifest -> how many entries are not done: they have no result in the store, or were given back.
 */
export const makeRunTask = ({get, put, grader, parallelism, mostArchives = 1e6, now, log, stop}: Needs) => {
  const signal = stop.grading;
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => {});
  signal.addEventListener('abort', () => left.reject(signal.reason), {once: true});
  /** Archives by content; a task's notebooks mostly share one. */
  const archives = new Map<string, Promise<Uint8Array>>();

  const getArchive = ({url, sha256}: Graded['autograder']): Promise<Uint8Array> => {
    const known = archives.get(sha256) ?? downloadArchive(url, sha256);
    keepArchive(sha256, known);
    // A failure is not kept: the next entry has a URL of its own.
    known.catch(() => archives.delete(sha256));
    return known;
  };

  /** Keeps the archives that were used last. */
  function keepArchive(sha256: string, archive: Promise<Uint8Array>): void {
    archives.delete(sha256);
    archives.set(sha256, archive);
    for (const [oldest] of [...archives].slice(0, -mostArchives)) {
      archives.delete(oldest);
    }
  }

  async function downloadArchive(url: string, sha256: string): Promise<Uint8Array> {
    const archive = await get('The autograder archive', url, archiveLimits.packedBytes);
    if ((await hashBytes(archive)) !== sha256) {
      throw new Error('The autograder archive in the store is not the one that was announced.');
    }

    return archive;
  }

  async function work(entry: ManifestEntry): Promise<Worked> {
    if ('reason' in grader) {
      return fail(grader.reason);
    }

    const {limits} = entry;
    if (entry.kind === 'assign') {
      const {name, url} = entry.notebook;
      const notebook = await get('The notebook', url, MAX_NOTEBOOK_BYTES);
      const assigned = await grader.assignNotebook({notebook, name, limits, signal});
      if (assigned.made) {
        keepArchive(assigned.made.autograderSha256, Promise.resolve(assigned.made.archive));
        await Promise.all([put(entry.archive, assigned.made.archive), put(entry.student, assigned.made.student)]);
      }

      return assigned;
    }

    if (entry.kind === 'inspect') {
      return grader.inspectArchive({archive: await getArchive(entry.autograder), limits, signal});
    }

    const [notebook, archive] = await Promise.all([
      get('The notebook', entry.notebook.url, MAX_NOTEBOOK_BYTES),
      getArchive(entry.autograder),
    ]);
    return grader.gradeNotebook({notebook, archive, limits, signal});
  }

  async function makeResult(entry: ManifestEntry, isOverdue: () => boolean): Promise<JobResult> {
    const startedAt = now();
    const ordinary = 'reason' in grader ? 'none' : grader.isolation;
    const describe = (
      {cause, message, questions, log: lines, otter, isolation = ordinary, probed = [], made, ...evidence}: Worked,
      more: Pick<JobResult, 'givenBack'> = {},
    ) =>
      JobResult.parse({
        schemaVersion: 1,
        kind: entry.kind,
        run: entry.run,
        ...nameWork(entry, made?.autograderSha256),
        cause,
        ...more,
        message: message.slice(0, 2000).toWellFormed(),
        log: lines,
        questions,
        ...evidence,
        grader: {otter, isolation, ...(probed && {probed})},
        startedAt,
        finishedAt: now(),
      });
    const leave = () =>
      isOverdue()
        ? describe(fail('The task was ended at its time limit before this was done.'))
        : describe(fail('The task was stopped before this was done.'), {givenBack: true});
    if (stop.asked.aborted) {
      return leave();
    }

    try {
      // What does not hear the signal, such as a download, is waited for no longer.
      const result = describe(await Promise.race([work(entry), left.promise]));
      return stop.asked.aborted && result.cause === 'infrastructure' ? leave() : result;
    } catch (error) {
      // What stops the task can have ended the judge, too.
      if (stop.asked.aborted) {
        return leave();
      }

      log('ERROR', 'an entry could not be done', {...about(entry), error: String(error)});
      return describe(fail((error as Error).message));
    }
  }

  async function finish(entry: ManifestEntry, isOverdue: () => boolean): Promise<boolean> {
    const result = await makeResult(entry, isOverdue);
    const {cause, givenBack = false} = result;
    try {
      await put(entry.result, new TextEncoder().encode(JSON.stringify(result)));
      log('INFO', 'result uploaded', {...about(entry), cause, givenBack});
      return !givenBack;
    } catch (error) {
      stop.moving.throwIfAborted();
      log('ERROR', 'a result could not be uploaded', {...about(entry), error: String(error)});
      return false;
    }
  }

  return async ({entries}: Manifest): Promise<number> => {
    const began = Date.parse(now());
    const allowed = entries.reduce((sum, {limits}) => sum + limits.notebookSeconds * 1000, 0);
    // Giving back costs nothing: a task that never gets done in its time would be started for ever.
    const isOverdue = () => Date.parse(now()) - began > allowed;
    const waiting = [...entries];
    const done: Promise<boolean>[] = [];
    const begin = (entry: ManifestEntry) => {
      const ending = finish(entry, isOverdue);
      // The first failure is told by whoever waits; the others with it.
      ending.catch(() => {});
      done.push(ending);
      return ending;
    };
    const beginRest = () => void waiting.splice(0).forEach(begin);
    if (stop.asked.aborted) {
      beginRest();
    }

    stop.asked.addEventListener('abort', beginRest, {once: true});
    await Promise.all(
      Array.from({length: Math.min(parallelism, entries.length)}, async () => {
        for (let entry = waiting.shift(); entry; entry = waiting.shift()) {
          await begin(entry);
        }
      }),
    );
    stop.asked.removeEventListener('abort', beginRest);
    return (await Promise.all(done)).filter(isDone => !isDone).length;
  };
};

const fail = (message: string): Outcome => ({
  cause: 'infrastructure',
  message: message || 'The grader failed.',
  questions: [],
  log: '',
  otter: 'unknown',
});

const about = (entry: ManifestEntry) => ({kind: entry.kind, run: entry.run, ...nameWork(entry)});

type Graded = Extract<ManifestEntry, {kind: 'grade' | 'inspect'}>;
type Worked = (Outcome | Inspection) & Pick<Assigned, 'made'>;
