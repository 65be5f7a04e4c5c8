import {bootstrapPolicies} from './bootstrap.ts';
import {everywherePolicies} from './everywhere.ts';
import {firestorePolicies} from './firestore.ts';
import {graderPolicies} from './grader.ts';
import {identityPolicies} from './identities.ts';
import {messagingPolicies} from './messaging.ts';
import {networkPolicies} from './network.ts';
import {observabilityPolicies} from './observability.ts';
import type {Policy} from './policy.ts';
import {projectPolicies} from './project.ts';
import {schedulerPolicies} from './scheduler.ts';
import {secretPolicies} from './secrets.ts';
import {servicePolicies} from './services.ts';
import {sharingPolicies} from './sharing.ts';
import {sourcePolicies} from './sources.ts';
import {storagePolicies} from './storage.ts';

/** Every sentence that holds for Holt on Google Cloud. */
export const policies: readonly Policy[] = [
  ...sourcePolicies,
  ...everywherePolicies,
  ...projectPolicies,
  ...identityPolicies,
  ...storagePolicies,
  ...messagingPolicies,
  ...firestorePolicies,
  ...secretPolicies,
  ...servicePolicies,
  ...graderPolicies,
  ...networkPolicies,
  ...schedulerPolicies,
  ...observabilityPolicies,
  ...sharingPolicies,
  ...bootstrapPolicies,
];
