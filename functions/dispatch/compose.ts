import type {CourseSource, Jobs, Log, NewId, Now, Objects, Records, Wait} from '../../domain/ports.ts';
import {makeEnsureArchive} from './ensure-archive.ts';
import {makeFindReady} from './find-ready.ts';
import {makeDispatch} from './handler.ts';
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
  return makeDispatch({
    ...ports,
    settings,
    courses: [...sources.keys()],
    syncCourse: makeSyncCourse({...ports, sourceOf}),
    releaseWaiting: makeReleaseWaiting(ports),
    endPauses: makeEndPauses(ports),
    findReady: async entries => findReady(await setPausedAside(entries)),
    startBatch: makeStartBatch({...ports, objects, startJob: jobs.start, settings}),
  });
}
