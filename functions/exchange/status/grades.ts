import {makeDocumentId} from '../../../domain/document-id.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Grade} from '../../../domain/grade.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Count, Find, List, Log} from '../../../domain/ports.ts';
import {type Score, toFraction} from '../../../domain/score.ts';
import type {Reply} from '../http.ts';
import {makeIsStaffOf} from './find-records.ts';
import {type Cell, columns, type Format, writeCsv} from './grades-csv.ts';

export type ExportGradesNeeds = {find: Find; list: List; count: Count; log: Log; admins: readonly string[]};

/** As many grades are in memory at once, however many the course has. */
const PAGE = 100;

/**
 * Makes the export of a course's grades for its staff: one row for each student and assignment that has a score, the one
 * that counts. What failed through no fault of the student has no score, and so no row.
 *
 * Throws: `not-allowed` for anybody else, whether the course exists or not; `not-found` for a course that was never seen.
 */
export function makeExportGrades({find, list, count, log, admins}: ExportGradesNeeds) {
  const isStaffOf = makeIsStaffOf({find, admins});

  /** In the order in which they were first graded, which never changes: nobody is left out or told twice. */
  async function* listPages(course: string): AsyncGenerator<Grade[]> {
    let after: [string, string] | undefined;
    do {
      const page: Grade[] = await list({
        collection: 'grades',
        where: [['course', '==', course]],
        orderBy: ['createdAt', 'asc'],
        after,
        limit: PAGE,
      });
      yield page;
      const last = page.at(-1);
      after = page.length === PAGE && last ? [last.createdAt, last.id] : undefined;
    } while (after);
  }

  const describe = async (grade: Grade): Promise<Cell[]> => {
    const {id, student, section, assignment, score, submissionId, run, revision, receivedAt} = grade;
    const [attempt, result, passback] = await Promise.all([
      count({
        collection: 'submissions',
        where: [
          ['workId', '==', id],
          ['receivedAt', '<=', receivedAt],
        ],
      }),
      find('results', `${submissionId}-${run}`),
      find('passbacks', `${id}-${revision}`),
    ]);
    const points = [score.earned, score.possible, fractionOf(score)];
    const times = [receivedAt, result?.createdAt ?? grade.decidedAt];
    return [student, section, assignment, ...points, attempt, ...times, passback?.state ?? ''];
  };

  async function* write(course: string, format: Format): AsyncGenerator<string> {
    yield writeCsv([columns[format]]);
    for await (const grades of listPages(course)) {
      yield writeCsv(format === 'gofer' ? grades.map(describeForGofer) : await Promise.all(grades.map(describe)));
    }
  }

  return async (
    identity: Identity,
    course: string,
    {format, trace}: {format: Format; trace: string},
  ): Promise<Reply> => {
    if (!(await isStaffOf(identity, course))) {
      throw new HoltError(
        'not-allowed',
        'Only the course’s staff can export its grades: ask to be added to “staff” in course-config.json.',
      );
    }

    if (!(await find('courses', await makeDocumentId('course', course)))) {
      throw new HoltError('not-found', `No course "${course}" is known here: add it to HOLT_COURSES.`);
    }

    log('NOTICE', 'grades exported', {course, format, trace});
    return {
      status: 200,
      headers: {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': `attachment; filename="grades-${course.replace(/[^\w.-]+/g, '_')}.csv"`,
      },
      body: write(course, format),
    };
  };
}

/** Gofer's row. Its grade is what went to the LMS, its time the seconds since 1970. */
const describeForGofer = ({student, section, assignment, score, decidedAt}: Grade): Cell[] => [
  ...[student, fractionOf(score), section, assignment],
  Date.parse(decidedAt) / 1000,
];

/** Nothing where an assignment has no points to earn. */
const fractionOf = (score: Score): Cell => (score.possible > 0 ? toFraction(score) : '');
