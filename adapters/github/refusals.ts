import {HoltError} from '../../domain/errors.ts';

const LONGEST_PAUSE_SECONDS = 3600;

/**
 * Finds until when GitHub wants to be left alone, in milliseconds since 1970; undefined when this is no rate limit.
 *
 * Source: GitHub REST API, "Rate limits": `retry-after`, else `x-ratelimit-reset` when `x-ratelimit-remaining` is 0,
 *         else a minute; who goes on asking may be shut out.
 */
export function findPause(status: number, headers: Headers, text: string, now: number): number | undefined {
  const retryAfter = Number(headers.get('retry-after') ?? Number.NaN);
  const usedUp = headers.get('x-ratelimit-remaining') === '0';
  if (!(status === 429 || (status === 403 && (usedUp || retryAfter >= 0 || /rate limit/i.test(text))))) {
    return undefined;
  }

  const reset = usedUp ? Number(headers.get('x-ratelimit-reset') ?? Number.NaN) * 1000 : Number.NaN;
  const until = retryAfter >= 0 ? now + retryAfter * 1000 : reset > 0 ? reset : now + 60_000;
  return Math.min(until, now + LONGEST_PAUSE_SECONDS * 1000);
}

/** Says what an answer means that gives nothing: whether to try again, or what staff must mend. */
export function explainRefusal(
  status: number,
  headers: Headers,
  text: string,
  asked: 'token' | 'content',
  {appId, installationId, owner, repo}: {appId: string; installationId: string; owner: string; repo: string},
): HoltError {
  if (findPause(status, headers, text, 0) !== undefined) {
    return new HoltError('source-unavailable', "GitHub's rate limit is used up; it is asked again when it allows.");
  }

  if (status === 403 && /too[_ ]large/i.test(text)) {
    return new HoltError('too-large', `GitHub gives no file of more than 100 MB: make the file smaller.`);
  }

  if (asked === 'token' && [401, 403, 404].includes(status)) {
    return new HoltError(
      'invalid-course',
      `GitHub refuses the GitHub App ${appId} with installation ${installationId} (${status}): check COURSE_CONTENT_READER_APP_ID, _PRIVATE_KEY and _INSTALLATION_ID, and that the installation is not suspended.`,
    );
  }

  if ([401, 403, 451].includes(status)) {
    return new HoltError(
      'invalid-course',
      `GitHub does not let the GitHub App read github.com/${owner}/${repo} (${status}): install the App on this repository with the permission "Contents: read".`,
    );
  }

  return new HoltError('source-unavailable', `GitHub answers ${status}; it is asked again in a minute.`);
}
