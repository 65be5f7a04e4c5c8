import {z} from 'zod';
import {AssignmentKey} from './assignment.ts';
import {HoltError} from './errors.ts';

/** As much of a notebook as Holt looks at. Everything else is the student's and stays as it is. */
export type Notebook = {
  nbformat: number;
  metadata: Record<string, unknown>;
  cells?: {cell_type: string}[];
  worksheets?: unknown[];
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Stops at the first thing that is wrong: a schema would describe each of ten million cells that are none. */
function isNotebook(value: unknown): value is Notebook {
  if (!isObject(value) || !Number.isInteger(value.nbformat) || !isObject(value.metadata)) {
    return false;
  }

  const {cells, worksheets} = value;
  return cells === undefined
    ? Array.isArray(worksheets)
    : Array.isArray(cells) && cells.every(cell => isObject(cell) && typeof cell.cell_type === 'string');
}

/**
 * Checks that a value is a notebook.
 *
 * Throws: `not-a-notebook`.
 * Source: nbformat 4 has `cells`, nbformat 3 `worksheets`; both have `metadata` and `nbformat`.
 */
export function parseNotebook(value: unknown): Notebook {
  if (!isNotebook(value)) {
    throw new HoltError(
      'not-a-notebook',
      'This is not a Jupyter notebook: save the notebook in JupyterLab and submit it again.',
    );
  }

  return value;
}

/**
 * Reads which assignment a notebook answers from `metadata.otter_service`.
 *
 * Throws: `missing-metadata` with a sentence that names the missing part.
 * Source: otter-service; all values are strings in practice, a number is taken as its text.
 */
export function assignmentOf(notebook: Notebook): AssignmentKey {
  const block = Object.hasOwn(notebook.metadata, 'otter_service') ? notebook.metadata.otter_service : undefined;
  if (!isObject(block)) {
    throw new HoltError(
      'missing-metadata',
      'The notebook does not say which assignment it is (no otter_service in its metadata): get a fresh copy from your course and move your answers there.',
    );
  }

  return readKey({
    course: findPart(block, 'otter_service.', 'course'),
    section: findPart(block, 'otter_service.', 'section'),
    assignment: findPart(block, 'otter_service.', 'assignment'),
  });
}

/** The course of a gofer notebook that names none. */
const GOFER_COURSE = '8x';

/**
 * Reads which assignment a notebook answers from what gofer puts on top of its metadata.
 *
 * Throws: `missing-metadata` with a sentence that names the missing part.
 * Source: gofer_service: `section`, `assignment` or else `lab`, and `course`, which is 8x when it is not there.
 */
export function goferAssignmentOf({metadata}: Notebook): AssignmentKey {
  const isGiven = (part: string) =>
    Object.hasOwn(metadata, part) && !['', null, undefined].includes(metadata[part] as string);
  const name = !isGiven('assignment') && isGiven('lab') ? 'lab' : 'assignment';
  return readKey({
    course: Object.hasOwn(metadata, 'course') ? findPart(metadata, '', 'course') : {name: 'course', text: GOFER_COURSE},
    section: findPart(metadata, '', 'section'),
    assignment: findPart(metadata, '', name),
  });
}

/** A part of the metadata by the name that it has there. */
type Part = {name: string; text: string};

const Text = z.union([z.string(), z.number().transform(String)]);

function findPart(block: Record<string, unknown>, prefix: string, part: string): Part {
  const value = Text.safeParse(Object.hasOwn(block, part) ? block[part] : undefined);
  if (!value.success || value.data.trim() === '') {
    throw new HoltError(
      'missing-metadata',
      `The notebook's metadata names no ${part} (${prefix || 'metadata.'}${part}): get a fresh copy from your course and move your answers there.`,
    );
  }

  return {name: `${prefix || 'metadata.'}${part}`, text: value.data};
}

function readKey(parts: Record<keyof AssignmentKey, Part>): AssignmentKey {
  const {course, section, assignment} = parts;
  const key = AssignmentKey.safeParse({course: course.text, section: section.text, assignment: assignment.text});
  if (!key.success) {
    const wrong = key.error.issues.map(({path, message}) => `${parts[path[0] as keyof AssignmentKey].name} ${message}`);
    throw new HoltError(
      'missing-metadata',
      `The notebook's metadata cannot be used: ${wrong.join('; ')}. Get a fresh copy from your course.`,
    );
  }

  return key.data;
}
