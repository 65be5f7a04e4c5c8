import type {protos} from '@google-cloud/run';
import type {Deployed, Kind} from '../../domain/releases.ts';

/* How Cloud Run tells of a service or a job. */

export type Service = protos.google.cloud.run.v2.IService;
export type Job = protos.google.cloud.run.v2.IJob;
type Container = protos.google.cloud.run.v2.IContainer;
type Condition = protos.google.cloud.run.v2.ICondition;
type Timestamp = protos.google.protobuf.ITimestamp;

/** Where a job carries what this program noted: Terraform leaves annotations alone that it did not set. */
export const NOTES = 'holt-releases';

export const containersOf = (kind: Kind, found: Service | Job): Container[] =>
  (kind === 'service' ? (found as Service).template?.containers : (found as Job).template?.template?.containers) ?? [];

/** Tells of one what a release is about. */
export function tell(kind: Kind, name: string, found: Service | Job): Deployed {
  const [container] = containersOf(kind, found);
  return {
    kind,
    name,
    image: container?.image ?? '',
    problem: findProblem(found),
    revision: kind === 'service' ? shortName((found as Service).latestReadyRevision) : undefined,
    notes: found.annotations?.[NOTES] ?? '',
    variables: Object.fromEntries(
      (container?.env ?? []).map(({name: variable, value, valueSource}) => [
        variable ?? '',
        valueSource ? null : (value ?? ''),
      ]),
    ),
    updatedAt: toInstant(found.updateTime),
    etag: found.etag ?? '',
  };
}

function findProblem(found: Service | Job): string | undefined {
  const {terminalCondition: condition} = found;
  if (found.reconciling) {
    return 'is being changed right now';
  }

  if (!isState(condition?.state, 'SUCCEEDED')) {
    return `is not ready${condition?.message ? `: ${condition.message}` : ''}`;
  }

  const {traffic = [], latestReadyRevision, latestCreatedRevision} = found as Service;
  const named = (traffic ?? []).filter(({percent, revision}) => percent && revision);
  if (named.some(({revision}) => shortName(revision) !== shortName(latestReadyRevision))) {
    return 'sends requests to an older revision';
  }

  return latestReadyRevision === latestCreatedRevision ? undefined : 'has a newer revision that does not serve';
}

/** The library tells a state by name or by number, as it likes. */
export const isState = (state: Condition['state'], name: 'SUCCEEDED' | 'FAILED'): boolean =>
  state === `CONDITION_${name}` || state === {SUCCEEDED: 4, FAILED: 3}[name];

export const shortName = (name: string | null | undefined): string => name?.split('/').at(-1) ?? '';

export const toInstant = (time: Timestamp | null | undefined): string =>
  new Date(Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1e6)).toISOString();
