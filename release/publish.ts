import {readFileSync} from 'node:fs';
import {readSection} from './changelog.ts';
import {readDigests} from './read-build.ts';

/*
 * Publishes a release on GitHub: the changelog's section and the digests of its images. Doing it again changes its text.
 *
 * Usage: RELEASE_TOKEN=… node release/publish.ts OWNER/REPOSITORY TAG
 */

const TIMEOUT_MILLISECONDS = 30_000;
const [repository = '', tag = ''] = process.argv.slice(2);
const {RELEASE_TOKEN: token = '', GITHUB_API_URL: api = 'https://api.github.com'} = process.env;

type Release = {id: number; html_url: string};

async function ask(method: string, path: string, content?: object): Promise<Response> {
  return await fetch(`${api}/repos/${repository}/releases${path}`, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'x-github-api-version': '2022-11-28',
    },
    body: content === undefined ? null : JSON.stringify(content),
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  });
}

async function publish(): Promise<string> {
  if (!/^[\w-]+\/[\w.-]+$/.test(repository) || !/^v\d+\.\d+\.\d+$/.test(tag)) {
    throw new Error('Usage: node release/publish.ts OWNER/REPOSITORY vX.Y.Z');
  }

  if (token.trim() === '') {
    throw new Error('RELEASE_TOKEN is not set: give a token that may write the contents of the repository.');
  }

  const section = readSection(readFileSync('CHANGELOG.md', 'utf8'), tag.slice(1));
  const images = readDigests().map(image => `    ${image}`);
  const content = {tag_name: tag, name: tag, body: [section, '', 'Images:', '', ...images].join('\n')};
  const known = await ask('GET', `/tags/${tag}`);
  const answer =
    known.status === 404
      ? await ask('POST', '', content)
      : known.ok
        ? await ask('PATCH', `/${((await known.json()) as Release).id}`, content)
        : known;
  if (!answer.ok) {
    const words = (await answer.text()).slice(0, 500);
    throw new Error(`GitHub did not take the release (${answer.status}): ${words}`);
  }

  return ((await answer.json()) as Release).html_url;
}

try {
  console.log(await publish());
} catch (error) {
  console.error(`publish: ${(error as Error).message}`);
  process.exitCode = 1;
}
