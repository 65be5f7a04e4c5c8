import {z} from 'zod';
import {type Address, authorizationOf} from '../address.ts';
import {about, type Finding} from './finding.ts';
import {look, readJson} from './look.ts';

const holt = about('holt');
const login = about('login');

const Problem = z.object({code: z.string(), detail: z.string()});

/** Checks that Holt answers at an address, sends browsers to a hub that answers, and knows the caller. */
export async function checkAddress(address: Address): Promise<Finding[]> {
  const place = new URL(`${address.prefix}submissions`, address.url);
  const seen = await look(place, {Accept: 'application/json'});
  if (seen.kind === 'silent') {
    return [
      holt.wrong(`${place} does not answer (${seen.reason}).`, 'Start Holt, or mend the address and the way to it.'),
    ];
  }

  const problem = Problem.safeParse(readJson(seen.text));
  if (seen.status !== 401 || problem.data?.code !== 'not-authenticated') {
    return [
      holt.wrong(
        `${place} answers ${seen.status}, which is not Holt’s answer to a stranger${problem.success ? `: ${problem.data.detail}` : '.'}`,
        'Check the address, --prefix, and the service of the hub that forwards this path.',
      ),
    ];
  }

  return [holt.ok(`${place} answers as Holt does.`), await checkLogin(place), ...(await checkToken(place, address))];
}

/** A browser without a login must end at the hub. */
async function checkLogin(place: URL): Promise<Finding> {
  const seen = await look(place, {Accept: 'text/html'});
  const location = seen.kind === 'answered' ? seen.headers.get('location') : null;
  if (!location) {
    return login.skipped('Browsers are not sent to a hub here: only tokens log in.');
  }

  const hub = new URL(location, place);
  const answer = await look(hub, {Accept: 'text/html'});
  if (answer.kind === 'silent') {
    return login.wrong(
      `Browsers are sent to ${hub.origin}, which does not answer (${answer.reason}).`,
      'Correct HOLT_HUB_ORIGIN and JUPYTERHUB_BASE_URL, or start the hub.',
    );
  }

  return answer.status >= 400
    ? login.wrong(
        `The hub refuses the login that Holt asks for (${answer.status} at ${hub.origin}${hub.pathname}).`,
        'JUPYTERHUB_CLIENT_ID and the service’s oauth_redirect_uri in the hub’s config must be those of Holt.',
      )
    : login.ok(`Browsers are sent to ${hub.origin}, which answers.`);
}

async function checkToken(place: URL, address: Address): Promise<Finding[]> {
  const authorization = authorizationOf(address);
  if (Object.keys(authorization).length === 0) {
    return [];
  }

  const token = about('token');
  const seen = await look(place, {Accept: 'application/json', ...authorization});
  if (seen.kind === 'silent') {
    return [token.wrong(`${place} does not answer (${seen.reason}).`, 'Try again.')];
  }

  const detail = Problem.safeParse(readJson(seen.text)).data?.detail ?? `it answers ${seen.status}`;
  return [
    seen.status === 200
      ? token.ok('Your token is known, and your submissions can be read.')
      : token.wrong(
          `Holt does not take your token: ${detail}`,
          'Make a new one on the hub’s token page; if it is refused too, check JUPYTERHUB_API_URL and JUPYTERHUB_API_TOKEN.',
        ),
  ];
}
