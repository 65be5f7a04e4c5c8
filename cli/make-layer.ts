#!/usr/bin/env node
import path from 'node:path';
import {Command} from 'commander';
import JSZip from 'jszip';
import {archiveLimits} from '../domain/autograder.ts';
import {listAssignments} from './check-course-material.ts';
import {CannotCheck, exitCodes, readNamed, runProgram} from './check-program.ts';
import {type CheckSettings, readCheckSettings, readCourseFolders} from './check-settings.ts';
import {type MadeLayer, makeLayers, sayLayer} from './layers.ts';
import {openCourse} from './open-course.ts';

type Options = {course?: string; locks?: string; atStart?: boolean};
type Named = {subject: string; archive: Uint8Array};

/** `npm run make-layer`: what archives ask for beyond the grader's own packages, locked and installed, at release. */
const program = new Command('make-layer')
  .description('Make the layers of packages that archives ask for beyond the grader’s own.')
  .argument('[archives...]', '.zip files that otter assign made, or .txt files that list packages')
  .option('--course <course>', 'every archive of a course: a folder with course-config.json, or github.com/owner/repo')
  .option('--locks <folder>', 'where locks are kept (default: grader-job/layers, with which the image is built)')
  .option('--at-start', 'for a server that starts: of the folders in HOLT_COURSES; what fails is told and no failure')
  .action(async (files: string[], options: Options) => {
    try {
      process.exitCode = (await make(files, options)) || options.atStart ? exitCodes.good : exitCodes.failed;
    } catch (error) {
      if (!options.atStart) {
        throw error;
      }

      console.error(`Packages that archives ask for were not looked for: ${(error as Error).message}`);
    }
  });

/** Answers whether every archive has what it asks for. */
async function make(files: readonly string[], {course, locks, atStart = false}: Options): Promise<boolean> {
  const settings = readCheckSettings();
  const courses = course === undefined ? (atStart ? readCourseFolders() : []) : [course];
  if (files.length === 0 && courses.length === 0 && !atStart) {
    throw new CannotCheck('Name archives, or a course with --course.');
  }

  const found = [
    ...(await Promise.all(files.map(file => readArchive(file, settings)))),
    ...(await Promise.all(courses.map(one => readCourse(one, settings)))).flat(),
  ];
  const made = await makeLayers(
    found.map(({archive}) => archive),
    settings.places,
    // What a server makes for itself is no release.
    {keep: !atStart, ...(locks !== undefined && {locks: path.resolve(settings.folder, locks)})},
  );
  for (const [index, layer] of made.entries()) {
    tell((found[index] as Named).subject, layer, atStart);
  }

  return made.every(({problem}) => problem === undefined);
}

function tell(subject: string, layer: MadeLayer, atStart: boolean): void {
  if (layer.problem !== undefined) {
    console.error(`${subject} has no layer: ${layer.problem}`);
  } else if (!(atStart && layer.key === undefined)) {
    console.log(`${subject} ${sayLayer(layer)}`);
  }

  for (const note of layer.notes) {
    console.error(`${subject}: ${note}`);
  }
}

async function readArchive(file: string, {folder}: CheckSettings): Promise<Named> {
  if (!file.endsWith('.txt')) {
    return {subject: file, archive: await readNamed(path.resolve(folder, file), 'the archive that otter assign made')};
  }

  // The archive of an assignment that Moodle sent is in nobody's folder: what it asks for is in the sentence about it.
  const list = await readNamed(path.resolve(folder, file), 'the list of packages');
  const archive = await new JSZip().file('requirements.txt', list).generateAsync({type: 'uint8array'});
  return {subject: file, archive};
}

/** Archives that are missing are for `check-course` to tell. */
async function readCourse(course: string, settings: CheckSettings): Promise<Named[]> {
  const source = await openCourse(course, settings);
  const revision = await source.findRevision();
  const assignments = await listAssignments(source, revision, undefined);
  const paths = [...new Set(assignments.map(({archivePath}) => archivePath))];
  const read = await Promise.all(
    paths.map(async subject => ({
      subject,
      archive: await source.readFile(revision, subject, archiveLimits.packedBytes),
    })),
  );
  return read.flatMap(({subject, archive}) => (archive ? [{subject, archive}] : []));
}

await runProgram(program);
