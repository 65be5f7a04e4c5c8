import {watchedCollections} from '../../domain/audit.ts';
import {documentOf, eventTypes} from '../../domain/events.ts';
import {manifestName, parkedName} from '../../domain/object-names.ts';
import {triggers} from '../../emulator/google/wiring.ts';
import {readConfig} from '../../functions/config.ts';
import {TURN_SECONDS} from '../../functions/dispatch/settings.ts';
import {PARKED_SECONDS} from '../../functions/exchange/park.ts';
import {MAX_WAIT_SECONDS} from '../../functions/exchange/status/show.ts';
import {type Target, targets} from '../../functions/settings.ts';
import {compare} from '../check/policies/policy.ts';
import {listUnindexed, settingsFor} from './code.ts';
import type {DeployedFunction, Deployment} from './deployment.ts';

/** What the code names, as far as it takes more than an import to know. */
export type Code = {topics: string[]; buckets: string[]; jobEntryPoint: string[]; jobSettings: string[]};

/** Says where Terraform and the code do not agree; nothing when they do. `prefix` is the environment's. */
export function findDifferences(deployment: Deployment, code: Code, prefix: string): string[] {
  const {functions, job, topics, buckets, ending, database, unindexed} = deployment;
  const named = (names: readonly string[]) => names.map(name => `${prefix}${name}`);
  return [
    ...compare(
      'functions',
      functions.map(({target, name}) => `${name} serves ${target}`),
      targets.map(target => `${prefix}${target} serves ${target}`),
    ),
    ...functions.flatMap(one => checkSettings(one, deployment)),
    ...functions.filter(({command}) => command.length > 0).map(({name}) => `${name} is not started as its image says`),
    ...compare('topics', topics, code.topics),
    ...compare(
      'pushes',
      deployment.pushes.map(({topic, service}) => `${topic} to ${service}`),
      named(['dispatch']).flatMap(dispatch => [
        `${dispatch} to ${dispatch}`,
        ...['record', 'passback', 'audit'].map(stage => `${prefix}replay-${stage} to ${prefix}${stage}`),
      ]),
    ),
    ...checkTriggers(deployment, prefix),
    ...compare('buckets', buckets, code.buckets),
    ...compare('ended folders', Object.keys(ending), [
      folderOf(parkedName('x').name),
      folderOf(manifestName('x', 0).name),
    ]),
    ...((ending[folderOf(parkedName('x').name)] ?? 0) * 86_400 > PARKED_SECONDS
      ? []
      : ['parked notebooks end before their student’s time to claim them does']),
    ...compare('fields without index', unindexed, named(listUnindexed())),
    ...compare('the job’s entry point', [job.entryPoint.join(' ')], [code.jobEntryPoint.join(' ')]),
    ...Object.keys(job.environment)
      .filter(name => !code.jobSettings.includes(name))
      .map(name => `the job gets ${name}, which it does not read`),
    ...compare('the scheduler’s function', [deployment.scheduled.service], named(['sweep'])),
    ...(isDatabaseNamed(database, functions) ? [] : [`a function reads another database than ${database}`]),
    ...checkTimes(deployment),
  ];
}

const folderOf = (name: string) => name.slice(0, name.indexOf('/') + 1);

/** A function starts with what it gets, gets nothing that it does not read, and finds the job by its name. */
function checkSettings({target, environment}: DeployedFunction, {job}: Deployment): string[] {
  const known = targets.find(one => one === target);
  if (!known) {
    return [`${target || 'nothing'} is no function`];
  }

  const allowed = settingsFor(known);
  const unknown = Object.keys(environment).filter(name => !allowed.includes(name));
  const jobs = [environment.GRADER_JOB].filter(name => name !== undefined && !name.endsWith(`/jobs/${job.name}`));
  return [
    ...unknown.map(name => `${target} gets ${name}, which it does not read`),
    ...jobs.map(name => `${target} starts ${name}, which is not ${job.name}`),
    ...tryToStart(known, environment),
  ];
}

function tryToStart(target: Target, environment: Record<string, string>): string[] {
  try {
    readConfig(target, environment);
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').map(line => `${target} does not start: ${line}`);
  }
}

/** Each trigger is one that the local stack has too, and its events name what the function will read. */
function checkTriggers({triggers: found, buckets, database}: Deployment, prefix: string): string[] {
  const documents = found.filter(({document}) => document !== '');
  return [
    ...compare(
      'triggers',
      found.map(({service, type, document, bucket}) => `${service} <- ${type} of ${document || bucket}`),
      [
        ...triggers.map(({stage, collection, type}) => `${prefix}${stage} <- ${type} of ${prefix}${collection}/{id}`),
        `${prefix}record <- ${eventTypes.objectFinalized} of ${buckets.find(name => name.endsWith('-results'))}`,
      ],
    ),
    ...documents
      .filter(one => one.database !== database)
      .map(({service, document}) => `${service} <- ${document} listens to another database`),
    ...documents
      .map(({document}) => documentOf({id: '1', type: '', subject: `documents/${document}`}, prefix)?.collection ?? '')
      .filter(collection => !(watchedCollections as readonly string[]).includes(collection))
      .map(collection => `no function knows the collection ${collection || 'of a trigger'}`),
  ];
}

/** On the default database no function is told its name. */
const isDatabaseNamed = (database: string, functions: readonly DeployedFunction[]): boolean =>
  functions.every(({environment: {FIRESTORE_DATABASE = '(default)'}}) => FIRESTORE_DATABASE === database);

/** No stage is cut off in the middle of what it may take. */
function checkTimes({functions, pushes}: Deployment): string[] {
  const secondsOf = (target: Target) => functions.find(one => one.target === target)?.timeoutSeconds ?? 0;
  const {environment = {}} = functions.find(({target}) => target === 'exchange') ?? {};
  return [
    // A batch that a turn began last is still started: its pace, its manifests and its call.
    ...(secondsOf('dispatch') > TURN_SECONDS + 120 ? [] : ['dispatch may run no longer than a turn']),
    ...(secondsOf('exchange') > Math.max(MAX_WAIT_SECONDS, Number(environment.GRADING_TIMEOUT ?? 0))
      ? []
      : ['exchange may answer no later than a client waits']),
    ...pushes
      .filter(({service, ackDeadlineSeconds}) => {
        const taker = functions.find(({name}) => name === service);
        return taker && !(ackDeadlineSeconds >= taker.timeoutSeconds);
      })
      .map(({topic, service}) => `${topic} is pushed again while ${service} still works`),
  ];
}
