import {z} from 'zod';

/** What one notebook may use while it is graded. */
export const Limits = z.object({
  /** Wall time of one notebook's grading. */
  notebookSeconds: z.number().int().min(5).max(3600).default(300),
  /** Wall time of one cell; two thirds of the notebook's when it is not set. What comes after a cell that is stopped is graded. */
  cellSeconds: z.number().int().min(1).max(3600).optional(),
  /** Memory of one notebook's processes together. */
  memoryBytes: z
    .number()
    .int()
    .min(256 * 2 ** 20)
    .max(32 * 2 ** 30)
    .default(2 * 2 ** 30),
  /** Processes and threads of one notebook. */
  processes: z.number().int().min(16).max(4096).default(256),
  /** Bytes that one notebook may leave on disk. */
  diskBytes: z
    .number()
    .int()
    .min(2 ** 20)
    .max(8 * 2 ** 30)
    .default(512 * 2 ** 20),
});
export type Limits = z.infer<typeof Limits>;
