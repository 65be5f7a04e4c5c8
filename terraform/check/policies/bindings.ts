import type {Plan, Resource} from '../plan.ts';
import {textAt} from './policy.ts';

/** A right that somebody has: which role, on what, under which condition. */
export type Binding = {
  address: string;
  /** A member as Google writes it, e.g. `serviceAccount:…`, `allUsers`. */
  member: string;
  role: string;
  /** What kind of thing: `bucket`, `topic`, `project` … */
  kind: string;
  /** The thing's own name, without the environment's prefix. */
  target: string;
  condition: string;
};

/** Where each kind of member resource names what the right is on. */
const targets: Record<string, [kind: string, attribute: string]> = {
  google_project_iam_member: ['project', 'project'],
  google_storage_bucket_iam_member: ['bucket', 'bucket'],
  google_pubsub_topic_iam_member: ['topic', 'topic'],
  google_pubsub_subscription_iam_member: ['subscription', 'subscription'],
  google_cloud_run_v2_service_iam_member: ['service', 'name'],
  google_cloud_run_v2_job_iam_member: ['job', 'name'],
  google_secret_manager_secret_iam_member: ['secret', 'secret_id'],
  google_service_account_iam_member: ['account', 'service_account_id'],
  google_artifact_registry_repository_iam_member: ['repository', 'repository'],
};

/** Lists every right that a plan gives. */
export const listBindings = (plan: Plan): Binding[] =>
  plan.resources
    .filter(({type}) => type.endsWith('_iam_member'))
    .map(({address, type, values}) => {
      const [kind, attribute] = targets[type] ?? [type, 'id'];
      return {
        address,
        member: textAt(values, 'member'),
        role: textAt(values, 'role'),
        kind,
        target: shorten(textAt(values, attribute)),
        condition: textAt(values, 'condition.0.expression'),
      };
    });

/** The last part of a full name; of an account's address, what stands before the @. */
export const shorten = (name: string): string => (name.split('/').at(-1) ?? '').replace(/@.*$/, '');

/** Service accounts of a plan by their address. */
export const listAccounts = (plan: Plan): Map<string, Resource> =>
  new Map(
    plan.resources
      .filter(({type}) => type === 'google_service_account')
      .map(resource => [textAt(resource.values, 'email'), resource] as const),
  );
