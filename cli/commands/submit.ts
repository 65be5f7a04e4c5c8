import {Command} from 'commander';
import {type Address, parseSeconds, withAddress} from '../address.ts';
import {findStatus, submitNotebook} from '../exchange-client.ts';
import {printStatus} from '../print-status.ts';
import {readNotebook} from '../read-notebook.ts';

type Options = Address & {json?: boolean; wait?: number | true};

const USUAL_WAIT_SECONDS = 600;

/** `holt submit NOTEBOOK`: posts it as JupyterLab's Submit button does and prints the receipt. */
export const makeSubmitCommand = (): Command =>
  withAddress(new Command('submit'))
    .description('submit a notebook, as JupyterLab’s Submit button does')
    .argument('<notebook>', 'the .ipynb file')
    .option(
      '--wait [seconds]',
      `wait for the grade, at most so long (${USUAL_WAIT_SECONDS} if not given)`,
      parseSeconds,
    )
    .option('--json', 'print the status as JSON')
    .action(async (file: string, {json, wait, ...address}: Options) => {
      const id = await submitNotebook(address, await readNotebook(file));
      const seconds = wait === true ? USUAL_WAIT_SECONDS : (wait ?? 0);
      const status = await findStatus(address, id, seconds);
      console.log(json ? JSON.stringify(status, null, 2) : printStatus(status));
      if (wait !== undefined && status.state !== 'graded') {
        const what = status.state === 'failed' ? 'could not be graded' : `is not graded after ${seconds} s`;
        throw new Error(`The notebook is kept, but ${what}. Look again: holt show ${id}`);
      }
    });
