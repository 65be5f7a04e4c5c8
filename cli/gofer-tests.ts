import {spawn} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import {text} from 'node:stream/consumers';
import {z} from 'zod';
import type {Places} from '../grader-job/sandbox.ts';
import {CannotCheck} from './check-program.ts';

/** A file by its path from the assignment's folder. */
export type NamedFile = {name: string; content: Uint8Array};
export type ConvertedTest = {file: string; stem: string; source: string};

const Answers = z.record(z.string(), z.union([z.object({converted: z.string()}), z.object({problem: z.string()})]));
const isTest = (name: string) => /^[^.].*\.(py|ok)$/.test(name) && name !== '__init__.py';

/**
 * Reads an assignment's folder: its tests, and what lies beside a folder `tests` but notebooks, which may hold answers.
 *
 * Throws: `CannotCheck` when there are no tests.
 */
export async function readGoferFolder(folder: string): Promise<{tests: NamedFile[]; files: NamedFile[]}> {
  const entries = await readdir(folder, {withFileTypes: true}).catch((error: NodeJS.ErrnoException) => {
    throw new CannotCheck(`${folder} cannot be read (${error.code}): give the folder of one assignment.`);
  });
  const hasTestsFolder = entries.some(entry => entry.isDirectory() && entry.name === 'tests');
  const here = hasTestsFolder ? path.join(folder, 'tests') : folder;
  const tests = (await listFiles(here)).filter(name => isTest(name) && !name.includes('/'));
  if (tests.length === 0) {
    throw new CannotCheck(`${here} has no tests (.py or .ok): give the folder of one assignment.`);
  }

  const beside = hasTestsFolder
    ? (await listFiles(folder)).filter(name => !name.startsWith('tests/') && !name.endsWith('.ipynb'))
    : [];
  return {tests: await readAll(here, tests), files: await readAll(folder, beside)};
}

/** Names of plain files, folder by folder, in order; what begins with a dot is left out, links are not followed. */
async function listFiles(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(folder, below), {withFileTypes: true});
  const names = await Promise.all(
    entries
      .filter(({name}) => !name.startsWith('.') && name !== '__pycache__')
      .map(async entry => {
        const name = below === '' ? entry.name : `${below}/${entry.name}`;
        return entry.isDirectory() ? listFiles(folder, name) : entry.isFile() ? [name] : [];
      }),
  );
  return names.flat().sort();
}

const readAll = (folder: string, names: readonly string[]): Promise<NamedFile[]> =>
  Promise.all(names.map(async name => ({name, content: await readFile(path.join(folder, name))})));

type Conversion = {converted: ConvertedTest[]; refused: {file: string; problem: string}[]};

/** Converts tests, reading them by the grader's Python as literals. Each file is converted, or refused with a clause. */
export async function convertGoferTests(tests: readonly NamedFile[], places: Places): Promise<Conversion> {
  const outcome: Conversion = {converted: [], refused: []};
  const sources: Record<string, string> = {};
  for (const {name, content} of tests) {
    try {
      sources[name] = new TextDecoder('utf-8', {fatal: true}).decode(content).replaceAll('\r\n', '\n');
    } catch {
      outcome.refused.push({file: name, problem: 'is not text in UTF-8'});
    }
  }

  const taken = new Set<string>();
  for (const [file, answer] of Object.entries(await askPython(sources, places))) {
    const stem = path.parse(file).name;
    if ('problem' in answer) {
      outcome.refused.push({file, problem: answer.problem});
    } else if (taken.has(stem)) {
      outcome.refused.push({file, problem: `has the name of another test, ${stem}: give it its own`});
    } else {
      taken.add(stem);
      outcome.converted.push({file, stem, source: answer.converted});
    }
  }

  return outcome;
}

async function askPython(sources: Record<string, string>, {python, scripts}: Places): Promise<z.infer<typeof Answers>> {
  const child = spawn(python, ['-m', 'holt_grader.gofer_tests'], {cwd: scripts, stdio: ['pipe', 'pipe', 'pipe']});
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  child.stdin.on('error', () => {}).end(JSON.stringify(sources));
  const [answer, words, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) {
    throw new CannotCheck(
      `The tests could not be read (${words.trim().split('\n').at(-1)}): set up the grader’s Python anew.`,
    );
  }

  return Answers.parse(JSON.parse(answer));
}
