import {readdirSync, readFileSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {z} from 'zod';
import type {Limits} from '../domain/limits.ts';

const fixtures = new URL('fixtures/', import.meta.url);
const Goal = z.enum(['marks', 'hidden', 'secret', 'neighbour', 'network', 'limit', 'escape']);
const Described = z.record(
  z.string(),
  z.object({what: z.string(), goal: Goal, most: z.number(), runs: z.number().default(1)}),
);

/** A notebook that means harm. `most` is what its answers may honestly earn, `seconds` its limit unless it is the usual one. */
export type Attack = z.infer<typeof Described>[string] & {name: string; notebook: Buffer; seconds?: number};

/** Little enough that a bomb goes off at once. */
const attackLimits: Limits = {
  notebookSeconds: 4,
  memoryBytes: 2 ** 30,
  processes: 128,
  diskBytes: 64 * 2 ** 20,
};

/** The limits of one attack. */
export const limitsOf = ({seconds = attackLimits.notebookSeconds}: Attack): Limits => ({
  ...attackLimits,
  notebookSeconds: seconds,
});

/** What only the lab's hidden cases say. */
export const hiddenTexts = ['n_rows == 40', '98.6', 'Kyoto', "loc['Oslo'", 'draws.mean()', 'draws.std()', 'np.polyfit'];

/** The lab's own attacks have no description beside them. */
const older: Record<string, Omit<Attack, 'name' | 'notebook'>> = {
  edit_tests: {what: 'Overwrites the test files in its work directory.', goal: 'marks', most: 0, runs: 1},
  env_secrets: {
    what: 'Writes the secrets of its environment and of its parent into a file.',
    goal: 'secret',
    most: 0,
    runs: 1,
  },
  fork_bomb: {what: 'Forks for ever.', goal: 'limit', most: 0, runs: 1},
  leak_in_output: {
    what: 'Shows hidden tests and files of its neighbourhood in output.',
    goal: 'hidden',
    most: 0,
    runs: 1,
  },
  // Its other cells' answers are right: with less time a slow machine would stop its cell before the memory is full.
  mem_bomb: {what: 'Takes memory for ever.', goal: 'limit', most: 0, runs: 1, seconds: 20},
  network: {what: 'Asks the metadata server and the internet.', goal: 'network', most: 0, runs: 1},
  patch_checker: {what: "Replaces otter's checker by one that says yes.", goal: 'marks', most: 0, runs: 1},
  pickle_rce: {what: 'Leaves an .OTTER_LOG whose pickle runs code.', goal: 'escape', most: 0, runs: 1},
  read_hidden: {what: 'Reads the test files for hidden cases.', goal: 'hidden', most: 0, runs: 1},
};

/** An attack of a test's own. */
export const makeAttack = (name: string, notebook: Buffer, most: number): Attack => ({
  ...{name, notebook, most},
  ...{what: '', goal: 'neighbour', runs: 1},
});

/** What became of attacks on each goal; the test that makes the table looks at each of these. */
const outcomes: Record<z.infer<typeof Goal>, string> = {
  marks: 'is paid for its honest answers only',
  hidden: 'learns no hidden case',
  secret: 'finds none',
  neighbour: 'finds nothing of anybody, changes nothing',
  network: 'reaches nothing',
  limit: 'has an answer in time; the next notebook is graded as ever',
  escape: 'stays in its sandbox and ends with it',
};

export function listAttacks(): Attack[] {
  const read = (place: string) => readFileSync(new URL(place, fixtures));
  const described = Described.parse(JSON.parse(read('grader/attacks.json').toString('utf8')));
  const newer = Object.entries(described).map(([name, attack]) => ({
    ...{...attack, name},
    notebook: read(`grader/attacks/${name}.ipynb`),
  }));
  const lab = readdirSync(new URL('otter-lab/attacks/', fixtures)).map(file => {
    const name = file.replace(/\.ipynb$/, '');
    const attack = older[name];
    if (!attack) {
      throw new Error(`Describe ${file} in testing/attacks.ts: what it tries, and what its answers may earn.`);
    }

    return {...attack, name: `lab: ${name}`, notebook: read(`otter-lab/attacks/${file}`)};
  });
  return [...newer, ...lab];
}

/** Python's own names look like bold text. */
const quote = (text: string) => text.replace(/__\w+__/g, '`$&`');

/** Writes the table of attacks between the markers of a document, in columns as the documents' formatter aligns them. */
export function writeTable(document: string, attacks: Attack[]): string {
  const head = ['attack', 'what it tries', 'what happens', 'most points'];
  const rows = attacks.map(({name, what, goal, most}) => [name, quote(what), outcomes[goal], String(most)]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map(row => row[column]?.length ?? 0)));
  const line = (row: string[], fill = ' ') =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  const dashes = line(
    head.map(() => ''),
    '-',
  );
  const table = [line(head), dashes, ...rows.map(row => line(row))].join('\n');
  return document.replace(
    /(<!-- attacks:begin -->\n).*?(<!-- attacks:end -->)/s,
    (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`,
  );
}

type Process = {pid: number; parent: number; uid: number; isDead: boolean};

async function listProcesses(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async pid => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? -1);
      return {pid: Number(pid), parent: field('PPid'), uid: field('Uid'), isDead: /^State:\s+[ZX]/m.test(status)};
    }),
  );
  return found.filter(({parent, isDead}) => parent >= 0 && !isDead);
}

/** Everything that a process has started, and what that has started. */
export async function listDescendants(pid: number): Promise<number[]> {
  const processes = await listProcesses();
  const below = (parent: number): number[] =>
    processes.flatMap(one => (one.parent === parent ? [one.pid, ...below(one.pid)] : []));
  return below(pid);
}

/** Processes of a submission's user that belong to no sandbox any more: the machine's first process has them. */
export async function listOrphans(): Promise<number[]> {
  const processes = await listProcesses();
  return processes.filter(({parent, uid}) => parent === 1 && uid > 20_000 && uid <= 60_000).map(({pid}) => pid);
}
