import {z} from 'zod';
import type {Settings} from '../../functions/settings.ts';
import {about, type Finding} from './finding.ts';
import {look, readJson} from './look.ts';

const hub = about('hub');
const Info = z.object({version: z.string()});
const Owner = z.object({kind: z.string(), name: z.string()});

/** Checks that the hub's API answers and that it knows Holt's token. */
export async function checkHub({JUPYTERHUB_API_URL, JUPYTERHUB_API_TOKEN}: Settings): Promise<Finding[]> {
  if (!JUPYTERHUB_API_URL) {
    return [hub.skipped('No JupyterHub is set.')];
  }

  const url = JUPYTERHUB_API_URL.replace(/\/+$/, '');
  const info = await look(`${url}/`);
  if (info.kind === 'silent') {
    return [
      hub.wrong(
        `${url} does not answer (${info.reason}).`,
        'Correct JUPYTERHUB_API_URL, start the hub, or let this machine reach it.',
      ),
    ];
  }

  const {version} = Info.safeParse(readJson(info.text)).data ?? {};
  const tooOld = version !== undefined && Number.parseInt(version, 10) < 2;
  return [
    tooOld
      ? hub.wrong(`${url} is JupyterHub ${version}.`, 'Holt needs JupyterHub 2 or newer: upgrade the hub.')
      : hub.ok(`${url} answers${version ? `: JupyterHub ${version}` : ''}.`),
    await checkToken(url, JUPYTERHUB_API_TOKEN),
  ];
}

async function checkToken(url: string, token: string | undefined): Promise<Finding> {
  const remedy =
    'JUPYTERHUB_API_TOKEN must be the api_token of the service in the hub’s config; restart the hub after a change of it.';
  const seen = token ? await look(`${url}/user`, {Authorization: `token ${token}`}) : undefined;
  if (seen === undefined) {
    return hub.wrong('There is no token for the hub.', remedy);
  }

  if (seen.kind === 'silent') {
    return hub.wrong(`${url}/user does not answer (${seen.reason}).`, 'Try again.');
  }

  const owner = Owner.safeParse(readJson(seen.text));
  if (seen.status !== 200 || !owner.success) {
    return hub.wrong(`The hub does not take the token (${seen.status}).`, remedy);
  }

  const {kind, name} = owner.data;
  return kind === 'service'
    ? hub.ok(`The hub takes the token as that of the service ${name}.`)
    : hub.wrong(`The hub takes the token as that of the ${kind} ${name}, which is no service.`, remedy);
}
