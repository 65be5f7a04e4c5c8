import type {Plan} from '../plan.ts';
import {type Binding, listBindings, shorten} from './bindings.ts';
import {compare, ofType, type Policy, textAt} from './policy.ts';

/** Who may do what: role, on which thing, and in which folder only. The grader may do nothing. */
const rights: Record<string, string[]> = {
  exchange: [
    'datastore.user on project, in the database',
    'pubsub.publisher on topic dispatch',
    'storage.objectCreator on bucket work',
    'storage.objectUser on bucket work, in parked',
    'storage.objectUser on bucket work, in activities',
    'storage.objectViewer on bucket results',
  ],
  dispatch: [
    'datastore.user on project, in the database',
    'iam.serviceAccountTokenCreator on account dispatch',
    'iam.serviceAccountUser on account grader',
    'run.jobsExecutorWithOverrides on job grader',
    'storage.objectCreator on bucket results',
    'storage.objectCreator on bucket work',
    'storage.objectViewer on bucket work',
  ],
  record: [
    'datastore.user on project, in the database',
    'eventarc.eventReceiver on project',
    'pubsub.publisher on topic dispatch',
    'run.invoker on service record',
    'storage.objectCreator on bucket work, in autograders',
    'storage.objectViewer on bucket results',
    'storage.objectViewer on bucket work, in activities',
  ],
  passback: [
    'datastore.user on project, in the database',
    'eventarc.eventReceiver on project',
    'run.invoker on service passback',
  ],
  audit: [
    'datastore.user on project, in the database',
    'eventarc.eventReceiver on project',
    'run.invoker on service audit',
  ],
  sweep: [
    'datastore.user on project, in the database',
    'pubsub.publisher on topic dispatch',
    'pubsub.publisher on topic replay-audit',
    'pubsub.publisher on topic replay-passback',
    'pubsub.publisher on topic replay-record',
    'run.viewer on job grader',
    'storage.objectViewer on bucket results',
  ],
  grader: [],
  push: ['run.invoker on service dispatch'],
  scheduler: ['run.invoker on service sweep'],
};

/** Which secrets there may be, by who reads them. */
const secrets: Record<string, string[]> = {
  exchange: ['hub-token', 'session-key', 'gofer-token', 'moodle-key', 'token-key'],
  dispatch: ['github-app-key'],
  passback: ['lti-key'],
};

/** Who sets digests: on every service and the job, as each of them, and nothing else. */
const release = [
  ...['exchange', 'dispatch', 'record', 'passback', 'audit', 'sweep'].flatMap(name => [
    `run.developer on service ${name}`,
    `iam.serviceAccountUser on account ${name}`,
  ]),
  'run.developer on job grader',
  'iam.serviceAccountUser on account grader',
  'run.viewer on project',
];

/** Names a thing without the environment's own part of the name. */
const nameOf = ({kind, target}: Binding) =>
  kind === 'project' ? '' : kind === 'bucket' ? ` ${target.replace(/^.*-/, '')}` : ` ${target.replace(/^holt-/, '')}`;

function limitOf({condition}: Binding, database: string): string {
  const [, folder] = /\/objects\/([\w-]+)\/"\)$/.exec(condition) ?? [];
  return condition === ''
    ? ''
    : folder
      ? `, in ${folder}`
      : condition.endsWith(`/databases/${database}"`)
        ? ', in the database'
        : `, if ${condition}`;
}

/** Says what a right is, as the table has it. */
function describe(binding: Binding, plan: Plan): string {
  const [database] = ofType(plan, 'google_firestore_database');
  const limit = limitOf(binding, textAt(database?.values, 'name'));
  return `${binding.role.replace(/^roles\//, '')} on ${binding.kind}${nameOf(binding)}${limit}`;
}

const identityOf = (member: string) => shorten(member.replace(/^serviceAccount:/, '')).replace(/^holt-/, '');

const secretsOf = (plan: Plan) =>
  ofType(plan, 'google_secret_manager_secret').map(({values}) => textAt(values, 'secret_id'));

export const identityPolicies: Policy[] = [
  ...Object.entries(rights).map(
    ([identity, wanted]): Policy => ({
      name: `rights-of-${identity}`,
      sentence:
        wanted.length === 0
          ? `${identity} has no right at all.`
          : `${identity} has the rights of its work, and no other.`,
      find: ({environment}) =>
        compare(
          identity,
          listBindings(environment)
            .filter(({member}) => member.startsWith('serviceAccount:') && identityOf(member) === identity)
            .map(binding => describe(binding, environment)),
          [
            ...wanted,
            ...secretsOf(environment)
              .filter(secret => secrets[identity]?.includes(secret))
              .map(secret => `secretmanager.secretAccessor on secret ${secret}`),
          ],
        ),
    }),
  ),
  {
    name: 'only-known-secrets',
    sentence: 'There is no secret that no function reads.',
    whole: true,
    find: ({environment}) => compare('secrets', secretsOf(environment), Object.values(secrets).flat()),
  },
  {
    name: 'only-known-identities',
    sentence: 'There is one service account for each function, the job, the pushes and the scheduler, and no other.',
    find: ({environment}) =>
      compare(
        'service accounts',
        ofType(environment, 'google_service_account').map(({values}) =>
          textAt(values, 'account_id').replace(/^holt-/, ''),
        ),
        Object.keys(rights),
      ),
  },
  {
    name: 'agents',
    sentence: 'Beside them, releases set images, Google’s own agents deliver events, and nobody else has a right.',
    find: ({environment}) => {
      const known = new Set(
        ofType(environment, 'google_service_account').map(({values}) => `serviceAccount:${textAt(values, 'email')}`),
      );
      const others = listBindings(environment).filter(({member}) => !known.has(member) && member !== 'allUsers');
      const deployers = new Set(
        others.map(({member}) => shorten(member)).filter(name => name.endsWith('holt-deployer')),
      );
      return compare(
        'others',
        others.map(binding => `${nameOfAgent(binding.member)}: ${describe(binding, environment)}`),
        [
          ...['audit', 'passback', 'push', 'record'].map(
            account => `gcp-sa-pubsub: iam.serviceAccountTokenCreator on account ${account}`,
          ),
          'gs-project-accounts: pubsub.publisher on project',
          ...[...deployers].flatMap(() => release.map(right => `your-project: ${right}`)),
        ],
      );
    },
  },
];

/** The kind of agent, or a deployer's project. */
const nameOfAgent = (member: string) => member.replace(/^.*@/, '').replace(/\.iam\.gserviceaccount\.com$/, '');
