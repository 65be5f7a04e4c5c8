import {randomUUID} from 'node:crypto';
import {createServer, type IncomingMessage} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import {listen, readAll} from '../../emulator/local-server.ts';
import {problem, type Reply} from './reply.ts';
import {
  type Condition,
  failed,
  type Job,
  makeClock,
  makeEtag,
  makeJob,
  makeRevision,
  makeService,
  OUTPUT_ONLY,
  PATH,
  type Revision,
  ready,
  reconciling,
  type Service,
} from './resources.ts';

/**
 * Serves the part of the Cloud Run Admin API (v2, REST) that deploys: get and patch of services and jobs, the list of
 * revisions in pages, operations that take their time.
 *
 * Rule: as there, a stale etag is ABORTED, only masked fields of a service change, a job is replaced whole, a changed
 *       template makes a revision, and a container that does not start leaves the last good revision serving.
 */
export async function startRunServer({operationMilliseconds = 20}: {operationMilliseconds?: number} = {}) {
  const services = new Map<string, Service>();
  const jobs = new Map<string, Job>();
  const revisions: Revision[] = [];
  const operations = new Map<string, {target: string; isDone: boolean; error?: string}>();
  const brokenImages = new Set<string>();
  const brokenServices = new Set<string>();
  /** `PATCH service exchange`, in the order in which they came. */
  const updates: string[] = [];
  const refusal: {now?: {status: number; name: string}} = {};
  const tick = makeClock();

  const find = (name: string) => services.get(name) ?? jobs.get(name);

  const addRevision = (service: Service, condition = ready()): Revision => {
    const revision = {...makeRevision(service, tick()), conditions: [condition]};
    revisions.push(revision);
    service.latestCreatedRevision = revision.name;
    return revision;
  };

  const operate = (target: Service | Job, finish: () => string | undefined): Reply => {
    const name = `${target.name.replace(/\/(services|jobs)\/.*/, '')}/operations/${randomUUID()}`;
    operations.set(name, {target: target.name, isDone: false});
    void sleep(operationMilliseconds, undefined, {ref: false}).then(() => {
      const error = finish();
      operations.set(name, {target: target.name, isDone: true, ...(error && {error})});
    });
    return {status: 200, body: tellOperation(name)};
  };

  const tellOperation = (name: string): object => {
    const {target = '', isDone, error} = operations.get(name) ?? {};
    const type = services.has(target) ? 'Service' : 'Job';
    const any = {'@type': `type.googleapis.com/google.cloud.run.v2.${type}`, ...find(target)};
    const end = error ? {error: {code: 9, message: error}} : {response: any};
    return {name, metadata: any, done: Boolean(isDone), ...(isDone && end)};
  };

  const begin = (target: Service | Job): void => {
    Object.assign(target, {
      generation: String(Number(target.generation) + 1),
      etag: makeEtag(),
      updateTime: tick(),
      reconciling: true,
      terminalCondition: reconciling(),
    });
  };
  const settle = (target: Service | Job, condition: Condition): void => {
    delete target.reconciling;
    Object.assign(target, {etag: makeEtag(), terminalCondition: condition});
  };

  const patchService = (service: Service, given: Partial<Service>, mask: readonly string[]): Reply => {
    const before = JSON.stringify(service.template);
    for (const field of mask) {
      Object.assign(service, {[field]: (given as Record<string, unknown>)[field]});
    }

    begin(service);
    if (JSON.stringify(service.template) === before) {
      return operate(service, () => void settle(service, ready()));
    }

    const {image} = service.template.containers[0] ?? {image: ''};
    const words =
      brokenImages.has(image) || brokenServices.delete(service.name.split('/').at(-1) ?? '')
        ? 'The user-provided container failed to start.'
        : undefined;
    const revision = addRevision(service, words ? failed(words) : ready());
    return operate(service, () => {
      settle(service, words ? failed(words) : ready());
      service.latestReadyRevision = words ? service.latestReadyRevision : revision.name;
      return words;
    });
  };

  const patchJob = (job: Job, given: Partial<Job>): Reply => {
    const kept = Object.fromEntries(OUTPUT_ONLY.map(field => [field, job[field]]));
    Object.assign(job, {labels: {}, annotations: {}, ...given, ...kept});
    begin(job);
    return operate(job, () => void settle(job, ready()));
  };

  const patch = async (request: IncomingMessage, target: Service | Job, mask: readonly string[]): Promise<Reply> => {
    const given = JSON.parse(String(await readAll(request, 2 ** 20))) as Partial<Service & Job>;
    const short = target.name.split('/').slice(-2).join(' ').replace('s ', ' ');
    updates.push(short);
    if (given.etag && given.etag !== target.etag) {
      return problem(409, 'ABORTED', `Conflict for resource '${target.name}': version was specified but is stale.`);
    }

    return 'traffic' in target ? patchService(target, given, mask) : patchJob(target, given);
  };

  const list = (service: string, query: URLSearchParams): Reply => {
    const newest = revisions.filter(revision => revision.service === service).toReversed();
    const from = Number(query.get('pageToken') ?? 0);
    const to = from + Math.min(Number(query.get('pageSize') || 100), 2);
    const next = to < newest.length ? {nextPageToken: String(to)} : {};
    return {status: 200, body: {revisions: newest.slice(from, to), ...next}};
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const {pathname, searchParams} = new URL(request.url ?? '/', 'http://127.0.0.1');
    const [, parent, collection, id, isList] = PATH.exec(pathname) ?? [];
    const name = `${parent}/${collection}/${id}`;
    if (refusal.now) {
      return problem(refusal.now.status, refusal.now.name, 'Permission is missing.');
    }

    if (request.method === 'GET' && operations.has(name)) {
      return {status: 200, body: tellOperation(name)};
    }

    const target = find(name);
    if (!target) {
      return problem(404, 'NOT_FOUND', `Resource '${name}' was not found.`);
    }

    if (request.method === 'PATCH') {
      return patch(request, target, (searchParams.get('updateMask') ?? '').split(',').filter(Boolean));
    }

    return isList ? list(name, searchParams) : {status: 200, body: target};
  };

  const local = await listen(
    createServer((request, response) => {
      answer(request)
        .catch(error => problem(500, 'INTERNAL', String(error)))
        .then(({status, body}) =>
          response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body)),
        );
    }),
  );

  return {
    ...local,
    services,
    jobs,
    revisions,
    updates,
    brokenImages,
    /** Services whose next revision does not start. */
    brokenServices,
    /** What every request is answered with from now on. */
    refusal,
    addService(name: string, image: string, env: {name: string; value: string}[] = []): Service {
      const service = makeService(name, [{name: 'holt', image, env}], tick());
      services.set(name, service);
      service.latestReadyRevision = addRevision(service).name;
      return service;
    },
    /** Changes a service as another program does: a revision that serves at once. */
    setImage(name: string, image: string): void {
      const service = services.get(name);
      const container = service?.template.containers[0];
      if (service && container) {
        container.image = image;
        Object.assign(service, {etag: makeEtag(), latestReadyRevision: addRevision(service).name});
      }
    },
    addJob(name: string, image: string): Job {
      const job = makeJob(name, [{name: 'grader', image}], tick());
      jobs.set(name, job);
      return job;
    },
  };
}
