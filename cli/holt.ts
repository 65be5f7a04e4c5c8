#!/usr/bin/env node
import {Command} from 'commander';
import {makePauseCommand, makeResumeCommand} from './commands/pause.ts';
import {makeRegradeCommand} from './commands/regrade.ts';
import {makeResendCommand} from './commands/resend.ts';
import {makeShowCommand} from './commands/show.ts';
import {makeSubmitCommand} from './commands/submit.ts';
import {makeTokenCommand} from './commands/token.ts';

/** The `holt` command: one file per command, most of them clients of the exchange over HTTP. */
const program = new Command('holt')
  .description('Submit a notebook to Holt and see what became of it; for staff, steer the grading of a course.')
  .showHelpAfterError('(add --help for the options)')
  .addCommand(makeSubmitCommand())
  .addCommand(makeShowCommand())
  .addCommand(makeTokenCommand())
  .addCommand(makePauseCommand())
  .addCommand(makeResumeCommand())
  .addCommand(makeResendCommand())
  .addCommand(makeRegradeCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A sentence for whoever typed the command; a stack trace says nothing to them.
  console.error(`holt: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
