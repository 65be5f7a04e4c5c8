import {readFile} from 'node:fs/promises';
import {parseEnv} from 'node:util';
import {Command, Option} from 'commander';
import type {Settings} from '../../functions/settings.ts';
import {type Address, parseOrigin, parsePrefix} from '../address.ts';
import {checkAddress} from '../doctor/check-address.ts';
import {checkCourses} from '../doctor/check-courses.ts';
import {checkHub} from '../doctor/check-hub.ts';
import {checkLms} from '../doctor/check-lms.ts';
import {checkClock, checkEmulators, checkSandbox, listClocks} from '../doctor/check-machines.ts';
import {checkPlatform} from '../doctor/check-platform.ts';
import {checkSettings} from '../doctor/check-settings.ts';
import {type Finding, printFindings} from '../doctor/finding.ts';
import {openPlatform, type PlatformOptions, withPlatform} from '../open-platform.ts';

type Options = PlatformOptions &
  Pick<Address, 'prefix' | 'token' | 'as'> & {settings?: string; environment?: string; json?: boolean};

const LOOPBACK = /^https?:\/\/(127\.|localhost[:/]?|\[::1\])/;

/** `holt doctor [URL]`: checks a deployment or a local stack and says what to do. */
export const makeDoctorCommand = (): Command =>
  withPlatform(new Command('doctor'))
    .description('check a deployment or a local stack, and say what to do about what is wrong')
    .argument('[url]', 'where browsers find Holt: the hub’s address', parseOrigin)
    .option('--prefix <path>', 'the path that the hub forwards to Holt', parsePrefix, '/services/otter_grade/')
    .option('--token <token>', 'a JupyterHub token, to see whether it is taken')
    .addOption(new Option('--as <user>', 'the same with a user of a local stack').conflicts('token'))
    .option(
      '--settings <file>',
      'check these settings too (NAME=value lines, with the secrets); - is this shell’s environment',
    )
    .option('--environment <name>', 'check what this environment runs on Google Cloud, and its settings')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      `
Without any of these it checks the settings in this shell's environment. Nothing is changed anywhere: the LTI key is tried
with a score for nobody.`,
    )
    .action(async (url: string | undefined, options: Options) => {
      const findings = await examine(url, options);
      console.log(options.json ? JSON.stringify(findings, null, 2) : printFindings(findings));
      process.exitCode = findings.some(({state}) => state === 'wrong') ? 1 : 0;
    });

async function examine(given: string | undefined, options: Options): Promise<Finding[]> {
  const findings: Finding[] = [];
  let url = given;
  if (options.environment !== undefined) {
    const platform = await checkPlatform(await openPlatform(options.environment, options));
    findings.push(...platform.findings);
    url ??= platform.url;
  }

  const file = options.settings ?? (given === undefined && options.environment === undefined ? '-' : undefined);
  if (file !== undefined) {
    const name = file === '-' ? 'environment' : file;
    const {settings, findings: found} = checkSettings(name, 'all', file === '-' ? undefined : await readFileOf(file));
    findings.push(...found);
    url ??= settings?.HOLT_HUB_ORIGIN?.[0];
    findings.push(...(settings ? await examineSettings(settings) : []));
  }

  if (url !== undefined) {
    findings.push(...(await checkAddress({...options, url})), ...(await checkClock([url])));
  }

  // A local stack grades on this machine.
  const isLocal = url !== undefined && LOOPBACK.test(url);
  return isLocal && !findings.some(({check}) => check === 'grader')
    ? [...findings, ...(await checkSandbox())]
    : findings;
}

async function examineSettings(settings: Settings): Promise<Finding[]> {
  const courses = await checkCourses(settings);
  return [
    ...(await checkHub(settings)),
    ...courses.findings,
    ...(await checkLms(settings, courses.found)),
    ...(await checkClock(listClocks(settings))),
    ...(await checkEmulators(settings)),
    ...(settings.HOLT_ENGINE === 'embedded' ? await checkSandbox() : []),
  ];
}

async function readFileOf(file: string): Promise<NodeJS.ProcessEnv> {
  const text = await readFile(file, 'utf8').catch(error => {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}): give a file of settings.`);
  });
  return parseEnv(text);
}
