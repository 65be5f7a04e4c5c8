import {keyOfActivity, makeActivityChange, makeActivityId} from '../../../domain/activity.ts';
import {activityArchiveName, activitySourceName, activityStudentName} from '../../../domain/object-names.ts';
import type {Log, Now, Objects, Transact} from '../../../domain/ports.ts';
import {assignEntryId} from '../../../domain/queue.ts';

export type DeleteNeeds = {transact: Transact; objects: Pick<Objects, 'remove'>; now: Now; log: Log};

/** Who wants which activity gone. */
export type Deletion = {course: string; activity: string; who: string | null; trace: string};

/**
 * Makes the verb delete: the activity's record goes, its ids are free again, and a creation under way is called off. What
 * students submitted and earned stays, as does the archive by its content: another activity may have the same one.
 */
export function makeDelete({transact, objects, now, log}: DeleteNeeds) {
  return async ({course, activity: number, who, trace}: Deletion): Promise<'deleted' | 'unknown'> => {
    const id = await makeActivityId(course, number);
    const activity = await transact(async transaction => {
      const current = await transaction.find('activities', id);
      const entryId = current && assignEntryId(current.creationId);
      const entry = entryId && (await transaction.find('queue', entryId));
      if (!current || current.state === 'failed') {
        return undefined;
      }

      transaction.remove('activities', id);
      const change = makeActivityChange(current, {step: 'deleted', who, trace, createdAt: now()});
      transaction.create('changes', change);
      if (entry) {
        transaction.remove('queue', entry.id);
      }

      return current;
    });
    if (!activity) {
      return 'unknown';
    }

    const {creationId, run, state} = activity;
    log('NOTICE', 'activity deleted', {...keyOfActivity(activity), creationId, state, trace});
    const left = [
      activitySourceName(creationId),
      ...(run ? [activityArchiveName(creationId, run), activityStudentName(creationId, run)] : []),
    ];
    await Promise.all(
      left.map(object =>
        objects
          .remove(object)
          .catch(error => log('WARNING', 'a deleted activity’s object stays', {...object, error: String(error)})),
      ),
    );
    return 'deleted';
  };
}
