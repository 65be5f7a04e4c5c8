import {type Activity, makeActivityChange} from '../../domain/activity.ts';
import {archiveLimits} from '../../domain/autograder.ts';
import {hashBytes} from '../../domain/document-id.ts';
import {activityArchiveName, archiveName} from '../../domain/object-names.ts';
import type {Log, Now, Objects, Transact, Transaction, WriteObject} from '../../domain/ports.ts';
import {assignEntryId} from '../../domain/queue.ts';
import {type AssignResult, isScored} from '../../domain/result.ts';
import type {Sha256} from '../../domain/values.ts';
import {findProblem} from './record-inspection.ts';

type Needs = {transact: Transact; readObject: Objects['read']; writeObject: WriteObject; now: Now; log: Log};
/** What became of it: its archive, or why there is none. */
type Ending = {archive: Sha256} | {message: string; isOurFault: boolean};

/**
 * Records what came of an activity's creation: it is ready, together with its archive's inspection, or it has failed and
 * may be created again at once. Called twice, or for a creation that was deleted meanwhile, it changes nothing.
 */
export async function recordCreation(needs: Needs, result: AssignResult): Promise<void> {
  const {creationId, run} = result;
  const ending = await findEnding(needs, result);
  const state = await needs.transact(transaction => end(transaction, result, ending, needs.now()));
  needs.log(state === 'failed' ? 'WARNING' : 'INFO', 'creation of an activity recorded', {
    creationId,
    run,
    state,
    cause: result.cause,
  });
}

/** The archive gets its name by content only here, where its content was looked at: others may have the same one. */
async function findEnding({readObject, writeObject}: Needs, result: AssignResult): Promise<Ending> {
  const {cause, message, questions, autograderSha256: archive, creationId, run} = result;
  if (cause === 'infrastructure' || !isScored(cause)) {
    return {
      message: message || 'The assignment could not be made: try again in a minute.',
      isOurFault: cause === 'infrastructure',
    };
  }

  const problem = findProblem(questions);
  if (problem) {
    return {message: problem, isOurFault: false};
  }

  const content = archive && (await readObject(activityArchiveName(creationId, run), archiveLimits.packedBytes));
  if (!content || (await hashBytes(content)) !== archive) {
    return {message: 'What was made did not arrive whole: try again in a minute.', isOurFault: true};
  }

  await writeObject(archiveName(archive), content, 'application/zip');
  return {archive};
}

async function end(
  transaction: Transaction,
  {creationId, run, questions, unsupported}: AssignResult,
  ending: Ending,
  createdAt: string,
): Promise<Activity['state'] | 'over'> {
  const id = assignEntryId(creationId);
  const entry = await transaction.find('queue', id);
  if (entry?.kind !== 'assign') {
    return 'over';
  }

  const [activity, known] = await Promise.all([
    transaction.find('activities', entry.activityId),
    'archive' in ending ? transaction.find('autograders', ending.archive) : undefined,
  ]);
  const isOurs = activity?.creationId === creationId && activity.state === 'creating';
  // A run that failed says nothing about a newer one that is under way.
  if (isOurs && !('archive' in ending) && ending.isOurFault && entry.claim?.run !== run) {
    return 'creating';
  }

  transaction.remove('queue', id);
  if (!isOurs) {
    return 'over';
  }

  if (!('archive' in ending)) {
    return settle(transaction, {...activity, state: 'failed', ...ending}, createdAt);
  }

  if (!known) {
    transaction.create('autograders', {
      id: ending.archive,
      questions,
      unsupported,
      problem: null,
      cause: null,
      createdAt,
    });
  }

  return settle(transaction, {...activity, state: 'ready', autograderSha256: ending.archive, run}, createdAt);
}

function settle(
  transaction: Transaction,
  activity: Activity & {state: 'ready' | 'failed'},
  createdAt: string,
): Activity['state'] {
  transaction.put('activities', activity);
  transaction.create('changes', makeActivityChange(activity, {step: activity.state, createdAt}));
  return activity.state;
}
