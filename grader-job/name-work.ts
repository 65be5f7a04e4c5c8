import type {ManifestEntry} from '../domain/manifest.ts';

/** Names what an entry is about, in the words of its result; `made` is the archive that came of an author's notebook. */
export function nameWork(entry: ManifestEntry, made: string | null = null) {
  if (entry.kind === 'assign') {
    return {creationId: entry.creationId, autograderSha256: made};
  }

  const autograderSha256 = entry.autograder.sha256;
  return entry.kind === 'grade' ? {submissionId: entry.submissionId, autograderSha256} : {autograderSha256};
}
