import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {Command} from 'commander';
import {PINNED_IMAGE} from '../environment-files.ts';
import {openPlatform, type PlatformOptions, withPlatform} from '../open-platform.ts';
import {confirm, deployRelease, planRelease, printPlan} from '../release-deploy.ts';
import {checkComplete, type Images, readParts} from '../release-parts.ts';

type Options = PlatformOptions & {
  digests?: string;
  functions?: string;
  grader?: string;
  yes?: boolean;
  json?: boolean;
};

/** `holt deploy NAME`: what a build does with the images that it pushed. */
export const makeDeployCommand = (): Command =>
  withPlatform(new Command('deploy'))
    .description('let an environment run new images, by digest; one that does not come up takes the others back')
    .argument('<name>', 'the environment')
    .option('--digests <folder>', 'a folder with the files functions and otter-grader, an image by digest in each')
    .option('--functions <image>', 'the functions’ image, by digest')
    .option('--grader <image>', 'the grader’s image, by digest')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print what was done as JSON')
    .action(async (name: string, {yes, json, ...options}: Options) => {
      const images = await readImages(options);
      const platform = await openPlatform(name, options);
      const parts = await readParts(platform);
      checkComplete(name, parts);
      const steps = planRelease(parts, images);
      const say = json ? () => {} : console.log;
      say(`${name}\n${printPlan(steps)}`);
      const isNeeded = steps.some(({isChange}) => isChange);
      if (isNeeded && !yes && !(await confirm(`Change ${name}?`))) {
        throw new Error('Nothing was changed: you did not say yes.');
      }

      if (isNeeded) {
        await deployRelease(platform, parts, images, {say, undoes: true});
      }

      say(isNeeded ? `${name} runs these images.` : `${name} runs them already: there is nothing to do.`);
      if (json) {
        console.log(JSON.stringify({name, images, changed: isNeeded, parts: steps}, null, 2));
      }
    });

async function readImages({digests, functions, grader}: Options): Promise<Images> {
  const read = async (file: string): Promise<string | undefined> => {
    if (digests === undefined) {
      return undefined;
    }

    const text = await readFile(path.join(digests, file), 'utf8').catch(error => {
      const {code} = error as NodeJS.ErrnoException;
      throw new Error(
        `${path.join(digests, file)} cannot be read (${code}): a build writes it when it pushes an image.`,
      );
    });
    return text.trim();
  };
  const images = {functions: functions ?? (await read('functions')), grader: grader ?? (await read('otter-grader'))};
  if (images.functions === undefined || images.grader === undefined) {
    throw new Error('Name both images: --digests FOLDER, or --functions and --grader.');
  }

  const wrong = Object.values(images).find(image => !PINNED_IMAGE.test(image ?? ''));
  if (wrong !== undefined) {
    throw new Error(`${wrong} is no image by digest: REPOSITORY@sha256:…`);
  }

  return {functions: images.functions, grader: images.grader};
}
