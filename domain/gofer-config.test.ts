import test from 'ava';
import {getAssignment, parseCourseConfig} from './course.ts';
import {HoltError} from './errors.ts';
import {otherGoferPath} from './gofer-config.ts';

const url = 'https://lms.example/outcomes?course=8x&item=3';
const entry = {
  sourcedid: {'3': {lab03: 'id-of-lab03', hw03: 'id-of-hw03', practice: ''}, '4': {lab04: 'id-of-lab04'}},
  outcomes_url: {'3': {lab03: url, hw03: url, practice: ''}, '4': {lab04: url}},
};
const read = (given: object, course = '8x') => ({
  course,
  config: parseCourseConfig(JSON.stringify({[course]: given}), course),
});

test('gofer’s config names line items, and archives lie where gofer has its tests', t => {
  const course = read(entry);
  t.deepEqual(Object.keys(course.config.sections), ['3', '4']);
  const lab = getAssignment(course, {course: '8x', section: '3', assignment: 'lab03'});
  t.is(lab.archivePath, 'materials/x19/lab/3/lab03/lab03-autograder.zip');
  t.deepEqual(lab.lineItem, {sourcedId: 'id-of-lab03', outcomesUrl: url});
  const homework = getAssignment(course, {course: '8x', section: '3', assignment: 'hw03'});
  t.is(homework.archivePath, 'materials/x19/hw/3/hw03/hw03-autograder.zip');
  t.is(getAssignment(course, {course: '8x', section: '3', assignment: 'practice'}).lineItem, undefined);
  t.throws(() => getAssignment(course, {course: '8x', section: '4', assignment: 'lab03'}), {message: /no assignment/});
});

test('a source that is the folder of materials itself has the archive one folder higher', t => {
  t.is(otherGoferPath('materials/x19/hw/3/hw03/hw03-autograder.zip'), 'x19/hw/3/hw03/hw03-autograder.zip');
  t.is(otherGoferPath('materials/x22/lab/1/lab01-autograder.zip'), undefined);
});

test('another folder, staff, policy and limits may stand beside gofer’s keys', t => {
  const course = read({...entry, subpath_to_zips: './autograders/', staff: ['prof'], policy: 'best'});
  const key = {course: '8x', section: '3', assignment: 'lab03'};
  t.is(getAssignment(course, key).archivePath, 'autograders/lab/3/lab03/lab03-autograder.zip');
  t.is(getAssignment(course, key).policy, 'best');
  t.deepEqual(course.config.staff, ['prof']);
});

test('sections of otter-service stand beside gofer’s in one course', t => {
  const otter = {course_id: 'Org+C+R', subpath_to_zips: 'zips', assignments: {lab: 'b1'}};
  const course = read({...entry, 1: otter});
  t.deepEqual(getAssignment(course, {course: '8x', section: '1', assignment: 'lab'}).lineItem, {
    ...{courseId: 'Org+C+R', blockId: 'b1'},
  });
  t.deepEqual(Object.keys(course.config.sections).sort(), ['1', '3', '4']);
});

const refuses = test.macro({
  exec(t, given: object, said: RegExp) {
    const error = t.throws(() => read(given), {instanceOf: HoltError});
    t.is(error.code, 'invalid-course');
    t.regex(error.message, said);
    t.regex(error.message, /^course-config\.json, course "8x": [^\n]+\.$/);
  },
  title: (_, given: object) => `refuses ${JSON.stringify(given).slice(0, 120)}`,
});

const having = (outcomesUrl: unknown) => ({sourcedid: {3: {lab: 'id'}}, outcomes_url: {3: {lab: outcomesUrl}}});
for (const wrong of [
  'lms.example/outcomes',
  '/outcomes',
  'ftp://lms.example/',
  'javascript:alert(1)',
  'file:///etc/passwd',
]) {
  test(refuses, having(wrong), /outcomes_url \/ 3 \/ lab/);
}

test(refuses, having('https://user:secret@lms.example/'), /outcomes_url \/ 3 \/ lab: must have neither a user/);
test(refuses, having('https://lms.example/#x'), /outcomes_url \/ 3 \/ lab/);
test(refuses, having(5), /outcomes_url \/ 3 \/ lab/);
test(refuses, having(''), /sourcedid \/ 3 \/ lab has no counterpart in outcomes_url/);
test(refuses, {sourcedid: {3: {lab: 'id'}}}, /sourcedid \/ 3 \/ lab has no counterpart in outcomes_url/);
test(refuses, {outcomes_url: {3: {lab: url}}}, /outcomes_url \/ 3 \/ lab has no counterpart in sourcedid/);
test(refuses, {...entry, sourcedid: 'id'}, /sourcedid: /);
test(refuses, {...entry, sourcedid: {3: 'id'}}, /sourcedid \/ 3: /);
test(refuses, {...entry, sourcedid: {3: {lab03: ['id']}}}, /sourcedid \/ 3 \/ lab03: /);
test(refuses, {...entry, 3: {subpath_to_zips: 'zips', assignments: {}}}, /Section "3" is configured twice/);
test(refuses, {...entry, Lab: 'x'}, /sections \/ Lab/);
test(
  refuses,
  {1: {subpath_to_zips: 'z', assignments: {a: ''}, lineItems: {a: {sourcedId: 'x', outcomesUrl: 'y'}}}},
  /outcomesUrl/,
);

test('names of the JavaScript prototype are no assignments of gofer’s either', t => {
  const course = read(entry);
  for (const named of [{section: '__proto__'}, {assignment: 'constructor'}, {assignment: '__proto__'}]) {
    const key = {course: '8x', section: '3', assignment: 'lab03', ...named};
    t.is(t.throws(() => getAssignment(course, key), {instanceOf: HoltError}).code, 'unknown-assignment');
  }
});
