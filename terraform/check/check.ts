import path from 'node:path';
import {policies} from './policies/all.ts';
import type {Policy, Subject} from './policies/policy.ts';
import {concerns, type Session, WHOLE} from './session.ts';
import {checkFolder, listTests} from './terraform.ts';

/** One thing that was looked at; it is as it should be when it has no faults. */
export type Finding = {what: string; faults: string[]};

/** Formats, initialises, validates and tests every folder, two at a time. */
export async function checkFolders(
  {checked, folders}: Session,
  report: (finding: Finding) => void = () => {},
): Promise<Finding[]> {
  const waiting = [...folders];
  const found: Finding[] = [];
  const work = async (most = Number.POSITIVE_INFINITY) => {
    for (let done = 0; done < most; done += 1) {
      const folder = waiting.shift();
      if (!folder) {
        return;
      }

      const {step, faults} = await checkFolder(checked, folder);
      const tests = listTests(checked.root, folder).length > 0 ? ', tested' : '';
      const finding = {
        what: `${folder}: ${faults ? step : `formatted, valid${tests}`}`,
        faults: faults ? [faults] : [],
      };
      found.push(finding);
      report(finding);
    }
  };
  // The first one alone: it downloads the provider for all.
  await work(1);
  await Promise.all([work(), work()]);
  return found;
}

/** Asks every policy about every environment. */
export const askPolicies = (subjects: ReadonlyMap<string, Subject>): Finding[] =>
  policies.map(policy => ({
    what: `${policy.name}: ${policy.sentence}`,
    faults: subjects.has(WHOLE)
      ? [...subjects].flatMap(([folder, subject]) =>
          concerns(policy, folder) ? askPolicy(policy, subject).map(fault => `${path.basename(folder)}: ${fault}`) : [],
        )
      : ['It was not asked, because there is no plan.'],
  }));

/** Asks one policy; what it cannot read is a fault too. */
export function askPolicy(policy: Policy, subject: Subject): string[] {
  try {
    return policy.find(subject);
  } catch (error) {
    return [`${policy.name} could not be asked: ${error}`];
  }
}
