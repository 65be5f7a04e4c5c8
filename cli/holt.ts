#!/usr/bin/env node
import {Command} from 'commander';
import {makeDeployCommand} from './commands/deploy.ts';
import {makeDoctorCommand} from './commands/doctor.ts';
import {makeEnvironmentsCommand} from './commands/environments.ts';
import {makeHistoryCommand} from './commands/history.ts';
import {makePauseCommand, makeResumeCommand} from './commands/pause.ts';
import {makePromoteCommand} from './commands/promote.ts';
import {makeRegradeCommand} from './commands/regrade.ts';
import {makeResendCommand} from './commands/resend.ts';
import {makeRollbackCommand} from './commands/rollback.ts';
import {makeShowCommand} from './commands/show.ts';
import {makeSoakCommand} from './commands/soak.ts';
import {makeSubmitCommand} from './commands/submit.ts';
import {makeTokenCommand} from './commands/token.ts';

/** The `holt` command: one file per command, most of them clients of the exchange over HTTP. */
const program = new Command('holt')
  .description(
    'Submit a notebook to Holt and see what became of it; for staff, steer the grading of a course; for operators, look after deployments.',
  )
  .showHelpAfterError('(add --help for the options)')
  .addCommand(makeSubmitCommand())
  .addCommand(makeShowCommand())
  .addCommand(makeTokenCommand())
  .addCommand(makePauseCommand())
  .addCommand(makeResumeCommand())
  .addCommand(makeResendCommand())
  .addCommand(makeRegradeCommand())
  .addCommand(makeEnvironmentsCommand())
  .addCommand(makeDeployCommand())
  .addCommand(makePromoteCommand())
  .addCommand(makeHistoryCommand())
  .addCommand(makeRollbackCommand())
  .addCommand(makeSoakCommand())
  .addCommand(makeDoctorCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A sentence for whoever typed the command; a stack trace says nothing to them.
  console.error(`holt: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
