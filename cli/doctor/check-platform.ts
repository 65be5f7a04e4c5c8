import {Target} from '../../functions/settings.ts';
import type {Platform} from '../open-platform.ts';
import {type Part, readParts, tellImage, tellPart} from '../release-parts.ts';
import {checkSettings} from './check-settings.ts';
import {about, type Finding} from './finding.ts';

/** Stands for a secret's value, which is not read here. */
const HIDDEN = 'x'.repeat(32);

/**
 * Checks an environment on Google Cloud: that each part runs, all the same release, with the settings it needs.
 * Answers where browsers find it, as far as its settings say so.
 */
export async function checkPlatform(platform: Platform): Promise<{findings: Finding[]; url: string | undefined}> {
  const {environment, prefix} = platform;
  const {project_id, region} = environment;
  const parts = await readParts(platform);
  const findings = parts.flatMap(part =>
    checkPart(part, `projects/${project_id}/locations/${region}/jobs/${prefix}grader`),
  );
  const images = new Set(parts.filter(({kind}) => kind === 'service').map(({deployed}) => deployed?.image));
  const release = about('release');
  findings.push(
    images.size > 1
      ? release.wrong(
          'The functions run several images.',
          `Finish the deployment, or \`holt rollback ${environment.name}\`.`,
        )
      : release.ok(`All functions run ${tellImage([...images][0])}.`),
  );
  const origin = parts.find(({name}) => name === 'exchange')?.deployed?.variables.HOLT_HUB_ORIGIN;
  return {findings, url: origin?.split(',')[0]?.trim()};
}

function checkPart(part: Part, job: string): Finding[] {
  const {name, kind, deployed} = part;
  const run = about('run');
  if (!deployed) {
    return [run.wrong(`There is no ${tellPart(part)}.`, 'Apply the environment’s root.')];
  }

  const state = deployed.problem
    ? run.wrong(`${tellPart(part)} ${deployed.problem}.`, 'Look at its log in the console, or roll back.')
    : run.ok(`${tellPart(part)} runs.`);
  if (kind === 'job') {
    return [state];
  }

  const {variables} = deployed;
  const given = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, value ?? HIDDEN]));
  const {findings} = checkSettings(name, Target.parse(name), given);
  const other = variables.GRADER_JOB && variables.GRADER_JOB !== job;
  return [
    state,
    ...findings,
    ...(other
      ? [about('settings').wrong(`${name}: GRADER_JOB is ${variables.GRADER_JOB}.`, `It must be ${job}.`)]
      : []),
  ];
}
