import type {Code} from './compare.ts';
import {type Deployment, SECRET} from './deployment.ts';

/** A mistake in Terraform or in the code, and what must be said of it. `edit` makes it in a deployment. */
export type NameMutation = {
  says: RegExp;
  edit?: (deployment: Deployment) => unknown;
  code?: (code: Code) => Partial<Code>;
};

const functionOf = ({functions}: Deployment, target: string) => {
  const found = functions.find(one => one.target === target);
  if (!found) {
    throw new Error(`There is no function ${target} to change.`);
  }

  return found;
};
const drop = (target: string, setting: string) => (deployment: Deployment) =>
  delete functionOf(deployment, target).environment[setting];
const give = (target: string, setting: string, value: string) => (deployment: Deployment) => {
  functionOf(deployment, target).environment[setting] = value;
};
const setAll = <T extends object>(list: readonly T[], change: (one: T) => Partial<T>) => {
  for (const one of list) {
    Object.assign(one, change(one));
  }
};
const without = <T>(list: T[], isGone: (one: T) => boolean) => {
  list.splice(0, list.length, ...list.filter(one => !isGone(one)));
};

/** For an environment with the prefix `data8-` that has everything. */
export const nameMutations: readonly NameMutation[] = [
  {says: /dispatch does not start: GRADER_JOB is not set/, edit: drop('dispatch', 'GRADER_JOB')},
  {says: /sweep does not start: GRADER_JOB is not set/, edit: drop('sweep', 'GRADER_JOB')},
  {says: /record does not start: HOLT_BUCKET is not set/, edit: drop('record', 'HOLT_BUCKET')},
  {says: /audit does not start: GCP_PROJECT_ID is not set/, edit: drop('audit', 'GCP_PROJECT_ID')},
  {says: /exchange does not start: HOLT_HUB_ORIGIN is not set/, edit: drop('exchange', 'HOLT_HUB_ORIGIN')},
  {says: /exchange does not start: JUPYTERHUB_API_TOKEN is not set/, edit: drop('exchange', 'JUPYTERHUB_API_TOKEN')},
  {says: /dispatch does not start: HOLT_COURSES is not set/, edit: drop('dispatch', 'HOLT_COURSES')},
  {
    says: /dispatch does not start: COURSE_CONTENT_READER_PRIVATE_KEY/,
    edit: drop('dispatch', 'COURSE_CONTENT_READER_PRIVATE_KEY'),
  },
  {says: /passback does not start: LTI_CONSUMER_SECRET is not set/, edit: drop('passback', 'LTI_CONSUMER_SECRET')},
  {says: /exchange gets JUPYTERHUB_TOKEN, which it does not/, edit: give('exchange', 'JUPYTERHUB_TOKEN', SECRET)},
  {says: /record gets LTI_CONSUMER_SECRET, which it does not/, edit: give('record', 'LTI_CONSUMER_SECRET', SECRET)},
  {says: /dispatch does not start: MAX_PARALLEL_TASKS/, edit: give('dispatch', 'MAX_PARALLEL_TASKS', 'many')},
  {
    says: /dispatch starts .*jobs\/other, which is not data8-grader/,
    edit: give('dispatch', 'GRADER_JOB', 'projects/p/locations/r/jobs/other'),
  },
  {says: /reads another database than data8/, edit: give('audit', 'FIRESTORE_DATABASE', 'other')},
  {says: /reads another database than data8/, edit: drop('audit', 'FIRESTORE_DATABASE')},
  {
    says: /functions: data8-audit serves audit is missing/,
    edit: ({functions}) => without(functions, ({target}) => target === 'audit'),
  },
  {
    says: /functions: data8-audit serves audit is missing/,
    edit: ({functions}) => setAll(functions, ({name}) => ({name: name.replace('data8-', '')})),
  },
  {
    says: /record is not started as its image says/,
    edit: ({functions}) => setAll(functions, () => ({command: ['sh']})),
  },
  {
    says: /topics: data8-replay-audit is missing/,
    edit: ({topics}) => without(topics, topic => topic.endsWith('replay-audit')),
  },
  {
    says: /topics: data8-replay-grade is missing/,
    code: ({topics}) => ({topics: [...topics, 'data8-replay-grade']}),
  },
  {
    says: /pushes: data8-dispatch to data8-dispatch is missing/,
    edit: ({pushes}) => setAll(pushes, () => ({service: 'data8-audit'})),
  },
  {
    says: /triggers: data8-passback <- .*created of data8-passbacks\/\{id\} is missing/,
    edit: ({triggers}) => setAll(triggers, ({type}) => ({type: type.replace('created', 'written')})),
  },
  {
    says: /triggers: data8-audit <- .*created of data8-parked\/\{id\} is missing/,
    edit: ({triggers}) => without(triggers, ({document}) => document === 'data8-parked/{id}'),
  },
  {
    says: /triggers: data8-record <- .*finalized of .*-results is missing/,
    edit: ({triggers}) => setAll(triggers, ({bucket}) => ({bucket: bucket.replace('-results', '-work')})),
  },
  {
    says: /no function knows the collection grades/,
    edit: ({triggers}) => setAll(triggers, ({document}) => ({document: document.replace('results', 'grades')})),
  },
  {
    says: /no function knows the collection of a trigger/,
    edit: ({triggers}) => setAll(triggers, ({document}) => ({document: document && '{collection}/{id}'})),
  },
  {
    says: /data8-audit <- data8-parked\/\{id\} listens to another database/,
    edit: ({triggers}) => setAll(triggers, () => ({database: '(default)'})),
  },
  {
    says: /buckets: data8-.*-work is missing/,
    edit: deployment =>
      Object.assign(deployment, {buckets: deployment.buckets.map(name => name.replace(/-work$/, '-notebooks'))}),
  },
  {
    says: /buckets: data8-.*-archives is missing/,
    code: ({buckets}) => ({buckets: [...buckets, 'data8-holt-archives']}),
  },
  {says: /ended folders: parked\/ is missing/, edit: ({ending}) => delete ending['parked/']},
  {says: /before their student’s time to claim them/, edit: ({ending}) => Object.assign(ending, {'parked/': 14})},
  {
    says: /fields without index: data8-results.questions is missing/,
    edit: ({unindexed}) => without(unindexed, field => field === 'data8-results.questions'),
  },
  {says: /fields without index: .*is too much/, edit: ({unindexed}) => unindexed.push('data8-queue.visibleAt')},
  {says: /the job’s entry point/, edit: ({job}) => Object.assign(job, {entryPoint: ['node', 'main.js']})},
  {
    says: /the job gets HOLT_TOKEN, which it does not read/,
    edit: ({job}) => Object.assign(job.environment, {HOLT_TOKEN: 'x'}),
  },
  {says: /the scheduler’s function/, edit: ({scheduled}) => Object.assign(scheduled, {service: 'data8-record'})},
  {
    says: /dispatch may run no longer than a turn/,
    edit: ({functions}) => setAll(functions, () => ({timeoutSeconds: 300})),
  },
  {
    says: /exchange may answer no later than a client waits/,
    edit: ({functions}) => setAll(functions, () => ({timeoutSeconds: 300})),
  },
  {
    says: /data8-dispatch is pushed again while data8-dispatch still works/,
    edit: ({pushes}) => setAll(pushes, () => ({ackDeadlineSeconds: 10})),
  },
];
