import {Command} from 'commander';
import {PINNED_IMAGE} from '../environment-files.ts';
import {openPlatform, type PlatformOptions, withPlatform} from '../open-platform.ts';
import {confirm, deployRelease, planRelease, printPlan} from '../release-deploy.ts';
import {pickRelease, type Row} from '../release-history.ts';
import {checkComplete, getPart, type Images, imageOf, type Part, readParts} from '../release-parts.ts';
import {readHistory} from './history.ts';

type Options = PlatformOptions & {to?: string; yes?: boolean; json?: boolean};

/** `holt rollback NAME`: lets an environment run an earlier release again. */
export const makeRollbackCommand = (): Command =>
  withPlatform(new Command('rollback'))
    .description('let an environment run an earlier release again, by its digests')
    .argument('<name>', 'the environment')
    .option('--to <revision>', 'a release of `holt history`; the one before the present when not given')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print what was done as JSON')
    .action(async (name: string, {to, yes, json, ...options}: Options) => {
      const platform = await openPlatform(name, options);
      const parts = await readParts(platform);
      checkComplete(name, parts);
      const row = pickTarget(name, await readHistory(platform, parts), parts, to);
      const images: Images = {functions: row.functions, grader: row.grader ?? imageOf(getPart(parts, 'grader'))};
      checkPinned(row.id, images);
      const backwards = parts.toReversed();
      const steps = planRelease(backwards, images);
      const say = json ? () => {} : console.log;
      say(`${name} → ${row.id}\n${printPlan(steps)}`);
      if (row.grader === undefined) {
        say('Nobody noted which grader ran with it, so the grader stays.');
      }

      const isNeeded = steps.some(({isChange}) => isChange);
      if (isNeeded && !yes && !(await confirm(`Change ${name}?`))) {
        throw new Error('Nothing was changed: you did not say yes.');
      }

      if (isNeeded) {
        await deployRelease(platform, backwards, images, {say});
      }

      say(isNeeded ? `${name} runs ${row.id} again.` : `${name} runs this already: there is nothing to do.`);
      if (json) {
        console.log(JSON.stringify({name, to: row.id, images, changed: isNeeded, parts: steps}, null, 2));
      }
    });

/** Half a deployment goes back to what exchange serves: it is the last to change, and the first to go back. */
function pickTarget(name: string, rows: readonly Row[], parts: readonly Part[], to: string | undefined): Row {
  const current = rows.find(({isCurrent}) => isCurrent);
  const isHalf = parts.some(
    part => (part.image === 'functions' && imageOf(part) !== current?.functions) || part.deployed?.problem,
  );
  if (to !== undefined || !current || !isHalf) {
    return pickRelease(name, rows, to);
  }

  // The grader may have changed already: what was noted with this revision is whole.
  const revision = (id: string) => id.replace(/\.\d+$/, '');
  return rows.find(({id, isNoted}) => isNoted && revision(id) === revision(current.id)) ?? current;
}

function checkPinned(id: string, images: Images): void {
  const tag = Object.values(images).find(image => !PINNED_IMAGE.test(image));
  if (tag !== undefined) {
    throw new Error(`${id} ran ${tag}, which is no digest: what a tag names now may be something else.`);
  }
}
