import {setTimeout as sleep} from 'node:timers/promises';
import {Command, InvalidArgumentError, Option} from 'commander';
import type {RegradeOrder, RegradeView} from '../../domain/staff-orders.ts';
import {Sha256} from '../../domain/values.ts';
import {type Address, parseSeconds, withAddress} from '../address.ts';
import {printRegrade, printRegrades} from '../print-regrade.ts';
import {clean} from '../print-status.ts';
import {applyRegrade, findRegrade, listRegrades, orderRegrade, readRegradeRows} from '../staff-client.ts';

type Options = Address & {
  section: string;
  of: 'counting' | 'newest' | 'all';
  submission?: string[];
  archive?: string;
  again?: boolean;
  wait?: number | true;
  apply?: boolean;
  everybody?: boolean;
  json?: boolean;
};

const USUAL_WAIT_SECONDS = 3600;
const LOOK_SECONDS = 2;

/** `holt regrade COURSE ASSIGNMENT`: new runs, and who would change. The same command again goes on with the same regrade. */
export const makeRegradeCommand = (): Command =>
  withAddress(new Command('regrade'))
    .description('grade submissions of an assignment anew and see who changes; nothing counts before --apply')
    .argument('<course>', 'the course’s name in HOLT_COURSES; you must be its staff')
    .argument('[assignment]', 'without it, the course’s regrades are listed')
    .option('--section <name>', 'the assignment’s section', '1')
    .addOption(
      new Option('--of <which>', 'of each student the submission that counts or the newest one, or all submissions')
        .choices(['counting', 'newest', 'all'])
        .default('counting'),
    )
    .addOption(new Option('--submission <ids...>', 'these submissions, by their receipt numbers').conflicts('of'))
    .option('--archive <sha256>', 'the archive, by its content; without it, the course’s current one', parseSha256)
    .option('--again', 'begin a new one although the same was applied before')
    .option('--wait [seconds]', `wait for its runs, at most so long (${USUAL_WAIT_SECONDS} if not given)`, parseSeconds)
    .option('--apply', 'let its scores count and send them, once every run is done')
    .option('--everybody', 'show those who do not change, too')
    .option('--json', 'print everything as JSON')
    .action(async (course: string, assignment: string | undefined, options: Options) => {
      if (assignment === undefined) {
        const regrades = await listRegrades(options, course);
        return console.log(options.json ? JSON.stringify({regrades}, null, 2) : clean(printRegrades(regrades)));
      }

      const begun = await orderRegrade(options, course, makeOrder(assignment, options));
      const seconds = options.wait === true ? USUAL_WAIT_SECONDS : (options.wait ?? 0);
      const waited = await waitForRuns(options, begun, seconds);
      const regrade = options.apply ? await applyRegrade(options, waited) : waited;
      const rows = await readRegradeRows(options, regrade);
      console.log(
        options.json
          ? JSON.stringify({regrade, rows}, null, 2)
          : clean(printRegrade(regrade, rows, {everybody: options.everybody ?? false})),
      );
      if (options.wait !== undefined && regrade.state === 'running') {
        throw new Error(`${regrade.waiting} runs are not done after ${seconds} s: give the same command again.`);
      }
    });

const makeOrder = (assignment: string, {section, of, submission, archive, again}: Options): RegradeOrder => ({
  section,
  assignment,
  which: submission === undefined ? of : 'listed',
  submissions: submission ?? [],
  archive: archive ?? 'current',
  again: again ?? false,
});

async function waitForRuns(address: Address, begun: RegradeView, seconds: number): Promise<RegradeView> {
  const start = performance.now();
  let view = begun;
  while (view.state === 'running' && performance.now() - start < seconds * 1000) {
    await sleep(Math.min(LOOK_SECONDS, seconds) * 1000);
    view = await findRegrade(address, view);
  }

  return view;
}

function parseSha256(value: string): string {
  if (!Sha256.safeParse(value).success) {
    throw new InvalidArgumentError('Give a SHA-256: 64 digits from 0 to f.');
  }

  return value;
}
