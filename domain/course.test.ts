import test from 'ava';
import {getAssignment, parseCourseConfig} from './course.ts';
import {HoltError} from './errors.ts';

const section = {
  course_id: 'DemoX+Lab101+2026',
  subpath_to_zips: 'demo/zips',
  assignments: {'lab-demo': '6333e19d6b4d46f88df671ba50f616d8', practice: ''},
};
const key = {course: 'demo', section: '1', assignment: 'lab-demo'};
const read = (course: object) => parseCourseConfig(JSON.stringify({demo: course}), 'demo');
const get = (course: object, named: Partial<typeof key> = {}) =>
  getAssignment({course: 'demo', config: read(course)}, {...key, ...named});

test("reads otter-service's course-config.json", t => {
  t.deepEqual(read({1: section}), {staff: [], policy: 'latest', limits: {}, sections: {1: section}});
  t.deepEqual(get({1: section}), {
    archivePath: 'demo/zips/lab-demo-autograder.zip',
    policy: 'latest',
    limits: {notebookSeconds: 300, memoryBytes: 2 * 2 ** 30, processes: 256, diskBytes: 512 * 2 ** 20},
    lineItem: {courseId: 'DemoX+Lab101+2026', blockId: '6333e19d6b4d46f88df671ba50f616d8'},
  });
});

test("Holt's own keys are not sections", t => {
  const config = read({staff: ['ada'], policy: 'best', limits: {notebookSeconds: 60}, 1: section});
  t.deepEqual(config, {staff: ['ada'], policy: 'best', limits: {notebookSeconds: 60}, sections: {1: section}});
});

test('a section overrides what it says and leaves the rest to the course', t => {
  const course = {policy: 'best', limits: {notebookSeconds: 600, processes: 64}};
  const found = get({...course, 1: {...section, policy: 'latest', limits: {processes: 32}}});
  t.is(found.policy, 'latest');
  t.is(found.limits.processes, 32);
  t.is(found.limits.notebookSeconds, 600);
  t.is(get({...course, 1: section}).policy, 'best');
});

test('unknown keys of a section are dropped, so that any value in them can be stored', t => {
  t.deepEqual(read({1: {...section, notes: [[1]]}}).sections, {1: section});
});

test('an assignment without block id or course id has no line item', t => {
  t.is(get({1: section}, {assignment: 'practice'}).lineItem, undefined);
  t.is(get({1: {...section, course_id: undefined}}).lineItem, undefined);
});

for (const [subpath, path] of [
  ['/demo/zips/', 'demo/zips/lab-demo-autograder.zip'],
  ['./demo//zips', 'demo/zips/lab-demo-autograder.zip'],
  ['.', 'lab-demo-autograder.zip'],
  ['/', 'lab-demo-autograder.zip'],
  ['../demo', '../demo/lab-demo-autograder.zip'], // The source refuses it.
] as const) {
  test(`subpath_to_zips "${subpath}" leads to ${path}`, t => {
    t.is(get({1: {...section, subpath_to_zips: subpath}}).archivePath, path);
  });
}

const refuses = test.macro({
  exec(t, text: string, said: RegExp) {
    const error = t.throws(() => parseCourseConfig(text, 'demo'), {instanceOf: HoltError});
    t.is(error.code, 'invalid-course');
    t.regex(error.message, said);
    t.notRegex(error.message, /\n/);
  },
  title: (_, text: string) => `refuses ${text.slice(0, 70)}`,
});

test(refuses, '', /not JSON/);
test(refuses, '{"demo": {', /not JSON/);
test(refuses, '[]', /must be an object of courses/);
test(refuses, 'null', /must be an object of courses/);
test(refuses, '{"other": {}}', /no course "demo".*HOLT_COURSES/);
test(refuses, '{"demo": []}', /"demo" must be an object/);
test(refuses, '{"demo": {"1": "x"}}', /"demo": sections \/ 1: /);
test(refuses, '{"demo": {"1": {"assignments": {}}}}', /sections \/ 1 \/ subpath_to_zips/);
test(refuses, '{"demo": {"1": {"subpath_to_zips": "a", "assignments": {"x": 5}}}}', /1 \/ assignments \/ x/);
test(refuses, '{"demo": {"staff": "ada"}}', /staff/);
test(refuses, '{"demo": {"policy": "first"}}', /policy/);
test(refuses, '{"demo": {"limits": {"notebookSeconds": 0}}}', /limits \/ notebookSeconds/);
test(
  refuses,
  JSON.stringify({demo: Object.fromEntries(Array.from({length: 1000}, (_, at) => [`s${at}`, 0]))}),
  /^.{0,500}$/,
);

test('names of the JavaScript prototype are neither courses, sections nor assignments', t => {
  t.throws(() => parseCourseConfig('{}', 'constructor'), {instanceOf: HoltError});
  for (const named of [{section: 'toString'}, {assignment: '__proto__'}]) {
    const error = t.throws(() => get({1: section}, named), {instanceOf: HoltError});
    t.is(error.code, 'unknown-assignment');
  }
});

test('an unknown section or assignment is named, with what to do', t => {
  t.throws(() => get({1: section}, {section: '9'}), {message: /no section "9": ask your instructor/});
  t.throws(() => get({1: section}, {assignment: 'lab9'}), {message: /no assignment "lab9": ask your instructor/});
});
