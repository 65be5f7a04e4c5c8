import {z} from 'zod';
import {OutsideName} from './values.ts';

/** Which assignment, in the words of the notebook's own metadata. */
export const AssignmentKey = z.object({course: OutsideName, section: OutsideName, assignment: OutsideName});
export type AssignmentKey = z.infer<typeof AssignmentKey>;

/** Which student's work on which assignment: what a head and a grade are about. */
export const WorkKey = AssignmentKey.extend({student: OutsideName});
export type WorkKey = z.infer<typeof WorkKey>;

/** Picks the key out of any record that carries one. */
export const workKeyOf = ({course, section, assignment, student}: WorkKey): WorkKey => ({
  course,
  section,
  assignment,
  student,
});
