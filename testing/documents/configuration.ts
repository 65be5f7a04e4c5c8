import {readFileSync} from 'node:fs';
import path from 'node:path';
import {otherNames} from '../../functions/config.ts';
import {Settings, targets} from '../../functions/settings.ts';
import {Kept, OneTask} from '../../grader-job/settings.ts';
import {findNeeded, findNeededWith, findReaders} from './readers.ts';
import {type Described, describeSettings, readComments} from './settings.ts';

const root = path.join(import.meta.dirname, '../..');
export const schemaFile = 'functions/settings.ts';
const jobFile = 'grader-job/settings.ts';

const code = (name: string) => `\`${name}\``;

/** Parts of the schema's source, by the name of each part: which settings stand in it, in their order. */
function readParts(): Map<string, string[]> {
  const parts = readFileSync(path.join(root, schemaFile), 'utf8').split(/^const (\w+) = z\.object\(/m);
  const named = parts.slice(1).flatMap((part, index, all) => (index % 2 === 0 ? [[part, all[index + 1] ?? '']] : []));
  return new Map(
    named.map(([name = '', text = '']) => [name, [...text.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, of = '']) => of)]),
  );
}

const titles: Record<string, string> = {
  Common: 'Everywhere',
  Exchange: 'exchange: the front door',
  Dispatch: 'dispatch: what starts grading',
  Passback: 'passback: scores to the LMS',
};

function writeTable(heads: string[], rows: string[][]): string {
  const cells = [heads, ...rows].map(row => row.map(cell => cell.replaceAll('|', '\\|')));
  const widths = heads.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)));
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...others] = cells;
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...others.map(line)].join('\n');
}

/** Writes the reference of all settings, from the schemas and from what the functions read when they are made. */
export async function writeConfiguration(): Promise<string> {
  const readers = await findReaders();
  const neededWith = findNeededWith();
  const others = Object.entries(otherNames);
  const described = describeSettings(Settings.shape, readComments(schemaFile));

  const needed = new Map([...targets, 'embedded' as const].map(target => [target, findNeeded(target)]));
  const describeUse = (name: string): string => {
    const reading = targets.filter(target => readers[target].has(name));
    const users = reading.length > 0 ? reading : (['embedded'] as const);
    const shown = users.map(user => (needed.get(user)?.includes(name) ? `**${user}**` : user));
    const isSame = shown.length === targets.length && new Set(shown.map(user => user.startsWith('*'))).size === 1;
    return isSame ? (shown[0]?.startsWith('*') ? '**all**' : 'all') : shown.join(', ');
  };
  const describeWhat = ({name, what}: Described): string => {
    const together = neededWith.get(name)?.map(code).join(' or ');
    const also = others.filter(([, of]) => of === name).map(([other]) => code(other));
    return [
      what,
      ...(together ? [`Needed with ${together}.`] : []),
      ...(also.length > 0 ? [`Also taken as ${also.join(', ')}.`] : []),
    ].join(' ');
  };
  const rowOf = (setting: Described) => [
    code(setting.name),
    describeWhat(setting),
    setting.values,
    setting.standard,
    describeUse(setting.name),
  ];

  const sections = [...readParts()].map(([part, names]) => {
    const rows = described.filter(({name}) => names.includes(name)).map(rowOf);
    return `## ${titles[part] ?? part}\n\n${writeTable(['setting', 'what it is for', 'values', 'when not set', 'functions'], rows)}`;
  });
  return `${[opening, ...sections, await writeJob(), closing].join('\n\n')}\n`;
}

async function writeJob(): Promise<string> {
  const shape = {...OneTask.shape, HOLT_WORKERS: Kept.shape.HOLT_WORKERS};
  const rows = describeSettings(shape, readComments(jobFile)).map(({name, what, values, standard}) => [
    name === 'MANIFEST_INDEX_URL' ? `**${code(name)}**` : code(name),
    what,
    values,
    standard,
  ]);
  const table = writeTable(['setting', 'what it is for', 'values', 'when not set'], rows);
  return `## The grading job\n\n${jobOpening}\n\n${table}`;
}

const opening = `# Configuration

Every setting, by its name in the environment. This page is made from the schemas that the program itself reads
(\`npm run docs-configuration\`); a test fails when it is another one.

A wrong or missing setting stops the start, with a sentence for each. An empty value is an unset one. _functions_ says which
functions read a setting: **bold** ones do not start without it, and _embedded_ is the whole of Holt in one process
(\`npm start\`, [compose](classroom.md)). On Google Cloud, Terraform sets all of them ([operations](operations.md)).

\`FUNCTION_TARGET\` is read before all others: the function that a process serves, one of
${targets.map(code).join(', ')}. Without it the embedded engine serves all.`;

const jobOpening = `What the container \`otter-grader\` reads. On Cloud Run nothing is set by hand: dispatch gives each execution its
\`MANIFEST_INDEX_URL\`. On the embedded engine Holt hands on \`PATH\`, \`HOLT_PYTHON\`, \`HOLT_LAYERS\` and \`HOLT_UNSAFE_NO_SANDBOX\`
from its own environment, and sets the others.`;

const closing = `## In the course's config

What belongs to a course stands in its \`course-config.json\`: sections, assignments, staff, policy, limits
([operations](operations.md#a-course)).`;
