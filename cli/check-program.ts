import {readFile} from 'node:fs/promises';
import {type Command, CommanderError} from 'commander';
import type {Report} from './check-report.ts';

/** Nothing was checked: wrong use, or a machine that cannot. The message says what to do. */
export class CannotCheck extends Error {
  override readonly name = 'CannotCheck';
}

/** How a check ends, for CI. */
export const exitCodes = {good: 0, failed: 1, notChecked: 2} as const;

/** Runs a program that checks. What keeps it from checking anything is a sentence and an exit code of its own. */
export async function runProgram(program: Command): Promise<void> {
  try {
    await program.exitOverride().showHelpAfterError('(add --help for the options)').parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.good : exitCodes.notChecked;
      return;
    }

    console.error(`${program.name()}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = exitCodes.notChecked;
  }
}

/** Sets the exit code that reports give. */
export function endWith(reports: readonly Report[]): void {
  const isGood = reports.every(({checks}) => checks.every(({ok}) => ok));
  process.exitCode = isGood ? exitCodes.good : exitCodes.failed;
}

/** Reads a file that was named on the command line. */
export async function readNamed(file: string, what: string): Promise<Uint8Array> {
  return await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CannotCheck(`${file} cannot be read (${error.code}): give the path of ${what}.`);
  });
}
