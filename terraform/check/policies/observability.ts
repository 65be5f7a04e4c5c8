import {at, compare, each, listAt, ofType, type Policy, textAt} from './policy.ts';

/** What staff must be told of, and the words by which the alert of it is known. */
const alerts: Record<string, RegExp> = {
  'the oldest waiting entry': /oldest-waiting/,
  'undelivered events': /oldest_unacked_message_age/,
  'failed passbacks': /failed-passbacks/,
  'failures by autograder': /cause="autograder"/,
  'failures by infrastructure': /cause="infrastructure"/,
  'failures by limit': /cause="limit"/,
  'time from submit to grade': /submit-to-grade/,
};

const policy = 'google_monitoring_alert_policy';
const conditions = (values: unknown) => JSON.stringify(at(values, 'conditions') ?? []).replaceAll('\\"', '"');

export const observabilityPolicies: Policy[] = [
  {
    name: 'alerts',
    sentence: 'There is an alert for all that staff must know of.',
    find: ({environment}) => {
      const all = ofType(environment, policy).filter(({values}) => at(values, 'enabled') !== false);
      return Object.entries(alerts)
        .filter(([, words]) => !all.some(({values}) => words.test(conditions(values))))
        .map(([what]) => `Nobody is told of ${what}.`);
    },
  },
  {
    name: 'alerts-reach-somebody',
    sentence: 'Every alert goes to an e-mail address, and says what to do.',
    find: ({environment}) => {
      const emails = new Set(
        ofType(environment, 'google_monitoring_notification_channel')
          .filter(({values}) => textAt(values, 'type') === 'email')
          .map(({values}) => textAt(values, 'name')),
      );
      return each(ofType(environment, policy), 'alert', ({values}) => {
        const channels = listAt(values, 'notification_channels').map(String);
        return [
          !channels.some(channel => emails.has(channel)) && 'goes to no e-mail address',
          textAt(values, 'documentation.0.content').length < 40 && 'does not say what to do',
        ];
      });
    },
  },
  {
    name: 'alerts-reach-slack',
    sentence: 'Every alert goes to the Slack channels too.',
    whole: true,
    find: ({environment}) =>
      each(ofType(environment, policy), 'alert', ({values}) => [
        !listAt(values, 'notification_channels')
          .map(String)
          .includes('projects/your-project/notificationChannels/1234567890') && 'goes to no Slack channel',
      ]),
  },
  {
    name: 'p95',
    sentence: 'The time from submit to grade is a distribution, and its 95th percentile is watched.',
    find: ({environment}) => {
      const watched = ofType(environment, policy).filter(({values}) => /submit-to-grade/.test(conditions(values)));
      const metric = ofType(environment, 'google_logging_metric').filter(({values}) =>
        textAt(values, 'name').endsWith('submit-to-grade'),
      );
      return [
        ...each(metric, 'measure of submit to grade', ({values}) => [
          textAt(values, 'metric_descriptor.0.value_type') !== 'DISTRIBUTION' && 'is no distribution',
        ]),
        ...each(watched, 'alert of submit to grade', ({values}) => [
          !/PERCENTILE_95/.test(conditions(values)) && 'does not look at the 95th percentile',
        ]),
      ];
    },
  },
  {
    name: 'budget',
    sentence: 'There is a budget, and somebody hears of it before it is spent.',
    whole: true,
    find: ({environment}) =>
      each(ofType(environment, 'google_billing_budget'), 'budget', ({values}) => [
        !listAt(values, 'threshold_rules').some(rule => Number(at(rule, 'threshold_percent')) < 1) &&
          'says nothing before it is spent',
        listAt(values, 'all_updates_rule.0.monitoring_notification_channels').length === 0 && 'tells nobody',
      ]),
  },
  {
    name: 'audit-log',
    sentence: 'The audit collection is exported to a locked log bucket and kept at least a year.',
    find: ({environment}) => {
      const buckets = ofType(environment, 'google_logging_project_bucket_config');
      const sinks = ofType(environment, 'google_logging_project_sink');
      return [
        ...each(buckets, 'log bucket', ({values}) => [
          at(values, 'locked') !== true && 'is not locked',
          !(Number(at(values, 'retention_days')) >= 365) && `is kept ${textAt(values, 'retention_days') || 'no'} days`,
        ]),
        ...compare(
          'audit sink',
          sinks.map(({values}) => textAt(values, 'destination').split('/').at(-1) ?? ''),
          buckets.map(({values}) => textAt(values, 'bucket_id')),
        ),
        ...each(sinks, 'sink', ({values}) => [
          !/audit"/.test(textAt(values, 'filter')) && 'does not export what audit writes',
          at(values, 'disabled') === true && 'is off',
        ]),
      ];
    },
  },
];
