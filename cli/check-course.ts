#!/usr/bin/env node
import path from 'node:path';
import {Command} from 'commander';
import {HoltError} from '../domain/errors.ts';
import type {CourseSource} from '../domain/ports.ts';
import {checkAssignment, reportProblem} from './check-assignment.ts';
import {type CourseAssignment, listAssignments, readMaterial} from './check-course-material.ts';
import {makeOpenGraders, type OpenGraders} from './check-grading.ts';
import type {Place} from './check-notebooks.ts';
import {CannotCheck, endWith, runProgram} from './check-program.ts';
import {printReport, printSummary, type Report} from './check-report.ts';
import {readCheckSettings} from './check-settings.ts';
import {openCourse} from './open-course.ts';

type Options = {quick?: boolean; course?: string; notebooks?: string; json?: boolean};

const MAX_NOTEBOOK_BYTES = 20 * 2 ** 20;

/** `npm run check-course`: the author's gate for every assignment of a course, before its release. */
const program = new Command('check-course')
  .description('Check every assignment of a course: archives, and solution and student notebooks beside them.')
  .argument('<course>', 'a folder with course-config.json, or github.com/owner/repo')
  .option('--quick', 'only the first assignment')
  .option('--course <name>', 'only this course of course-config.json')
  .option('--notebooks <folder>', 'look for solution and student notebooks here first')
  .option('--json', 'print the reports as JSON')
  .action(check);

async function check(course: string, options: Options): Promise<void> {
  const settings = readCheckSettings();
  const source = await openCourse(course, settings);
  const revision = await source.findRevision();
  const all = await listAssignments(source, revision, options.course);
  const assignments = options.quick ? all.slice(0, 1) : all;
  const places: Place[] = [];
  if (options.notebooks !== undefined) {
    const notebooks = await openCourse(path.resolve(settings.folder, options.notebooks), settings);
    const at = await notebooks.findRevision();
    const read: Place['read'] = file => notebooks.readFile(at, file, MAX_NOTEBOOK_BYTES);
    places.push({name: 'notebooks', read, folders: ['']});
  }

  const openGraders = await makeOpenGraders(settings);
  const reports: Report[] = [];
  for (const assignment of assignments) {
    const report = await checkOne(assignment, source, revision, places, openGraders);
    reports.push(report);
    if (!options.json) {
      console.log(printReport(report));
    }
  }

  console.log(options.json ? JSON.stringify(reports, null, 2) : printSummary(reports));
  endWith(reports);
}

/** One assignment that cannot be checked keeps no other from it. */
async function checkOne(
  assignment: CourseAssignment,
  source: CourseSource,
  revision: string,
  places: readonly Place[],
  openGraders: OpenGraders,
): Promise<Report> {
  try {
    const material = await readMaterial(assignment, {source, revision, places, maxNotebookBytes: MAX_NOTEBOOK_BYTES});
    return 'problem' in material
      ? reportProblem(assignment.subject, assignment.limits, material.problem)
      : await checkAssignment(material, openGraders);
  } catch (error) {
    if (error instanceof CannotCheck || (error instanceof HoltError && error.retryable)) {
      throw error;
    }

    const {message} = error as Error;
    const problem = error instanceof HoltError ? message : `Grading broke off, so nothing is known of it: ${message}`;
    return reportProblem(assignment.subject, assignment.limits, problem);
  }
}

await runProgram(program);
