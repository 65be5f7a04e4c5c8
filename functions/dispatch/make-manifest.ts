import {archiveLimits} from '../../domain/autograder.ts';
import {LOOKS_SECONDS} from '../../domain/free-task.ts';
import type {Manifest, ManifestEntry} from '../../domain/manifest.ts';
import {
  activityArchiveName,
  activitySourceName,
  activityStudentName,
  archiveName,
  notebookName,
  type ObjectName,
  resultName,
} from '../../domain/object-names.ts';
import type {Now, Objects} from '../../domain/ports.ts';
import {MAX_RESULT_BYTES} from '../../domain/result.ts';
import type {Claimed} from './claim-entries.ts';

/** What a task says when it takes no more is a word. */
const MAX_CLOSING_BYTES = 1000;

/**
 * Makes what tells a task its work, by signed URLs that live so many seconds. With `next` the task looks there for
 * another list when it is through.
 */
export function makeManifests({objects, now}: {objects: Pick<Objects, 'signGet' | 'signPut'>; now: Now}) {
  return async (claimed: readonly Claimed[], seconds: number, next?: ObjectName): Promise<Manifest> => {
    const [entries, place] = await Promise.all([
      Promise.all(claimed.map(one => makeEntry(one, seconds))),
      next && makeNext(next, seconds),
    ]);
    return {schemaVersion: 1, createdAt: now(), entries, ...(place && {next: place})};
  };

  async function makeNext(next: ObjectName, seconds: number): Promise<Manifest['next']> {
    const [url, close] = await Promise.all([
      objects.signGet(next, seconds),
      objects.signPut(next, seconds, MAX_CLOSING_BYTES),
    ]);
    return {url, close, seconds: LOOKS_SECONDS};
  }

  async function makeEntry({entry, run, autograderSha256, limits}: Claimed, seconds: number): Promise<ManifestEntry> {
    const signing = objects.signPut(resultName(entry.id, run), seconds, MAX_RESULT_BYTES);
    if (entry.kind === 'assign') {
      const {creationId, fileName: name} = entry;
      const most = archiveLimits.packedBytes;
      const [result, url, archive, student] = await Promise.all([
        signing,
        objects.signGet(activitySourceName(creationId), seconds),
        objects.signPut(activityArchiveName(creationId, run), seconds, most),
        objects.signPut(activityStudentName(creationId, run), seconds, most),
      ]);
      return {kind: 'assign', run, result, limits, creationId, notebook: {url, name}, archive, student};
    }

    const sha256 = autograderSha256 ?? '';
    const [result, autograderUrl, url] = await Promise.all([
      signing,
      objects.signGet(archiveName(sha256), seconds),
      entry.kind === 'grade' ? objects.signGet(notebookName(entry.submissionId), seconds) : '',
    ]);
    const common = {run, autograder: {url: autograderUrl, sha256}, result, limits};
    if (entry.kind === 'inspect') {
      return {...common, kind: 'inspect'};
    }

    return {...common, kind: 'grade', submissionId: entry.submissionId, notebook: {url}};
  }
}

export const encode = (value: unknown) => Buffer.from(JSON.stringify(value));
