import {setTimeout as sleep} from 'node:timers/promises';
import {JobsClient, RevisionsClient, ServicesClient} from '@google-cloud/run';
import {HoltError} from '../../domain/errors.ts';
import type {Kind, Releases, Revision} from '../../domain/releases.ts';
import {containersOf, isState, type Job, NOTES, type Service, shortName, tell, toInstant} from './deployed.ts';

const TIMEOUT_MS = 30_000;
const MOST_REVISIONS = 200;
const NOT_FOUND = 5;
const SETTLE_MS = 15 * 60_000;
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 2000;

/**
 * Connects to the part of the Cloud Run Admin API that deploys, or to a server that speaks it at `apiEndpoint`.
 *
 * Throws: what `Releases` throws is `jobs-refused`, with what to do.
 */
export async function connectReleases({
  projectId,
  region,
  apiEndpoint,
}: {
  projectId: string;
  region: string;
  apiEndpoint?: string | undefined;
}): Promise<Releases> {
  const url = apiEndpoint ? new URL(apiEndpoint) : undefined;
  const local = url && {protocol: 'http', apiEndpoint: url.hostname, port: Number(url.port)};
  const options = {projectId, fallback: true, ...local};
  const services = new ServicesClient(options);
  // Asked first and alone: several clients without credentials would end the process before one of them can say so.
  await services.auth.getClient().catch(cause => {
    throw refuse('cannot be asked (log in by `gcloud auth application-default login`)', cause);
  });
  const jobs = new JobsClient({...options, auth: services.auth});
  const revisions = new RevisionsClient({...options, auth: services.auth});
  const parent = `projects/${projectId}/locations/${region}`;
  const call = {timeout: TIMEOUT_MS};
  const pages = {...call, autoPaginate: false};

  const updateMask = {paths: ['template']};
  const get = async (kind: Kind, name: string): Promise<Service | Job | undefined> => {
    const asked =
      kind === 'service'
        ? services.getService({name: `${parent}/services/${name}`}, call)
        : jobs.getJob({name: `${parent}/jobs/${name}`}, call);
    return (await asked.catch(skipMissing))?.[0];
  };

  return {
    async find(kind, name) {
      const found = await get(kind, name);
      return found && tell(kind, name, found);
    },

    async deploy(kind, name, {image, notes, etag}) {
      const found = await get(kind, name);
      const container = found && containersOf(kind, found)[0];
      if (!found || !container) {
        throw new HoltError('jobs-refused', `There is no ${kind} ${name} in ${parent}: apply its environment first.`);
      }

      container.image = image;
      found.annotations = {...found.annotations, ...(notes !== undefined && {[NOTES]: notes})};
      // What was looked at is what may be changed.
      found.etag = etag ?? found.etag;
      try {
        // A name of its own would be taken already.
        const [{metadata}] =
          kind === 'service'
            ? await services.updateService(
                {service: {...found, template: {...(found as Service).template, revision: ''}}, updateMask},
                call,
              )
            : await jobs.updateJob({job: found as Job}, call);
        await waitUntilSettled(() => get(kind, name), (metadata as Service | null)?.generation);
      } catch (cause) {
        throw refuse(`did not take the new image of ${kind} ${name}`, cause);
      }
    },

    async listRevisions(service) {
      const request = {parent: `${parent}/services/${service}`, pageSize: 100};
      const found: Revision[] = [];
      try {
        for await (const {name, containers, createTime, conditions} of revisions.listRevisionsAsync(request, pages)) {
          found.push({
            name: shortName(name),
            image: containers?.[0]?.image ?? '',
            createdAt: toInstant(createTime),
            isBroken: conditions?.some(({type, state}) => type === 'Ready' && isState(state, 'FAILED')) ?? false,
          });
          if (found.length === MOST_REVISIONS) {
            break;
          }
        }
      } catch (cause) {
        throw refuse(`does not list the revisions of ${service}`, cause);
      }

      return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    },
  };
}

/**
 * Waits until a change serves or has failed.
 *
 * It looks at the service or job itself: who may change one of them need not be allowed to ask for the project's operations.
 */
async function waitUntilSettled(
  get: () => Promise<Service | Job | undefined>,
  generation: Service['generation'],
): Promise<void> {
  const until = performance.now() + SETTLE_MS;
  for (let pause = FIRST_PAUSE_MS; performance.now() < until; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
    const found = await get();
    if (found && !found.reconciling && Number(found.generation) >= Number(generation ?? 0)) {
      if (!isState(found.terminalCondition?.state, 'SUCCEEDED')) {
        throw new Error(found.terminalCondition?.message || 'it is not ready, and no reason is given');
      }

      return;
    }

    await sleep(pause);
  }

  throw new Error('it is still being changed after a quarter of an hour');
}

const skipMissing = (cause: unknown): undefined => {
  if ((cause as {code?: unknown}).code !== NOT_FOUND) {
    throw refuse('does not answer', cause);
  }
};

/** What an operator can do about the usual refusals; gRPC status codes. */
const REMEDIES: ReadonlyMap<unknown, string> = new Map([
  [7, 'you need roles/run.developer, and roles/iam.serviceAccountUser on its service account'],
  [10, 'somebody changed it meanwhile: look, and run the command again'],
  [16, 'log in by `gcloud auth application-default login`'],
]);

const refuse = (what: string, cause: unknown): HoltError => {
  const {code, message} = cause as {code?: unknown; message?: string};
  const remedy = REMEDIES.get(code);
  return new HoltError('jobs-refused', `Cloud Run ${what}${remedy ? ` (${remedy})` : ''}: ${message}`, {cause});
};
