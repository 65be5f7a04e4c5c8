import {createInterface} from 'node:readline/promises';
import type {Platform} from './open-platform.ts';
import {printTable} from './print-table.ts';
import {addNote, type Note, readNotes, writeNotes} from './release-history.ts';
import {getPart, type Images, imageOf, type Part, tellImage, tellPart} from './release-parts.ts';

/** One part, what it runs and what it is to run. */
export type Step = {part: string; before: string; after: string; isChange: boolean};

/** Plans a release over the parts as they are, in their order. */
export const planRelease = (parts: readonly Part[], images: Images): Step[] =>
  parts.map(part => {
    const after = images[part.image];
    // What did not come up the last time is tried again, though its template says the right image already.
    const isChange = imageOf(part) !== after || part.deployed?.problem !== undefined;
    return {part: tellPart(part), before: imageOf(part), after, isChange};
  });

/** Writes the plan for people. */
export const printPlan = (steps: readonly Step[]): string =>
  printTable(
    ['', 'runs', 'is to run'],
    steps.map(({part, before, after, isChange}) => [part, tellImage(before), isChange ? tellImage(after) : 'the same']),
  );

/** Asks for a yes. Throws when there is nobody to ask. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Error('Nobody is there to say yes: look at the table, then give --yes.');
  }

  const terminal = createInterface({input: process.stdin, output: process.stderr});
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

const noteOf = (parts: readonly Part[], images: Images): Note => ({
  revision: getPart(parts, 'exchange').deployed?.revision ?? '',
  ...images,
  at: new Date().toISOString(),
});

/** How it is said, and whether a part that does not come up takes those before it back. */
export type Manner = {say: (line: string) => void; undoes?: boolean};

/**
 * Sets the images one part after the other, each when the one before it serves, and notes the release on the job.
 *
 * What ran before is noted together with the first change of the job, so that a run that is cut off loses nothing.
 *
 * Throws: when a part does not come up, with what was done and what to do.
 */
export async function deployRelease(
  {environment, prefix, releases}: Platform,
  parts: readonly Part[],
  images: Images,
  {say, undoes}: Manner,
): Promise<void> {
  const job = getPart(parts, 'grader');
  const was: Images = {functions: imageOf(getPart(parts, 'exchange')), grader: imageOf(job)};
  const noted = readNotes(job.deployed?.notes ?? '');
  // Half a deployment is no release to go back to.
  const isWhole = parts.every(
    part => !part.deployed?.problem && (part.image === 'grader' || imageOf(part) === was.functions),
  );
  const notes = isWhole ? addNote(noted, noteOf(parts, was)) : noted;
  const steps = planRelease(parts, images);
  const done: Part[] = [];
  for (const [index, part] of parts.entries()) {
    if (!steps[index]?.isChange) {
      continue;
    }

    try {
      await releases.deploy(part.kind, prefix + part.name, {
        image: images[part.image],
        ...(part === job && {notes: writeNotes(notes)}),
        ...(part.deployed && {etag: part.deployed.etag}),
      });
      await checkServes(part.kind, prefix + part.name);
    } catch (error) {
      const sentence = (error as Error).message;
      throw new Error(`${sentence}\n${undoes ? await undo([...done, part]) : tellHalf(part)}`);
    }

    done.push(part);
    say(`  ${tellPart(part)} runs ${tellImage(images[part.image])}`);
  }

  const exchange = await releases.find('service', `${prefix}exchange`);
  const made = {revision: exchange?.revision ?? '', ...images, at: new Date().toISOString()};
  await releases.deploy('job', prefix + job.name, {image: images.grader, notes: writeNotes(addNote(notes, made))});

  function tellHalf(failed: Part): string {
    const {name} = environment;
    const changed = done.length > 0 ? `${done.map(tellPart).join(', ')} changed already; ` : '';
    return `${changed}${tellPart(failed)} and the rest go on as they were. Run this again, or \`holt rollback ${name}\`.`;
  }

  /** Lets what was changed run again what it ran, the last one first. What somebody else set meanwhile stays. */
  async function undo(changed: readonly Part[]): Promise<string> {
    const stuck: string[] = [];
    for (const part of changed.toReversed()) {
      try {
        const now = await releases.find(part.kind, prefix + part.name);
        if (now?.image === images[part.image]) {
          await releases.deploy(part.kind, prefix + part.name, {image: imageOf(part)});
          await checkServes(part.kind, prefix + part.name);
          say(`  ${tellPart(part)} runs ${tellImage(imageOf(part))} again`);
        }
      } catch (error) {
        stuck.push(`${tellPart(part)} (${(error as Error).message})`);
      }
    }

    return stuck.length > 0
      ? `These did not go back: ${stuck.join('; ')}. Look at them, then \`holt rollback ${environment.name}\`.`
      : `Everything runs again what it ran before.`;
  }

  async function checkServes(kind: Part['kind'], name: string): Promise<void> {
    const problem = (await releases.find(kind, name))?.problem;
    if (problem) {
      throw new Error(`${name} has the new image, but ${problem}: look at it in the console.`);
    }
  }
}
