import {Command} from 'commander';
import {openPlatform, type Platform, type PlatformOptions, withPlatform} from '../open-platform.ts';
import {printTable} from '../print-table.ts';
import {listReleases, type Row, readNotes} from '../release-history.ts';
import {checkComplete, getPart, imageOf, type Part, readParts, tellImage} from '../release-parts.ts';

/** `holt history NAME`: the releases of an environment. */
export const makeHistoryCommand = (): Command =>
  withPlatform(new Command('history'))
    .description('list the releases of an environment, the newest first')
    .argument('<name>', 'the environment')
    .option('--json', 'print them as JSON')
    .action(async (name: string, {json, ...options}: PlatformOptions & {json?: boolean}) => {
      const platform = await openPlatform(name, options);
      const parts = await readParts(platform);
      checkComplete(name, parts);
      const rows = await readHistory(platform, parts);
      console.log(json ? JSON.stringify(rows, null, 2) : print(rows));
    });

/** Reads the releases of an environment from its revisions and from the notes on its job. */
export async function readHistory({prefix, releases}: Platform, parts: readonly Part[]): Promise<Row[]> {
  const [exchange, job] = [getPart(parts, 'exchange'), getPart(parts, 'grader')];
  return listReleases(await releases.listRevisions(`${prefix}exchange`), readNotes(job.deployed?.notes ?? ''), {
    functions: imageOf(exchange),
    grader: imageOf(job),
    revision: exchange.deployed?.revision ?? '',
    graderChangedAt: job.deployed?.updatedAt ?? '',
  });
}

const print = (rows: readonly Row[]): string =>
  printTable(
    ['revision', 'since', 'functions', 'grader', ''],
    rows.map(({id, at, functions, grader, isBroken, isCurrent}) => [
      id,
      at.replace(/\.\d+Z$/, 'Z'),
      tellImage(functions),
      tellImage(grader),
      isCurrent ? 'runs now' : isBroken ? 'did not start' : '',
    ]),
  );
