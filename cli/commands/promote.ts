import {Command} from 'commander';
import {openPlatform, type PlatformOptions, withPlatform} from '../open-platform.ts';
import {confirm, deployRelease, planRelease, printPlan} from '../release-deploy.ts';
import {checkComplete, getRelease, readParts} from '../release-parts.ts';

type Options = PlatformOptions & {yes?: boolean; json?: boolean};

/** `holt promote FROM TO`: moves the digests that one environment runs to another. */
export const makePromoteCommand = (): Command =>
  withPlatform(new Command('promote'))
    .description('let an environment run the same images, by digest, as another one runs now')
    .argument('<from>', 'the environment to take from')
    .argument('<to>', 'the environment to change')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print what was done as JSON')
    .action(async (from: string, to: string, {yes, json, ...options}: Options) => {
      if (from === to) {
        throw new Error(`${from} runs what it runs already: name two environments.`);
      }

      const [source, target] = await Promise.all([openPlatform(from, options), openPlatform(to, options)]);
      const images = getRelease(from, await readParts(source));
      const parts = await readParts(target);
      checkComplete(to, parts);
      const steps = planRelease(parts, images);
      const say = json ? () => {} : console.log;
      say(`${from} → ${to}\n${printPlan(steps)}`);
      const isNeeded = steps.some(({isChange}) => isChange);
      if (isNeeded && !yes && !(await confirm(`Change ${to}?`))) {
        throw new Error(`Nothing was changed: you did not say yes.`);
      }

      if (isNeeded) {
        await deployRelease(target, parts, images, {say});
      }

      say(isNeeded ? `${to} runs what ${from} runs.` : `${to} runs the same already: there is nothing to do.`);
      if (json) {
        console.log(JSON.stringify({from, to, images, changed: isNeeded, parts: steps}, null, 2));
      }
    });
