import type {FailureCode} from '../domain/errors.ts';
import type {Browser} from '../emulator/as-otter-submit.ts';
import {goferPrefix} from '../emulator/companions.ts';

/** A notebook of the sample course as gofer's courses have it; give what matters to the test. */
export const makeGoferNotebook = (answer = '42', metadata: object = {}) => ({
  nbformat: 4,
  nbformat_minor: 2,
  metadata: {kernelspec: {name: 'python3'}, course: 'demo', section: '1', lab: 'lab', ...metadata},
  cells: [{cell_type: 'code', metadata: {}, source: [`answer = ${answer}`], outputs: []}],
});

/** Presses gofer_submit's button in the classic notebook of a student who is logged in at the hub. */
export const pressGofer = (
  browser: Browser,
  {origin, student, notebook}: {origin: string; student: string; notebook: string},
): Promise<Response> =>
  browser.send(`${origin}${goferPrefix}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Origin: origin,
      Referer: `${origin}/user/${encodeURIComponent(student)}/notebooks/lab.ipynb`,
    },
    body: `{"nb":${notebook}}`,
  });

type Refused = readonly [what: string, body: unknown, status: number, code: FailureCode, sentence: RegExp];

const having = (metadata: object) => ({nb: makeGoferNotebook('1', metadata)});
const malformed = [400, 'malformed-request', /send \{"nb": <notebook>\}/] as const;
const noNotebook = [400, 'not-a-notebook', /not a Jupyter notebook/] as const;
const unknown = [404, 'unknown-assignment', /ask your instructor/] as const;
const missing = (part: string) => [400, 'missing-metadata', new RegExp(`metadata\\.${part}`)] as const;

const hostile = [
  ...['../../x', '..', '/etc/passwd', 'a/b', 'a\\b', '__proto__', 'constructor', 'lab.ipynb?x#y', '~root'],
  ...['$(touch /tmp/x)', '`id`', '; rm -rf /', "'; DROP TABLE grades; --", '| cat', '-rf', '%2e%2e%2f', '=1+1'],
];

/** What gofer_service answered with HTML, or believed. One table for every engine. */
export const goferRefusals: readonly Refused[] = [
  ['an empty body', '', ...malformed],
  ['what is not JSON', 'nb=1', ...malformed],
  ['JSON that ends early', '{"nb": {"cells": [{"source": "answer = 42"', ...malformed],
  ['a body without nb', {notebook: makeGoferNotebook()}, ...malformed],
  ['a notebook without its wrapping', makeGoferNotebook(), ...malformed],
  ['null', 'null', ...malformed],
  ['a list', [makeGoferNotebook()], ...malformed],
  ['an nb of null', {nb: null}, ...noNotebook],
  ['an nb that is text', {nb: JSON.stringify(makeGoferNotebook())}, ...noNotebook],
  ['a notebook without metadata', {nb: {...makeGoferNotebook(), metadata: undefined}}, ...noNotebook],
  ['a notebook whose metadata is a list', {nb: {...makeGoferNotebook(), metadata: []}}, ...noNotebook],
  ['a notebook without a section', having({section: undefined}), ...missing('section')],
  ['a section of null', having({section: null}), ...missing('section')],
  ['a blank section', having({section: ' \t'}), ...missing('section')],
  ['a section that is an object', having({section: {toString: '1'}}), ...missing('section')],
  ['a section with control characters', having({section: '1\u0000\r\n'}), ...missing('section')],
  ['a notebook with neither assignment nor lab', having({lab: undefined}), ...missing('assignment')],
  ['an assignment that is a list beside a lab', having({assignment: ['lab']}), ...missing('assignment')],
  ['a lab that is a list', having({lab: ['lab']}), ...missing('lab')],
  ['a lab of 300 characters', having({lab: 'x'.repeat(300)}), ...missing('lab')],
  ['an empty course', having({course: ''}), ...missing('course')],
  ['a course that is an object', having({course: {}}), ...missing('course')],
  [
    'metadata under otter’s name',
    having({...{section: undefined, lab: undefined}, otter_service: {section: '1'}}),
    ...missing('section'),
  ],
  ['an unknown course', having({course: 'other'}), 404, 'unknown-course', /"other"/],
  ['a course with the name of a property', having({course: '__proto__'}), 404, 'unknown-course', /course/],
  ...hostile.flatMap((name): Refused[] => [
    [`the section ${name}`, having({section: name}), ...unknown],
    [`the lab ${name}`, having({lab: name}), ...unknown],
    [`the assignment ${name}`, having({assignment: name}), ...unknown],
  ]),
];
