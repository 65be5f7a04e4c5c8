import {Command} from 'commander';
import {type Address, parseSeconds, withAddress} from '../address.ts';
import {findStatus} from '../exchange-client.ts';
import {printStatus} from '../print-status.ts';

type Options = Address & {json?: boolean; wait: number};

/** `holt show ID`: what became of a submission. */
export const makeShowCommand = (): Command =>
  withAddress(new Command('show'))
    .description('show what became of a submission')
    .argument('<id>', 'the receipt number that submit printed')
    .option('--wait <seconds>', 'wait so long for the end', parseSeconds, 0)
    .option('--json', 'print the status as JSON')
    .action(async (id: string, {json, wait, ...address}: Options) => {
      const status = await findStatus(address, id, wait);
      console.log(json ? JSON.stringify(status, null, 2) : printStatus(status));
    });
