import {listBindings} from './bindings.ts';
import {at, each, listAt, ofType, type Policy, textAt} from './policy.ts';

/** Settings whose values are secret. */
export const secretSettings =
  /^(JUPYTERHUB_API_TOKEN|HOLT_SESSION_KEY|HOLT_GOFER_API_TOKEN|HOLT_JWT_SECRET|HOLT_PROXY_SECRET|JWT_SECRET|LTI_CONSUMER_SECRET|COURSE_CONTENT_READER_PRIVATE_KEY)$/;

export const secretPolicies: Policy[] = [
  {
    name: 'one-reader-per-secret',
    sentence: 'Each secret is read by exactly one identity.',
    find: ({environment}) => {
      const readers = listBindings(environment).filter(({kind}) => kind === 'secret');
      return [
        ...each(ofType(environment, 'google_secret_manager_secret'), 'secret', ({values}) => {
          const own = readers.filter(({target}) => target === textAt(values, 'secret_id'));
          return [
            own.length !== 1 && `is read by ${own.length}`,
            own.some(({role}) => role !== 'roles/secretmanager.secretAccessor') && 'is more than read',
            listAt(values, 'replication').length === 0 && 'is kept nowhere',
          ];
        }),
        ...listBindings(environment)
          .filter(({kind, role}) => kind !== 'secret' && role.startsWith('roles/secretmanager.'))
          .map(({address}) => `${address}: reads every secret`),
      ];
    },
  },
  {
    name: 'secrets-by-reference',
    sentence: 'A function gets a secret by reference to one numbered version, never as text and never the latest.',
    find: ({environment}) =>
      each(ofType(environment, 'google_cloud_run_v2_service'), 'service', ({values}) =>
        listAt(values, 'template.0.containers.0.env').flatMap(variable => {
          const name = textAt(variable, 'name');
          const version = textAt(variable, 'value_source.0.secret_key_ref.0.version');
          return [
            secretSettings.test(name) && textAt(variable, 'value') !== '' && `${name} stands there as text`,
            secretSettings.test(name) && version === '' && `${name} refers to no version of a secret`,
            version !== '' && !/^[1-9]\d*$/.test(version) && `${name} is version ${version}`,
          ];
        }),
      ),
  },
  {
    name: 'grader-has-no-secret',
    sentence: 'The grading job gets no secret, and no volume to reach one.',
    find: ({environment}) =>
      each(ofType(environment, 'google_cloud_run_v2_job'), 'job', ({values}) => [
        ...listAt(values, 'template.0.template.0.containers.0.env').map(
          variable =>
            (secretSettings.test(textAt(variable, 'name')) || at(variable, 'value_source.0') !== undefined) &&
            `gets ${textAt(variable, 'name')}`,
        ),
        listAt(values, 'template.0.template.0.volumes').length > 0 && 'has a volume',
      ]),
  },
];
