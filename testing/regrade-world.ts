import type {HoltError} from '../domain/errors.ts';
import {at} from './make.ts';
import {makeStaffWorld, type StaffWorld} from './staff-world.ts';

export const order = {section: '1', assignment: 'lab'};
/** Orders a regrade of the lab, as staff. */
export const begin = ({ask}: StaffWorld, given: object = {}) =>
  ask('courses/demo/regrades', {body: {...order, ...given}});
/** Reads the first page of its table, in the order of the submissions' ids. */
export const rowsOf = async ({ask}: StaffWorld, id: string) => {
  const {rows} = await ask(`courses/demo/regrades/${id}/rows`);
  return rows.sort((a: {submissionId: string}, b: {submissionId: string}) =>
    a.submissionId < b.submissionId ? -1 : 1,
  );
};
/** Orders it to be applied. */
export const apply = ({ask}: StaffWorld, id: string) => ask(`courses/demo/regrades/${id}/apply`, {body: {}});
/** The scores of the assignment that is regraded. */
export const gradesOf = ({records}: StaffWorld) =>
  Object.fromEntries(
    records
      .all('grades')
      .filter(({assignment}) => assignment === 'lab')
      .map(({student, score}) => [student, score.earned]),
  );
/** The code of what was refused. */
export const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: HoltError) => error.code,
  );

/** Three students, alice with two submissions, graded 12 each; then the archive is mended and gives what `points` says. */
export const makeRegradeWorld = async (
  points: (submissionId: string) => number | undefined = () => 9,
  options: Parameters<typeof makeStaffWorld>[0] = {},
) => {
  const world = await makeStaffWorld(options);
  const [first = ''] = await world.prepare();
  await world.submit('a1', {student: 'alice', receivedAt: at(1)});
  await world.submit('a2', {student: 'alice', receivedAt: at(2)});
  await world.submit('b1', {student: 'bob', receivedAt: at(3)});
  await world.submit('c1', {student: 'carol', receivedAt: at(4)});
  await world.submit('h1', {student: 'alice', assignment: 'hw'});
  await world.settle({minutes: 2});
  await world.mend('mended');
  const grade = world.gradeBy((id, sha256) => (sha256 === first ? undefined : points(id)));
  return {...world, first, grade, run: (minutes = 3) => world.settle({minutes, grade})};
};
