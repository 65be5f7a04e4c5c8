import {z} from 'zod';
import {makeDocumentId} from './document-id.ts';
import {Instant, OutsideName, RecordId} from './values.ts';

/** Staff want nothing of a course to be started. It lasts until `resumedAt` is set; then dispatch frees what waits and removes it. */
export const Pause = z.object({
  id: RecordId,
  /** Null for every course. */
  course: OutsideName.nullable(),
  by: OutsideName,
  resumedAt: Instant.nullable(),
  createdAt: Instant,
});
export type Pause = z.infer<typeof Pause>;

/** The id of the pause of every course. */
export const EVERY_COURSE = 'every-course';

/** Until when an entry of a paused course is out of everybody's way. */
export const PAUSED_UNTIL: Instant = '9999-01-01T00:00:00.000Z';

/** The id of a course's pause, or of every course's. */
export const pauseIdOf = async (course: string | null): Promise<string> =>
  course === null ? EVERY_COURSE : makeDocumentId('pause', course);

/** Whether nothing may be started now. */
export const isPaused = (pause: Pause | undefined): pause is Pause => pause !== undefined && pause.resumedAt === null;

/** Says, to staff, why an entry waits and what ends it. */
export const tellPause = ({by, course, createdAt}: Pause): string =>
  `${by} paused grading${course === null ? ' of every course' : ''} at ${createdAt.slice(0, 16).replace('T', ' ')} UTC: \`holt resume ${course === null ? '--all' : JSON.stringify(course)}\` goes on.`;
