import {createHmac} from 'node:crypto';
import {secrets} from './start-example.ts';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Makes a token as mod_jupyter does, or as somebody who is not Moodle would. */
export function makeToken(claims: object, {secret = secrets.JWT_SECRET, algorithm = 'HS256'} = {}): string {
  const content = `${encode({typ: 'JWT', alg: algorithm})}.${encode(claims)}`;
  const digest = `sha${/^HS(\d+)$/.exec(algorithm)?.[1] ?? 256}`;
  return `${content}.${algorithm === 'none' ? '' : createHmac(digest, secret).update(content).digest('base64url')}`;
}

/** Sends a request of Moodle's server to the hub, with its API token. */
export const askAsMoodle = (url: string, method = 'GET', json?: object, token = secrets.API_TOKEN) =>
  fetch(url, {
    method,
    headers: {authorization: `token ${token}`, 'content-type': 'application/json'},
    ...(json && {body: JSON.stringify(json)}),
  });

/** The notebook of an activity of Moodle: number 7 of course 5. */
export const activityFile = 'lab-demo.ipynb';

/** Starts a user's server and writes the activity's notebook, as mod_jupyter does; answers how each request went. */
export async function loadNotebook(url: string, user: string, notebook: Buffer): Promise<number[]> {
  const api = `${url}/hub/api/users/${user}`;
  const contents = `${url}/user/${user}/api/contents`;
  const directory = {type: 'directory'};
  const file = {type: 'file', format: 'base64', content: notebook.toString('base64')};
  const answers = [
    await askAsMoodle(api),
    await askAsMoodle(api, 'POST'),
    await askAsMoodle(`${api}/server`, 'POST'),
    await askAsMoodle(`${contents}/5/7/${activityFile}?content=0`),
    await askAsMoodle(`${contents}/5`, 'PUT', directory),
    await askAsMoodle(`${contents}/5/7`, 'PUT', directory),
    await askAsMoodle(`${contents}/5/7/${activityFile}`, 'PUT', file),
  ];
  return answers.map(({status}) => status);
}

/** The address that mod_jupyter puts into its frame. */
export const makeFrameAddress = (url: string, user: string): string =>
  `${url}/hub/user-redirect/lab/tree/5/7/${activityFile}?auth_token=${makeToken({name: user})}`;
