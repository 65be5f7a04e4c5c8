import {setTimeout} from 'node:timers/promises';
import {z} from 'zod';
import {isFinal, Status} from '../domain/status.ts';
import {type Address, authorizationOf} from './address.ts';

/** Holt waits at most so long for an end before it answers; a longer wait asks again. */
const WAIT_SECONDS = 60;
const ASK_AGAIN_MS = 1000;
/** What an answer may take beyond the time that it was asked to wait. */
const ANSWER_SECONDS = 60;
/** What an export of a large course may take. */
const EXPORT_SECONDS = 1800;

const Problem = z.object({detail: z.string(), code: z.string().optional(), trace: z.string().optional()});

/** Asks Holt. Throws with the sentence of the problem document when it refuses. */
export async function ask(address: Address, path: string, init: RequestInit, seconds: number): Promise<Response> {
  const url = new URL(address.prefix + path, address.url);
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      headers: {Accept: 'application/json', ...authorizationOf(address), ...init.headers},
      redirect: 'manual',
      signal: AbortSignal.timeout(seconds * 1000),
    });
  } catch (error) {
    throw new Error(`Holt does not answer at ${url.origin} (${reasonOf(error)}): check --url, or start it.`);
  }

  if (response.status >= 300 && response.status < 400) {
    throw new Error('Holt wants to know who you are: give --token, or --as USER for a local stack.');
  }

  if (!response.ok) {
    throw new Error(await tellProblem(response));
  }

  return response;
}

async function tellProblem(response: Response): Promise<string> {
  const body = await response.text();
  try {
    const {detail, trace} = Problem.parse(JSON.parse(body));
    return trace === undefined ? detail : `${detail} (trace ${trace})`;
  } catch {
    return `${response.url} answered ${response.status} and is no Holt: check --url and --prefix.`;
  }
}

const reasonOf = (error: unknown): string => {
  const {message, cause} = error as Error & {cause?: {code?: string}};
  return cause?.code ?? message;
};

/** Posts a notebook as JupyterLab's button does; answers the submission's id. */
export async function submitNotebook(address: Address, notebook: unknown): Promise<string> {
  const response = await ask(
    address,
    '',
    {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({nb: notebook})},
    ANSWER_SECONDS,
  );
  await response.text();
  const id = response.headers.get('holt-submission');
  if (!id) {
    throw new Error(`${response.url} took the notebook but is no Holt: it gave no receipt. Check --url and --prefix.`);
  }

  return id;
}

/** Opens the export of a course's grades. What breaks off while it is read throws. */
export async function openGrades(
  address: Address,
  course: string,
  format: 'gofer' | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const query = format === undefined ? '' : `?format=${format}`;
  const path = `courses/${encodeURIComponent(course)}/grades.csv${query}`;
  const response = await ask(address, path, {headers: {Accept: 'text/csv'}}, EXPORT_SECONDS);
  if (!response.body || !response.headers.get('content-type')?.startsWith('text/csv')) {
    throw new Error(`${response.url} is no Holt: check --url and --prefix.`);
  }

  return response.body;
}

/** Finds the status of a submission, at the latest after `waitSeconds`, earlier when it is final. */
export async function findStatus(address: Address, id: string, waitSeconds: number): Promise<Status> {
  const start = performance.now();
  for (;;) {
    const left = waitSeconds - (performance.now() - start) / 1000;
    const wait = Math.max(0, Math.min(Math.ceil(left), WAIT_SECONDS));
    const path = `submissions/${encodeURIComponent(id)}?wait=${wait}`;
    const response = await ask(address, path, {}, wait + ANSWER_SECONDS);
    const status = Status.safeParse(await response.json().catch(() => undefined));
    if (!status.success) {
      throw new Error(`${response.url} does not speak Holt’s language of this version: use the same version.`);
    }

    if (isFinal(status.data) || performance.now() - start >= waitSeconds * 1000) {
      return status.data;
    }

    // Where enough others wait, the answer comes at once.
    await setTimeout(Math.min(ASK_AGAIN_MS, Math.max(start + waitSeconds * 1000 - performance.now(), 0)));
  }
}
