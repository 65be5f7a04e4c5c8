import {listBindings, shorten} from './bindings.ts';
import {at, compare, each, listAt, ofType, type Policy, textAt} from './policy.ts';

const trigger = 'google_cloudbuild_trigger';

/** What each build may do in the project that builds. Deploying is a right in each environment. */
const builds = [
  'check: logging.logWriter on project',
  'release: artifactregistry.writer on repository',
  'release: logging.logWriter on project',
  'release: secretmanager.secretAccessor on secret holt-github-app-key',
  'release: secretmanager.secretAccessor on secret holt-slack-webhook',
  'tag: artifactregistry.writer on repository',
  'tag: logging.logWriter on project',
  'tag: secretmanager.secretAccessor on secret holt-release-token',
  'tag: secretmanager.secretAccessor on secret holt-slack-webhook',
];

export const bootstrapPolicies: Policy[] = [
  {
    name: 'state-is-kept',
    sentence: 'The bucket of states keeps every version and is never deleted.',
    find: ({bootstrap, blocks}) => [
      ...each(ofType(bootstrap, 'google_storage_bucket'), 'bucket of states', ({values}) => [
        at(values, 'versioning.0.enabled') !== true && 'keeps one version',
      ]),
      ...blocks
        .filter(
          ({file, type, labels}) =>
            file.includes('/bootstrap/') && type === 'resource' && labels[0] === 'google_storage_bucket',
        )
        .filter(
          ({blocks: inner}) =>
            !inner.some(({type, attributes}) => type === 'lifecycle' && attributes.prevent_destroy === 'true'),
        )
        .map(({labels}) => `${labels.join('.')} can be deleted`),
    ],
  },
  {
    name: 'registry-is-tidied',
    sentence: 'Old images go by themselves, and what is released stays.',
    find: ({bootstrap}) =>
      each(ofType(bootstrap, 'google_artifact_registry_repository'), 'registry', ({values}) => {
        const actions = listAt(values, 'cleanup_policies').map(policy => textAt(policy, 'action'));
        return [
          at(values, 'cleanup_policy_dry_run') !== false && 'only says what it would tidy up',
          !actions.includes('DELETE') && 'keeps everything',
          !actions.includes('KEEP') && 'keeps nothing for sure',
        ];
      }),
  },
  {
    name: 'build-triggers',
    sentence: 'Pull requests, main and tags are built, each as an account of its own.',
    find: ({bootstrap}) => {
      const triggers = ofType(bootstrap, trigger);
      const accounts = triggers.map(({values}) => textAt(values, 'service_account'));
      const kinds = triggers.map(({values}) =>
        at(values, 'repository_event_config.0.pull_request.0') !== undefined
          ? 'pull request'
          : textAt(values, 'repository_event_config.0.push.0.tag') !== ''
            ? 'tag'
            : 'branch',
      );
      return [
        ...(kinds.sort().join() === 'branch,pull request,tag' ? [] : [`What is built is ${kinds.join(', ')}.`]),
        ...(new Set(accounts).size === accounts.length ? [] : ['Two builds share an account.']),
      ];
    },
  },
  {
    name: 'rights-of-builds',
    sentence: 'A build reads the secrets of its own work, and only what is released writes images.',
    find: ({bootstrap}) =>
      compare(
        'builds',
        listBindings(bootstrap)
          .filter(({member}) => member.startsWith('serviceAccount:holt-build-'))
          .map(({member, role, kind, target}) => {
            const build = shorten(member).replace(/^.*holt-build-/, '');
            return `${build}: ${role.replace(/^roles\//, '')} on ${kind}${kind === 'secret' ? ` ${target}` : ''}`;
          }),
        builds,
      ),
  },
  {
    name: 'only-operators-touch-states',
    sentence:
      'States, which show what there is, are read and written by the people who run Terraform, and nobody else.',
    find: ({bootstrap}) =>
      listBindings(bootstrap)
        .filter(
          ({kind, member, role}) =>
            kind === 'bucket' && (!/^(user|group):/.test(member) || role !== 'roles/storage.objectAdmin'),
        )
        .map(({address, member, role}) => `${address}: ${member} has ${role}`),
  },
  {
    name: 'pull-requests-have-no-secret',
    sentence: 'The account that builds pull requests writes its log and has no other right.',
    find: ({bootstrap, environment}) => {
      const [build] = ofType(bootstrap, trigger).filter(
        ({values}) => at(values, 'repository_event_config.0.pull_request.0') !== undefined,
      );
      const account = textAt(build?.values, 'service_account').split('/').at(-1) ?? '';
      return account === ''
        ? ['Pull requests are built as nobody’s account.']
        : [
            ...[...listBindings(bootstrap), ...listBindings(environment)]
              .filter(({member, role}) => member.endsWith(`:${account}`) && role !== 'roles/logging.logWriter')
              .map(({address, role}) => `${address}: pull requests have ${role}`),
            ...(textAt(build?.values, 'repository_event_config.0.pull_request.0.comment_control') ===
            'COMMENTS_DISABLED'
              ? ['A stranger’s pull request is built before anybody looked at it.']
              : []),
          ];
    },
  },
  {
    name: 'federation-is-narrow',
    sentence: 'A deployer without a key is one branch of one repository, and nobody else of GitHub.',
    find: ({bootstrap}) => {
      const providers = ofType(bootstrap, 'google_iam_workload_identity_pool_provider');
      const members = listBindings(bootstrap).filter(({role}) => role === 'roles/iam.workloadIdentityUser');
      return [
        ...each(providers, 'federation', ({values}) => {
          const condition = textAt(values, 'attribute_condition');
          return [
            !/assertion\.repository\s*==\s*'[\w.-]+\/[\w.-]+'/.test(condition) && 'takes every repository',
            !/assertion\.ref\s*==\s*'refs\/heads\/[\w./-]+'/.test(condition) && 'takes every branch',
            /\|\|/.test(condition) && 'has a way around its condition',
            textAt(values, 'oidc.0.issuer_uri') !== 'https://token.actions.githubusercontent.com' &&
              'trusts somebody else',
          ];
        }),
        ...(members.length === 0 ? ['Nobody deploys without a key.'] : []),
        ...members
          .filter(
            ({member}) =>
              !/^principalSet:\/\/iam\.googleapis\.com\/.+\/attribute\.repository\/[\w.-]+\/[\w.-]+$/.test(member),
          )
          .map(({address, member}) => `${address}: ${member} may deploy`),
      ];
    },
  },
];
