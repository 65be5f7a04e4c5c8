import {z} from 'zod';
import {AssignmentKey} from './assignment.ts';
import {HoltError} from './errors.ts';

/** As much of a notebook as Holt looks at. Everything else is the student's and stays as it is. */
export const Notebook = z.looseObject({
  nbformat: z.number().int(),
  cells: z.array(z.looseObject({cell_type: z.string()})).optional(),
  worksheets: z.array(z.unknown()).optional(),
  metadata: z.looseObject({}),
});
export type Notebook = z.infer<typeof Notebook>;

/**
 * Checks that a value is a notebook.
 *
 * Throws: `not-a-notebook`.
 * Source: nbformat 4 has `cells`, nbformat 3 `worksheets`; both have `metadata` and `nbformat`.
 */
export function parseNotebook(value: unknown): Notebook {
  const parsed = Notebook.safeParse(value);
  if (!parsed.success || !(parsed.data.cells ?? parsed.data.worksheets)) {
    throw new HoltError(
      'not-a-notebook',
      'This is not a Jupyter notebook: save the notebook in JupyterLab and submit it again.',
    );
  }

  return parsed.data;
}

/**
 * Reads which assignment a notebook answers from `metadata.otter_service`.
 *
 * Throws: `missing-metadata` with a sentence that names the missing part.
 * Source: otter-service; all values are strings in practice, a number is taken as its text.
 */
export function assignmentOf(notebook: Notebook): AssignmentKey {
  const block = z.looseObject({}).safeParse(notebook.metadata.otter_service);
  if (!block.success) {
    throw new HoltError(
      'missing-metadata',
      'The notebook does not say which assignment it is (no otter_service in its metadata): get a fresh copy from your course and move your answers there.',
    );
  }

  const text = z.union([z.string(), z.number().transform(String)]);
  const named = Object.fromEntries(
    (['course', 'section', 'assignment'] as const).map(part => {
      const value = text.safeParse(block.data[part]);
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
