import {eventTypes} from '../../domain/events.ts';
import {Manifest, type ManifestEntry} from '../../domain/manifest.ts';
import {parseResultName, resultName} from '../../domain/object-names.ts';
import type {Objects} from '../../domain/ports.ts';
import type {JobResult} from '../../domain/result.ts';
import {sampleAssignResult, sampleGradeResult, sampleInspectResult} from '../make.ts';
import type {makeEvents} from './events.ts';
import type {Execution} from './platform.ts';

/** Makes the containers of a platform: they answer what a test says. */
export function makeMemoryGrader(
  {objects, readUrl}: {objects: Pick<Objects, 'write'>; readUrl: (url: string) => unknown},
  executions: readonly Execution[],
  send: ReturnType<typeof makeEvents>['send'],
) {
  /** Puts a result where the container would, and tells record of it. */
  const upload = async (id: string, run: number, result: unknown) => {
    const object = resultName(id, run);
    const bytes = result instanceof Uint8Array ? result : Buffer.from(JSON.stringify(result));
    if ((await objects.write(object, bytes, 'application/json')) === 'written') {
      send('record', {type: eventTypes.objectFinalized, subject: `objects/${object.name}`});
    }
  };

  /** What the container answers for an entry of its manifest: 12 of 15 points. */
  const gradeEntry = (entry: ManifestEntry): JobResult =>
    entry.kind === 'assign'
      ? sampleAssignResult({run: entry.run, creationId: entry.creationId})
      : entry.kind === 'inspect'
        ? sampleInspectResult({run: entry.run, autograderSha256: entry.autograder.sha256})
        : sampleGradeResult({
            run: entry.run,
            submissionId: entry.submissionId,
            autograderSha256: entry.autograder.sha256,
          });

  const entriesOf = (execution: Execution) => execution.tasks.flatMap(({entries}) => entries);

  /** Finds a task's next list, or closes its place. */
  const takeMore = async ({url, close}: Next): Promise<Manifest | undefined> => {
    const name = new URL(close.url).pathname.replace('/work/', '');
    await objects.write({bucket: 'work', name}, Buffer.from('{"ended":true}'), 'application/json');
    return Manifest.safeParse(readUrl(url)).data;
  };

  /**
   * Does the work of every execution that runs. Undefined for an entry is a container that died. A task that takes more
   * looks for it the next time, and ends when nothing is there.
   */
  const runExecutions = async (grade: (entry: ManifestEntry) => JobResult | undefined = gradeEntry) => {
    for (const execution of executions.filter(({state}) => state === 'running')) {
      const more = (await Promise.all((execution.looking ?? []).map(takeMore))).filter(list => list !== undefined);
      const lists = execution.looking ? more : [...execution.tasks];
      execution.tasks.push(...more);
      execution.looking = [];
      for (const {entries, next} of lists) {
        const results = entries.map(entry => ({entry, result: grade(entry)}));
        for (const {entry, result} of results) {
          await (result && upload(idOf(entry), entry.run, result));
        }

        if (next && results.every(({result}) => result)) {
          execution.looking.push(next);
        }
      }

      execution.state = execution.looking.length > 0 ? 'running' : 'ended';
    }
  };

  return {upload, gradeEntry, entriesOf, runExecutions};
}

type Next = NonNullable<Manifest['next']>;

/** A container knows no other place for its result than the URL that it was given. */
const idOf = ({result}: ManifestEntry): string => {
  const id = parseResultName(new URL(result.url).pathname.replace('/results/', ''))?.id;
  if (id === undefined) {
    throw new Error(`No result goes to ${result.url}.`);
  }

  return id;
};
