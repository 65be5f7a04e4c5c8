import {z} from 'zod';
import {HoltError} from '../domain/errors.ts';
import type {CourseSource} from '../domain/ports.ts';
import {type GitHubSettings, makeGitHubGet} from './github/get.ts';
import {readCapped} from './github/read-capped.ts';

/** As much as is read of what a branch points to. */
const Reference = z.object({object: z.object({sha: z.string().regex(/^[0-9a-f]{40,64}$/)})});

/**
 * A course kept in a GitHub repository that a GitHub App may read.
 *
 * Shape:  a revision is the commit at the head of `main`, or of `master` where there is no `main`. The head is asked for
 *         by conditional request: the answer 304 is not counted by GitHub's rate limit.
 * Throws: as the port says, and `invalid-setting` at once when the App's key or installation cannot be used.
 * Source: GitHub REST API 2022-11-28, git/ref and contents; it gives files of up to 100 MB.
 */
export function makeGitHubSource(settings: GitHubSettings): CourseSource {
  const {owner, repo} = settings;
  const name = `github.com/${owner}/${repo}`;
  const get = makeGitHubGet(settings);
  const repository = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repo)}`;
  const heads = new Map<string, {etag: string | null; sha: string}>();

  /** A missing branch and a repository that the App may not read are both answered 404. */
  async function checkReadable(): Promise<void> {
    const {status} = await get(repository, {});
    if (status === 404) {
      throw new HoltError(
        'invalid-course',
        `GitHub does not show ${name} to the GitHub App: install the App on this repository with the permission "Contents: read", or correct HOLT_COURSES.`,
      );
    }
  }

  async function findHead(branch: string): Promise<string | undefined> {
    const known = heads.get(branch);
    const {status, headers, body} = await get(`${repository}/git/ref/heads/${branch}`, {etag: known?.etag});
    if (status === 304 && known) {
      return known.sha;
    }

    if (status !== 200) {
      heads.delete(branch);
      return undefined;
    }

    const text = new TextDecoder().decode(await readCapped(body, `the head of ${name}`, 2 ** 20));
    const sha = readReference(text, name);
    heads.set(branch, {etag: headers.get('etag'), sha});
    return sha;
  }

  return {
    async findRevision() {
      const sha = (await findHead('main')) ?? (await findHead('master'));
      if (!sha) {
        await checkReadable();
        throw new HoltError(
          'invalid-course',
          `${name} has neither a branch "main" nor "master": push course-config.json to one of them.`,
        );
      }

      return sha;
    },

    async readFile(revision, path, maxBytes) {
      const parts = path.split('/');
      if (parts.some(part => part === '' || part === '.' || part === '..')) {
        return undefined;
      }

      const file = parts.map(part => encodeURIComponent(part.toWellFormed())).join('/');
      const {status, body} = await get(`${repository}/contents/${file}?ref=${encodeURIComponent(revision)}`, {
        accept: 'application/vnd.github.raw+json',
      });
      if (status === 200) {
        return await readCapped(body, `${path} in ${name}`, maxBytes);
      }

      await checkReadable();
      return undefined;
    },
  };
}

function readReference(text: string, name: string): string {
  try {
    return Reference.parse(JSON.parse(text)).object.sha;
  } catch (cause) {
    throw new HoltError(
      'source-unavailable',
      `GitHub's answer about ${name} is not what its API promises: is a proxy in between? Tried again in a minute.`,
      {cause},
    );
  }
}
