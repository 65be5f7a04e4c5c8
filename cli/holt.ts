#!/usr/bin/env node
import {Command} from 'commander';
import {makeShowCommand} from './commands/show.ts';
import {makeSubmitCommand} from './commands/submit.ts';
import {makeTokenCommand} from './commands/token.ts';

/** The `holt` command: one file per command, most of them clients of the exchange over HTTP. */
const program = new Command('holt')
  .description('Submit a notebook to Holt and see what became of it.')
  .showHelpAfterError('(add --help for the options)')
  .addCommand(makeSubmitCommand())
  .addCommand(makeShowCommand())
  .addCommand(makeTokenCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A sentence for whoever typed the command; a stack trace says nothing to them.
  console.error(`holt: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
