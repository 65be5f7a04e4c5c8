import {Command} from 'commander';
import type {ResendAnswer, ResendOrder} from '../../domain/staff-orders.ts';
import {type Address, withAddress} from '../address.ts';
import {clean} from '../print-status.ts';
import {orderResend} from '../staff-client.ts';

type Options = Address & {json?: boolean; submission?: string; section: string; assignment?: string};

/** `holt resend COURSE`: scores that the LMS refused, or has not taken yet, are sent again. */
export const makeResendCommand = (): Command =>
  withAddress(new Command('resend'))
    .description('send scores again that the LMS refused or has not taken yet')
    .argument('<course>', 'the course’s name in HOLT_COURSES; you must be its staff')
    .option('--submission <id>', 'only the score of this submission')
    .option('--assignment <name>', 'only the scores of this assignment')
    .option('--section <name>', 'the assignment’s section', '1')
    .option('--json', 'print the answer as JSON')
    .action(async (course: string, {json, submission, section, assignment, ...address}: Options) => {
      const scores = await orderResend(address, course, makeOrder({submission, section, assignment}));
      console.log(json ? JSON.stringify({course, scores}, null, 2) : clean(tell(scores)));
    });

function makeOrder({
  submission,
  section,
  assignment,
}: Pick<Options, 'submission' | 'section' | 'assignment'>): ResendOrder {
  if (submission !== undefined && assignment !== undefined) {
    throw new Error('Name either a submission or an assignment.');
  }

  return submission === undefined ? (assignment === undefined ? {} : {section, assignment}) : {submission};
}

const outcomes: Record<ResendAnswer['scores'][number]['outcome'], string> = {
  'sent again': 'is sent again within a minute',
  'on its way': 'is on its way already',
  'in the gradebook': 'is in the gradebook already',
  'another counts': 'is not sent: another submission counts',
  'no score': 'has no score to send',
};

function tell(scores: ResendAnswer['scores']): string {
  if (scores.length === 0) {
    return 'Nothing to send again: no score was refused, and none is late.';
  }

  return scores
    .map(
      ({student, section, assignment, submissionId, outcome}) =>
        `${student}  ${assignment} (section ${section})  ${submissionId}  ${outcomes[outcome]}`,
    )
    .join('\n');
}
