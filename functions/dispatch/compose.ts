import type {CourseSource, Jobs, Log, NewId, Now, Objects, Records, Wait} from '../../domain/ports.ts';
import type {QueueEntry} from '../../domain/queue.ts';
import {makeEnsureArchive} from './ensure-archive.ts';
import {makeFindReady} from './find-ready.ts';
import {makeHandOver} from './hand-over.ts';
import {makeDispatch} from './handler.ts';
import {makeLook} from './look.ts';
import {makeEndPauses, makeSetPausedAside} from './pauses.ts';
import {makeReleaseWaiting} from './release-waiting.ts';
import {type DispatchSettings, waits} from './settings.ts';
import {makeStartBatch} from './start-batch.ts';
import {makeSyncCourse} from './sync-course.ts';

export type DispatchPorts = Records & {
  objects: Objects;
  jobs: Jobs;
  now: Now;
  newId: NewId;
  wait: Wait;
  log: Log;
  /** The source of a course of HOLT_COURSES. */
  sources: ReadonlyMap<string, CourseSource>;
  /** A config beside `course-config.json`. */
  configPath?: string | undefined;
};

/** Puts dispatch together: course sync, archives, claims, batches. */
export function composeDispatch(ports: DispatchPorts, settings: DispatchSettings) {
  const {objects, jobs, sources} = ports;
  const sourceOf = (course: string) => sources.get(course);
  const ensureArchive = makeEnsureArchive({...ports, write: objects.write, sourceOf});
  const setPausedAside = makeSetPausedAside(ports);
  const findReady = makeFindReady({
    ...ports,
    ensureArchive: (course, path) => ensureArchive(course, path, waits.archive),
  });
  const look = makeLook({...ports, settings});
  const findUnpaused = async (entries: readonly QueueEntry[]) => findReady(await setPausedAside(entries));
  return makeDispatch({
    ...ports,
    ...look,
    settings,
    courses: [...sources.keys()],
    syncCourse: makeSyncCourse({...ports, sourceOf}),
    releaseWaiting: makeReleaseWaiting(ports),
    endPauses: makeEndPauses(ports),
    findReady: findUnpaused,
    handOver: makeHandOver({...ports, ...look, objects, settings, findReady: findUnpaused}),
    startBatch: makeStartBatch({...ports, objects, startJob: jobs.start, settings}),
  });
}
