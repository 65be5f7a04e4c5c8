import test from 'ava';
import {HoltError} from './errors.ts';
import {assignmentOf, parseNotebook} from './notebook.ts';

const key = {course: 'demo', section: '1', assignment: 'lab'};
const notebookWith = (otter_service: unknown) => ({nbformat: 4, cells: [], metadata: {otter_service}});

test('a notebook of either format is one, and keeps everything that Holt does not know', t => {
  const mine = {
    nbformat: 4,
    nbformat_minor: 5,
    cells: [{cell_type: 'code', source: ['1']}],
    metadata: {a: 1},
    extra: [],
  };
  t.deepEqual(parseNotebook(mine) as unknown, mine);
  t.notThrows(() => parseNotebook({nbformat: 3, worksheets: [], metadata: {}}));
});

for (const value of [
  null,
  undefined,
  'text',
  7,
  [],
  {},
  {nbformat: 4, metadata: {}},
  {nbformat: '4', cells: [], metadata: {}},
  {nbformat: 4, cells: {}, metadata: {}},
  {nbformat: 4, cells: [null], metadata: {}},
  {nbformat: 4, cells: [{source: ''}], metadata: {}},
  {nbformat: 4, cells: [], metadata: []},
  {nbformat: 4, cells: []},
]) {
  test(`${JSON.stringify(value)} is not a notebook`, t => {
    t.throws(() => parseNotebook(value), {instanceOf: HoltError, code: 'not-a-notebook'});
  });
}

test('the metadata names the assignment; a number is its text', t => {
  t.deepEqual(assignmentOf(notebookWith(key)), key);
  t.deepEqual(assignmentOf(notebookWith({...key, section: 1, points: 3})), key);
  t.deepEqual(assignmentOf(notebookWith({...key, assignment: '../lab 1/é'})), {...key, assignment: '../lab 1/é'});
});

for (const [what, block, sentence] of [
  ['no otter_service', undefined, /no otter_service/],
  ['otter_service that is text', 'demo', /no otter_service/],
  ['otter_service that is null', null, /no otter_service/],
  ['no course', {...key, course: undefined}, /course/],
  ['an empty section', {...key, section: ''}, /section/],
  ['a blank assignment', {...key, assignment: '  '}, /assignment/],
  ['a section that is a list', {...key, section: ['1']}, /section/],
  ['a control character in the course', {...key, course: 'de\u0000mo'}, /course has control characters/],
  ['300 characters', {...key, assignment: 'a'.repeat(300)}, /assignment/],
  ['text that is not well-formed', {...key, course: '\ud800'}, /course is not well-formed/],
] as const) {
  test(`metadata with ${what} says which part to mend`, t => {
    const error = t.throws(() => assignmentOf(notebookWith(block)), {instanceOf: HoltError, code: 'missing-metadata'});
    t.regex(error?.message ?? '', sentence);
    t.regex(error?.message ?? '', /fresh copy/);
  });
}

test('a notebook is answered as it is, not as a copy', t => {
  const given = {nbformat: 4, metadata: {}, cells: [{cell_type: 'code', own: 1}], own: {a: 1}};
  t.true((parseNotebook(given) as unknown) === given);
});

test('ten million cells that are none are refused in no time', t => {
  const start = performance.now();
  const cells = new Array(10_000_000).fill(0);
  t.throws(() => parseNotebook({nbformat: 4, metadata: {}, cells}), {instanceOf: HoltError});
  t.true(performance.now() - start < 2000);
});

test('what an object inherits names no assignment', t => {
  for (const metadata of [Object.create({otter_service: key}), {otter_service: Object.create(key)}]) {
    const given = parseNotebook({nbformat: 4, cells: [], metadata});
    t.throws(() => assignmentOf(given), {instanceOf: HoltError, code: 'missing-metadata'});
  }
});
