import {at, each, ofType, type Policy, textAt} from './policy.ts';

export const schedulerPolicies: Policy[] = [
  {
    name: 'sweep-each-minute',
    sentence: 'The sweep runs each minute, and its call is signed for that one service.',
    find: ({environment}) => {
      const addresses = ofType(environment, 'google_cloud_run_v2_service')
        .filter(({values}) => /(^|-)sweep$/.test(textAt(values, 'name')))
        .map(({values}) => textAt(values, 'uri'));
      return each(ofType(environment, 'google_cloud_scheduler_job'), 'scheduled call', ({values}) => [
        textAt(values, 'schedule') !== '* * * * *' && `runs at ${textAt(values, 'schedule')}`,
        at(values, 'paused') === true && 'is paused',
        !addresses.includes(textAt(values, 'http_target.0.uri').replace(/\/$/, '')) && 'calls something else',
        !addresses.includes(textAt(values, 'http_target.0.oidc_token.0.audience')) && 'is signed for something else',
      ]);
    },
  },
  {
    name: 'pushes-are-signed',
    sentence: 'Every push goes to its function by https, signed for that function.',
    find: ({environment}) =>
      each(
        ofType(environment, 'google_pubsub_subscription').filter(
          ({values}) => at(values, 'push_config.0') !== undefined,
        ),
        'push',
        ({values}) => {
          const [endpoint, audience] = [
            textAt(values, 'push_config.0.push_endpoint'),
            textAt(values, 'push_config.0.oidc_token.0.audience'),
          ];
          return [
            !endpoint.startsWith('https://') && `goes to ${endpoint}`,
            (audience === '' || !endpoint.startsWith(audience)) && `is signed for ${audience || 'anybody'}`,
          ];
        },
      ),
  },
];
