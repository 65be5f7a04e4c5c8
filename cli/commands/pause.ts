import {Command} from 'commander';
import type {PauseAnswer} from '../../domain/staff-orders.ts';
import {type Address, withAddress} from '../address.ts';
import {clean} from '../print-status.ts';
import {orderPause} from '../staff-client.ts';

type Options = Address & {json?: boolean; all?: boolean};

/** `holt pause COURSE`: everything is accepted and kept, nothing is started. */
export const makePauseCommand = (): Command =>
  makeCommand('pause', 'pause the grading of a course: notebooks are accepted and wait');

/** `holt resume COURSE`: what waited is graded, in the order of its upload. */
export const makeResumeCommand = (): Command =>
  makeCommand('resume', 'go on with the grading of a course: what waited is graded');

const makeCommand = (what: 'pause' | 'resume', description: string): Command =>
  withAddress(new Command(what))
    .description(description)
    .argument('[course]', 'the course’s name in HOLT_COURSES; you must be its staff')
    .option('--all', 'every course, for the operator’s admins')
    .option('--json', 'print the answer as JSON')
    .action(async (course: string | undefined, {json, all, ...address}: Options) => {
      if ((course === undefined) !== Boolean(all)) {
        throw new Error('Name either a course or --all.');
      }

      const answer = await orderPause(address, what, course ?? null);
      console.log(json ? JSON.stringify(answer, null, 2) : clean(tell(answer)));
    });

function tell({course, changed, paused}: PauseAnswer): string {
  const name = course === null ? 'every course' : course;
  if (!paused) {
    return changed ? `Grading of ${name} goes on.` : `Grading of ${name} is not paused.`;
  }

  const since = `since ${paused.at}, by ${paused.by}`;
  if (paused.everyCourse && course !== null) {
    return `Grading of every course is paused ${since}: an admin resumes it by holt resume --all.`;
  }

  return `Grading of ${name} is paused ${since}${changed ? '' : ', as before'}. Notebooks are accepted and wait.`;
}
