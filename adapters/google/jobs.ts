import {ExecutionsClient, JobsClient} from '@google-cloud/run';
import {HoltError} from '../../domain/errors.ts';
import type {Jobs} from '../../domain/ports.ts';

/** The platform answered and did not start anything: gRPC status codes, https://grpc.io/docs/guides/status-codes/ */
const REFUSALS: ReadonlyMap<unknown, string> = new Map([
  [3, 'INVALID_ARGUMENT'],
  [5, 'NOT_FOUND'],
  [7, 'PERMISSION_DENIED'],
  [8, 'RESOURCE_EXHAUSTED'],
  [9, 'FAILED_PRECONDITION'],
  [16, 'UNAUTHENTICATED'],
]);

/** Nothing was sent: there was nobody to send it to. */
const UNSENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

const TIMEOUT_MS = 30_000;

export type JobClients = {jobs: JobsClient; executions: ExecutionsClient};

/**
 * Connects to the Cloud Run Admin API over REST, or to a server that speaks it at `apiEndpoint`.
 *
 * @example connectJobs({projectId: 'my-project', apiEndpoint: 'http://127.0.0.1:8090'})
 */
export function connectJobs({
  projectId,
  apiEndpoint,
}: {
  projectId: string;
  apiEndpoint?: string | undefined;
}): JobClients {
  const url = apiEndpoint ? new URL(apiEndpoint) : undefined;
  const local = url && {protocol: 'http', apiEndpoint: url.hostname, port: Number(url.port)};
  const options = {projectId, fallback: true, ...local};
  return {jobs: new JobsClient(options), executions: new ExecutionsClient(options)};
}

type Settings = {projectId: string; region: string; job: string};

/**
 * Makes one Cloud Run Job the place where notebooks are graded.
 *
 * Starting is not tried again by itself: an attempt of unknown outcome may have started an execution.
 */
export function makeJobs({jobs, executions}: JobClients, {projectId, region, job}: Settings): Jobs {
  const name = `projects/${projectId}/locations/${region}/jobs/${job}`;

  return {
    async start({tasks, manifestIndexUrl, timeoutSeconds}) {
      const containerOverrides = [{env: [{name: 'MANIFEST_INDEX_URL', value: manifestIndexUrl}]}];
      const overrides = {taskCount: tasks, timeout: {seconds: timeoutSeconds}, containerOverrides};
      const [operation] = await jobs.runJob({name, overrides}, {timeout: TIMEOUT_MS}).catch(rethrow);
      const execution = (operation.metadata as {name?: string | null} | null)?.name;
      if (!execution) {
        throw new HoltError('jobs-unknown', 'Cloud Run took the job and named no execution: it may be running.');
      }

      return execution;
    },

    async findState(execution) {
      try {
        const [found] = await executions.getExecution({name: execution}, {timeout: TIMEOUT_MS});
        if (!found.completionTime) {
          return 'running';
        }

        const wasCancelled = found.conditions?.some(({executionReason}) =>
          ['CANCELLED', 'CANCELLING', 'DELETED'].includes(String(executionReason)),
        );
        return wasCancelled ? 'lost' : 'ended';
      } catch {
        // Also one that Cloud Run has forgotten, or that was never there: its claim's own time decides then.
        return 'unknown';
      }
    },
  };
}

function rethrow(cause: unknown): never {
  const {code, message} = cause as {code?: unknown; message?: string};
  const refusal = REFUSALS.get(code);
  if (refusal) {
    throw new HoltError('jobs-refused', `Cloud Run did not start the job (${refusal}): ${message}`, {cause});
  }

  if (isUnsent(cause)) {
    throw new HoltError('jobs-refused', `Cloud Run cannot be reached, so the job did not start: ${message}`, {cause});
  }

  throw new HoltError('jobs-unknown', `Cloud Run did not say whether the job started: ${message}`, {cause});
}

/** Whether an error, or what caused it, is a connection that was never made. */
function isUnsent(error: unknown): boolean {
  const {code, cause} = (error ?? {}) as {code?: unknown; cause?: unknown};
  return UNSENT.has(String(code)) || (cause !== undefined && isUnsent(cause));
}
