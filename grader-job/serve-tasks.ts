import {createWriteStream} from 'node:fs';
import {createInterface} from 'node:readline';
import {z} from 'zod';
import type {Manifest} from '../domain/manifest.ts';
import type {Log} from '../domain/ports.ts';
import type {AssignNotebook} from './assign-notebook.ts';
import type {Grader, Outcome} from './grade-notebook.ts';

/** A task, as whoever keeps this process asks for it; the answer is a line `{"id": …, "code": …, "isLast": …}`. */
const Request = z.object({id: z.number().int(), manifestIndexUrl: z.url(), index: z.number().int().min(0)});

/** Where answers go: standard output is for the log. */
const REPLY = 3;

type Served = {
  getManifest: (indexUrl: string, index: number) => Promise<Manifest | undefined>;
  runTask: (manifest: Manifest) => Promise<number>;
  /** Whether something went wrong that a new process may not have. */
  isSpoilt: () => boolean;
  asked: AbortSignal;
  log: Log;
};

/**
 * Does the tasks that lines on standard input ask for, so that what is warm serves them all. Ends with its input, or when
 * it is asked to, once what it has begun is done. `isLast` says that a new process might do better.
 */
export async function serveTasks({getManifest, runTask, isSpoilt, asked, log}: Served): Promise<void> {
  const replies = createWriteStream('', {fd: REPLY});
  replies.on('error', () => {});
  const serve = async (line: string) => {
    const {id, manifestIndexUrl, index} = Request.parse(JSON.parse(line));
    const code = await getManifest(manifestIndexUrl, index)
      .then(async manifest => (manifest ? Number((await runTask(manifest)) > 0) : 0))
      .catch(error => {
        log('ERROR', 'the task failed', {error: String(error)});
        return 1;
      });
    replies.write(`${JSON.stringify({id, code, isLast: code !== 0 || isSpoilt()})}\n`);
  };

  const requests = createInterface({input: process.stdin});
  asked.addEventListener('abort', () => requests.close(), {once: true});
  const begun = new Set<Promise<void>>();
  for await (const line of requests) {
    const serving = serve(line).finally(() => begun.delete(serving));
    begun.add(serving);
  }

  await Promise.all(begun);
  process.stdin.destroy();
  replies.end();
}

/** Watches a grader: what it fails at may be the fault of something that it keeps. */
export function watchGrader<G extends Grader & {assignNotebook: AssignNotebook}>(grader: G) {
  let isSpoilt = false;
  const watch =
    <W, O extends Pick<Outcome, 'cause'>>(run: (work: W) => Promise<O>) =>
    async (work: W): Promise<O> => {
      const outcome = await run(work).catch(error => {
        isSpoilt = true;
        throw error;
      });
      isSpoilt ||= outcome.cause === 'infrastructure';
      return outcome;
    };
  const watched = {
    ...grader,
    gradeNotebook: watch(grader.gradeNotebook),
    inspectArchive: watch(grader.inspectArchive),
    assignNotebook: watch(grader.assignNotebook),
  };
  return {watched, isSpoilt: () => isSpoilt};
}
