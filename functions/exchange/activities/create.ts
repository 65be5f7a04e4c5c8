import {type Activity, keyOfActivity, makeActivityChange, makeActivityId} from '../../../domain/activity.ts';
import {archiveLimits} from '../../../domain/autograder.ts';
import {hashBytes} from '../../../domain/document-id.ts';
import {activitySourceName, activityStudentName} from '../../../domain/object-names.ts';
import type {Find, Log, NewId, Now, Objects, Transact, Wait, Wake} from '../../../domain/ports.ts';
import {makeAssignEntry} from '../../../domain/queue.ts';
import type {Score} from '../../../domain/score.ts';
import {makePoll} from './poll.ts';

export type CreateNeeds = {
  find: Find;
  transact: Transact;
  objects: Pick<Objects, 'read' | 'write' | 'remove'>;
  wake: Wake;
  now: Now;
  newId: NewId;
  wait: Wait;
  log: Log;
};

/** An author's notebook on its way in. */
export type Creation = {
  course: string;
  activity: string;
  file: {name: string; content: Uint8Array};
  who: string | null;
  trace: string;
  /** Called when the notebook is durable. */
  onStored: () => void;
  isGone: () => boolean;
};

/** `failed` by `isOurFault` may succeed later; `timeout` goes on without anybody who waits. */
export type Created =
  | {kind: 'created'; fileName: string; student: Uint8Array; questions: (Pick<Score, 'possible'> & {name: string})[]}
  | {kind: 'exists'}
  | {kind: 'failed'; message: string; isOurFault: boolean}
  | {kind: 'timeout'};

/** A creation may wait this long for its turn, be made, and be tried again. */
const LONGEST_SECONDS = 900;

/**
 * Makes the verb create: the author's notebook, then the activity and its queue entry together, and then the wait for what
 * the job makes of it. The second of two at a time is refused; so is one that comes later, unless nobody heard the answer.
 */
export function makeCreate(needs: CreateNeeds) {
  const {find, transact, objects, wake, now, newId, log} = needs;
  const poll = makePoll(needs);

  return async (creation: Creation): Promise<Created> => {
    const {course, activity: number, file, who, trace, isGone} = creation;
    const id = await makeActivityId(course, number);
    const sha256 = await hashBytes(file.content);
    const before = await find('activities', id);
    if (before && before.state !== 'failed') {
      const isUnheard = before.state === 'ready' && !before.isAnswered && isSame(before, {...file, sha256});
      return isUnheard ? answer(before, isGone) : {kind: 'exists'};
    }

    const creationId = newId();
    const source = activitySourceName(creationId);
    await objects.write(source, file.content, 'application/x-ipynb+json');
    const activity: Activity = {
      id,
      course,
      activity: number,
      creationId,
      state: 'creating',
      fileName: file.name,
      sha256,
      autograderSha256: null,
      run: null,
      message: '',
      isOurFault: false,
      isAnswered: false,
      who,
      trace,
      createdAt: now(),
    };
    const isFirst = await transact(async transaction => {
      const current = await transaction.find('activities', id);
      if (current && current.state !== 'failed') {
        return false;
      }

      transaction.put('activities', activity);
      transaction.create('queue', makeAssignEntry(activity));
      transaction.create('changes', makeActivityChange(activity, {step: 'received', createdAt: activity.createdAt}));
      return true;
    });
    if (!isFirst) {
      await objects.remove(source).catch(() => {});
      return {kind: 'exists'};
    }

    creation.onStored();
    log('INFO', 'creation of an activity received', {...keyOfActivity(activity), creationId, trace});
    await wake().catch(error =>
      log('WARNING', 'the wake-up failed; the sweep will wake dispatch', {creationId, trace, error: String(error)}),
    );
    return waitFor(activity, isGone);
  };

  async function waitFor({id, creationId}: Activity, isGone: () => boolean): Promise<Created> {
    const settled = await poll({seconds: LONGEST_SECONDS, isGone}, async () => {
      const activity = await find('activities', id);
      return activity?.creationId === creationId && activity.state === 'creating' ? undefined : {activity};
    });
    if (!settled) {
      return {kind: 'timeout'};
    }

    const {activity} = settled;
    if (activity?.creationId !== creationId) {
      return {kind: 'failed', message: 'The assignment was deleted while it was made.', isOurFault: false};
    }

    return activity.state === 'ready' ? answer(activity, isGone) : {kind: 'failed', ...activity};
  }

  async function answer(activity: Activity, isGone: () => boolean): Promise<Created> {
    const {id, creationId, run, autograderSha256, fileName} = activity;
    const [student, autograder] = await Promise.all([
      objects.read(activityStudentName(creationId, run ?? 0), archiveLimits.packedBytes),
      find('autograders', autograderSha256 ?? ''),
    ]);
    if (!student || !autograder) {
      return {kind: 'failed', message: 'What was made is gone: delete the assignment and try again.', isOurFault: true};
    }

    if (!isGone()) {
      await transact(async transaction => {
        const current = await transaction.find('activities', id);
        if (current?.creationId === creationId) {
          transaction.put('activities', {...current, isAnswered: true});
        }
      });
    }

    return {kind: 'created', fileName, student, questions: autograder.questions};
  }
}

const isSame = (activity: Activity, {name, sha256}: {name: string; sha256: string}): boolean =>
  activity.fileName === name && activity.sha256 === sha256;
