#!/usr/bin/env node
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import {Command} from 'commander';
import {CannotCheck, exitCodes, runProgram} from './check-program.ts';
import {readCheckSettings} from './check-settings.ts';
import {makeGoferArchive} from './gofer-archive.ts';
import {convertGoferTests, readGoferFolder} from './gofer-tests.ts';

type Options = {output: string};

/** `npm run convert-gofer`: gofer's tests of one assignment become an archive that is graded here, or are refused by name. */
const program = new Command('convert-gofer')
  .description('Make an autograder archive of an assignment’s tests in gofer’s format. Nothing of them is executed.')
  .argument('<folder>', 'the assignment’s folder: its tests (.py, .ok) in it or in its folder tests')
  .requiredOption('-o, --output <archive>', 'the .zip file to write')
  .action(async (name: string, {output}: Options) => {
    const settings = readCheckSettings();
    const folder = path.resolve(settings.folder, name);
    const {tests, files} = await readGoferFolder(folder);
    const {converted, refused} = await convertGoferTests(tests, settings.places);
    for (const {file, problem} of refused) {
      console.error(`${file} ${problem}.`);
    }

    if (refused.length > 0) {
      console.error(`${refused.length} of ${tests.length} files cannot be converted, so no archive was written.`);
      process.exitCode = exitCodes.failed;
      return;
    }

    const archive = await makeGoferArchive(converted, files);
    const target = path.resolve(settings.folder, output);
    await writeFile(target, archive).catch((error: NodeJS.ErrnoException) => {
      throw new CannotCheck(`${output} cannot be written (${error.code}): give the path of a .zip file.`);
    });
    const beside = files.length > 0 ? `, and ${files.map(({name}) => name).join(', ')} beside them` : '';
    console.log(`${output}: ${converted.length} tests${beside}. Check it: npm run check-autograder -- ${output} …`);
  });

await runProgram(program);
