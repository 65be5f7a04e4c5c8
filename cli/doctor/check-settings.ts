import {readConfig, readSettings} from '../../functions/config.ts';
import type {Settings, Target} from '../../functions/settings.ts';
import {about, type Finding} from './finding.ts';

const found = about('settings');
const remedy = 'docs/configuration.md tells what each setting means.';

/** Checks that settings can be read and are complete; answers them when they can be read. */
export function checkSettings(
  name: string,
  target: Target | 'all',
  environment?: NodeJS.ProcessEnv,
): {findings: Finding[]; settings: Settings | undefined} {
  let settings: Settings | undefined;
  try {
    settings = readSettings(environment);
    readConfig(target, environment);
    return {findings: [found.ok(`${name}: they can be read and are complete.`)], settings};
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    return {findings: lines.map(line => found.wrong(`${name}: ${line}`, remedy)), settings};
  }
}
