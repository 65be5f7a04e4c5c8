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

  const text = z.union([z.string(), z.number().transform(String)]);
  const named = Object.fromEntries(
    (['course', 'section', 'assignment'] as const).map(part => {
      const value = text.safeParse(Object.hasOwn(block, part) ? block[part] : undefined);
      if (!value.success || value.data.trim() === '') {
        throw new HoltError(
          'missing-metadata',
          `The notebook's metadata names no ${part} (otter_service.${part}): get a fresh copy from your course and move your answers there.`,
        );
      }

      return [part, value.data];
    }),
  );

  const key = AssignmentKey.safeParse(named);
  if (!key.success) {
    throw new HoltError(
      'missing-metadata',
      `The notebook's metadata cannot be used: ${key.error.issues.map(({path, message}) => `otter_service.${path.join('.')} ${message}`).join('; ')}. Get a fresh copy from your course.`,
    );
  }

  return key.data;
}
