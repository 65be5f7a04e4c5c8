import {offerTask} from '../../domain/free-task.ts';
import type {Log, Now, Transact} from '../../domain/ports.ts';
import {backoffSeconds} from '../../domain/queue.ts';
import {type InspectResult, isScored} from '../../domain/result.ts';
import {addSeconds} from '../../domain/values.ts';

/**
 * Records an archive's inspection, and answers the course that waited for it. An inspection that failed by
 * infrastructure says nothing about the archive, which is never judged again: it is tried until one does.
 */
export async function recordInspection(
  {transact, now, log}: {transact: Transact; now: Now; log: Log},
  {autograderSha256, cause, message, questions, unsupported, run}: InspectResult,
): Promise<string | undefined> {
  return transact(async transaction => {
    const id = `inspect-${autograderSha256}`;
    const [known, entry] = await Promise.all([
      transaction.find('autograders', autograderSha256),
      transaction.find('queue', id),
    ]);
    if (!known && cause === 'infrastructure') {
      // A result of an older run says nothing about the run that is under way.
      if (entry?.claim?.run === run) {
        const strikes = entry.strikes + 1;
        transaction.put('queue', {
          ...entry,
          claimed: false,
          claim: null,
          strikes,
          visibleAt: addSeconds(now(), backoffSeconds(strikes)),
          waitingFor: {cause: 'infrastructure', message: message || 'The archive could not be inspected.'},
        });
      }

      return undefined;
    }

    if (entry) {
      transaction.remove('queue', id);
      offerTask(transaction, entry, run, now());
    }

    if (!known) {
      const problem = isScored(cause) ? findProblem(questions) : message || 'The archive could not be inspected.';
      transaction.create('autograders', {
        id: autograderSha256,
        questions: problem ? [] : questions,
        unsupported,
        problem,
        cause: problem ? 'autograder' : null,
        createdAt: now(),
      });
      log('INFO', 'archive inspected', {autograder: autograderSha256, questions: questions.length, problem});
    }

    return entry?.course;
  });
}

/** Says why nothing could be graded by an archive of these questions; null when something can. */
export function findProblem(questions: InspectResult['questions']): string | null {
  if (questions.length === 0) {
    return 'The archive has no tests: make it again with `otter assign`.';
  }

  if (new Set(questions.map(({name}) => name)).size < questions.length) {
    return 'The archive has two questions of one name: make it again with `otter assign`.';
  }

  return questions.some(({possible}) => possible > 0)
    ? null
    : 'No question of the archive has points: nothing can be earned, so nothing can be graded.';
}
