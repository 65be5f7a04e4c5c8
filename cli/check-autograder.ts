#!/usr/bin/env node
import path from 'node:path';
import {Command} from 'commander';
import {Limits} from '../domain/limits.ts';
import {parseSeconds} from './address.ts';
import {checkAssignment} from './check-assignment.ts';
import {makeOpenGraders} from './check-grading.ts';
import {CannotCheck, endWith, readNamed, runProgram} from './check-program.ts';
import {printReport, printSummary} from './check-report.ts';
import {readCheckSettings} from './check-settings.ts';

type Options = {solution: string; student: string; seconds?: number; json?: boolean};

/** `npm run check-autograder`: the author's gate for one archive, before any student's work is graded with it. */
const program = new Command('check-autograder')
  .description('Check an autograder archive with its solution and its student notebook.')
  .argument('<archive>', 'the .zip file that otter assign made')
  .requiredOption('--solution <notebook>', 'the notebook with all answers')
  .requiredOption('--student <notebook>', 'the notebook that students begin with')
  .option('--seconds <seconds>', 'the time limit of one notebook', parseSeconds)
  .option('--json', 'print the report as JSON')
  .action(check);

async function check(name: string, options: Options): Promise<void> {
  const settings = readCheckSettings();
  const resolve = (file: string) => path.resolve(settings.folder, file);
  const [archive, solution, student] = await Promise.all([
    readNamed(resolve(name), 'the archive that otter assign made'),
    readNamed(resolve(options.solution), 'a notebook'),
    readNamed(resolve(options.student), 'a notebook'),
  ]);
  if (Buffer.from(archive.subarray(0, 2)).toString() !== 'PK') {
    throw new CannotCheck(`${name} is not a zip file: give the archive that otter assign made.`);
  }

  for (const [file, content] of [
    [options.solution, solution],
    [options.student, student],
  ] as const) {
    refuseOther(file, content);
  }

  const limits = readLimits(options.seconds);
  const material = {subject: path.basename(name), archive, limits, solution, student};
  const report = await checkAssignment(material, await makeOpenGraders(settings));
  console.log(options.json ? JSON.stringify(report, null, 2) : `${printReport(report)}\n${printSummary([report])}`);
  endWith([report]);
}

function refuseOther(file: string, content: Uint8Array): void {
  try {
    JSON.parse(new TextDecoder().decode(content));
  } catch {
    throw new CannotCheck(`${file} is not a notebook: give the path of a .ipynb file.`);
  }
}

function readLimits(notebookSeconds: number | undefined): Limits {
  const limits = Limits.safeParse({notebookSeconds});
  if (!limits.success) {
    throw new CannotCheck('--seconds must be from 5 to 3600.');
  }

  return limits.data;
}

await runProgram(program);
