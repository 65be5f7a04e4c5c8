import {randomBytes} from 'node:crypto';

/*
 * Services, revisions and jobs as the Cloud Run Admin API (v2, REST) tells them, with as much as Holt and its tests look at.
 */

export type Container = {name?: string; image: string; env?: {name: string; value?: string}[]};
export type Condition = {type: string; state: string; message?: string};
type Times = {createTime: string; updateTime: string};
type Told = {
  name: string;
  uid: string;
  etag: string;
  generation: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  reconciling?: boolean;
  terminalCondition: Condition;
} & Times;

export type RevisionTemplate = {revision?: string; containers: Container[]; serviceAccount?: string};
export type Traffic = {type: string; revision?: string; percent: number};
export type Service = Told & {
  template: RevisionTemplate;
  traffic: Traffic[];
  latestReadyRevision: string;
  latestCreatedRevision: string;
  uri: string;
};
export type Job = Told & {
  template: {parallelism?: number; template: {containers: Container[]; maxRetries?: number; serviceAccount?: string}};
  executionCount: number;
};
export type Revision = Times & {
  name: string;
  service: string;
  generation: string;
  containers: Container[];
  conditions: Condition[];
};

export const ready = (): Condition => ({type: 'Ready', state: 'CONDITION_SUCCEEDED'});
export const reconciling = (): Condition => ({type: 'Ready', state: 'CONDITION_RECONCILING'});
export const failed = (message: string): Condition => ({type: 'Ready', state: 'CONDITION_FAILED', message});

/** As the platform's: quotes are part of it. */
export const makeEtag = (): string => `"${randomBytes(12).toString('base64url')}"`;

const tell = (name: string, at: string): Told => ({
  name,
  uid: randomBytes(16).toString('hex'),
  etag: makeEtag(),
  generation: '1',
  labels: {},
  annotations: {},
  terminalCondition: ready(),
  createTime: at,
  updateTime: at,
});

/** Makes a service that runs one container, before it has a revision. */
export const makeService = (name: string, containers: Container[], at: string): Service => ({
  ...tell(name, at),
  template: {containers, serviceAccount: 'exchange@p.iam.gserviceaccount.com'},
  traffic: [{type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100}],
  latestReadyRevision: '',
  latestCreatedRevision: '',
  uri: `https://${name.split('/').at(-1)}-abc.a.run.app`,
});

/** Makes a job that runs one container in each task. */
export const makeJob = (name: string, containers: Container[], at: string): Job => ({
  ...tell(name, at),
  template: {
    parallelism: 100,
    template: {containers, maxRetries: 0, serviceAccount: 'grader@p.iam.gserviceaccount.com'},
  },
  executionCount: 0,
});

/** Makes the revision of a service's present template. */
export function makeRevision({name, template, generation}: Service, at: string): Revision {
  const short = template.revision || `${name.split('/').at(-1)}-${generation.padStart(5, '0')}-${randomLetters()}`;
  return {
    name: `${name}/revisions/${short}`,
    service: name,
    generation: '1',
    containers: structuredClone(template.containers),
    conditions: [ready()],
    createTime: at,
    updateTime: at,
  };
}

const randomLetters = (): string => [...randomBytes(3)].map(byte => 'bcdfghjklmnpqrstvwxz'[byte % 20]).join('');

/** Project and region, collection, name, and whether it is the list of revisions. */
export const PATH = /^\/v2\/(projects\/[^/]+\/locations\/[^/]+)\/(services|jobs|operations)\/([^/]+)(\/revisions)?$/;
/** What the platform itself tells of a job: a request cannot change it. */
export const OUTPUT_ONLY = ['uid', 'generation', 'createTime', 'updateTime', 'executionCount'] as const;

/** Makes a clock that is an hour later each time it is read: what happens in one second has its order. */
export function makeClock(): () => string {
  let time = Date.parse('2026-01-01T00:00:00Z');
  return () => {
    time += 3_600_000;
    return new Date(time).toISOString();
  };
}
