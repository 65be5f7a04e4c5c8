import type {Plan, Resource} from '../check/plan.ts';
import {at, listAt, ofType, textAt} from '../check/policies/policy.ts';

/** A function as it would be deployed. Secrets have a placeholder for a value. */
export type DeployedFunction = {
  target: string;
  name: string;
  environment: Record<string, string>;
  command: unknown[];
  timeoutSeconds: number;
};
export type DeployedTrigger = {service: string; type: string; database: string; document: string; bucket: string};

/** Names and settings that a plan would give to Google Cloud, and that the code must know. */
export type Deployment = {
  functions: DeployedFunction[];
  job: {name: string; entryPoint: string[]; environment: Record<string, string>};
  topics: string[];
  pushes: {topic: string; service: string; ackDeadlineSeconds: number}[];
  triggers: DeployedTrigger[];
  buckets: string[];
  /** Folders of the work bucket that its lifecycle ends, with the days until then. */
  ending: Record<string, number>;
  database: string;
  /** `collection.field` that no index has. */
  unindexed: string[];
  scheduled: {service: string; headers: Record<string, string>};
};

/** A secret's value is unknown here; any long text will do. */
export const SECRET = 'a secret that is long enough';

/** Reads a plan in which every value is known. */
export function readDeployment(plan: Plan): Deployment {
  const services = new Map(
    ofType(plan, 'google_cloud_run_v2_service').map(({values}) => [textAt(values, 'uri'), textAt(values, 'name')]),
  );
  const serviceOf = (address: string) => services.get(address.replace(/\/$/, '')) ?? address;
  const [job] = ofType(plan, 'google_cloud_run_v2_job');
  const [clock] = ofType(plan, 'google_cloud_scheduler_job');
  const inJob = 'template.0.template.0.containers.0';
  return {
    functions: ofType(plan, 'google_cloud_run_v2_service').map(readFunction),
    job: {
      name: textAt(job?.values, 'name'),
      entryPoint: [...listAt(job?.values, `${inJob}.command`), ...listAt(job?.values, `${inJob}.args`)].map(String),
      environment: readEnvironment(job?.values, inJob),
    },
    topics: ofType(plan, 'google_pubsub_topic').map(({values}) => textAt(values, 'name')),
    pushes: ofType(plan, 'google_pubsub_subscription').map(({values}) => ({
      topic: textAt(values, 'topic').split('/').at(-1) ?? '',
      service: serviceOf(textAt(values, 'push_config.0.push_endpoint')),
      ackDeadlineSeconds: Number(at(values, 'ack_deadline_seconds')),
    })),
    triggers: ofType(plan, 'google_eventarc_trigger').map(readTrigger),
    buckets: ofType(plan, 'google_storage_bucket').map(({values}) => textAt(values, 'name')),
    ending: Object.fromEntries(
      ofType(plan, 'google_storage_bucket')
        .flatMap(({values}) => listAt(values, 'lifecycle_rule'))
        .flatMap(rule =>
          listAt(rule, 'condition.0.matches_prefix').map(folder => [folder, Number(at(rule, 'condition.0.age'))]),
        ),
    ),
    database: textAt(ofType(plan, 'google_firestore_database')[0]?.values, 'name'),
    unindexed: ofType(plan, 'google_firestore_field')
      .filter(({values}) => listAt(values, 'index_config.0.indexes').length === 0)
      .map(({values}) => `${textAt(values, 'collection')}.${textAt(values, 'field')}`),
    scheduled: {
      service: serviceOf(textAt(clock?.values, 'http_target.0.uri')),
      headers: (at(clock?.values, 'http_target.0.headers') ?? {}) as Record<string, string>,
    },
  };
}

function readFunction({values}: Resource): DeployedFunction {
  const inService = 'template.0.containers.0';
  const {FUNCTION_TARGET = '', ...environment} = readEnvironment(values, inService);
  return {
    target: FUNCTION_TARGET,
    name: textAt(values, 'name'),
    environment,
    command: [...listAt(values, `${inService}.command`), ...listAt(values, `${inService}.args`)],
    timeoutSeconds: Number.parseInt(textAt(values, 'template.0.timeout'), 10),
  };
}

function readTrigger({values}: Resource): DeployedTrigger {
  const criteria = Object.fromEntries(
    listAt(values, 'matching_criteria').map(one => [textAt(one, 'attribute'), textAt(one, 'value')]),
  );
  const {type = '', database = '', document = '', bucket = ''} = criteria;
  return {service: textAt(values, 'destination.0.cloud_run_service.0.service'), type, database, document, bucket};
}

const readEnvironment = (values: unknown, container: string): Record<string, string> =>
  Object.fromEntries(
    listAt(values, `${container}.env`).map(variable => [
      textAt(variable, 'name'),
      at(variable, 'value_source.0') === undefined ? textAt(variable, 'value') : SECRET,
    ]),
  );
