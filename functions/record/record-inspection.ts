import type {List, Log, Now, Transact} from '../../domain/ports.ts';
import {backoffSeconds} from '../../domain/queue.ts';
import type {InspectResult} from '../../domain/result.ts';
import {addSeconds} from '../../domain/values.ts';

/** After so many failed runs of its inspection an archive is staff's to look at. */
const inspectionStrikes = 3;

/**
 * Records an archive's inspection, and answers the course that waited for it. An inspection that failed by
 * infrastructure is tried again; after three times the archive counts as broken, because code of its author runs there.
 */
export async function recordInspection(
  {transact, now, log}: {transact: Transact; now: Now; log: Log; list: List},
  {autograderSha256, cause, message, questions, run}: InspectResult,
): Promise<string | undefined> {
  return transact(async transaction => {
    const id = `inspect-${autograderSha256}`;
    const [known, entry] = await Promise.all([
      transaction.find('autograders', autograderSha256),
      transaction.find('queue', id),
    ]);
    const strikes = (entry?.strikes ?? 0) + 1;
    if (!known && entry && cause === 'infrastructure' && strikes < inspectionStrikes) {
      // A result of an older run says nothing about the run that is under way.
      if (entry.claim?.run === run) {
        const visibleAt = addSeconds(now(), backoffSeconds(strikes));
        transaction.put('queue', {...entry, claimed: false, claim: null, strikes, visibleAt});
      }

      return undefined;
    }

    if (entry) {
      transaction.remove('queue', id);
    }

    if (!known && (entry || cause !== 'infrastructure')) {
      const failed = cause === 'autograder' || cause === 'infrastructure';
      const problem = failed ? message || 'The archive could not be inspected.' : findProblem(questions);
      transaction.create('autograders', {
        id: autograderSha256,
        questions: problem ? [] : questions,
        problem,
        cause: problem ? 'autograder' : null,
        createdAt: now(),
      });
      log('INFO', 'archive inspected', {autograder: autograderSha256, questions: questions.length, problem});
    }

    return entry?.course;
  });
}

function findProblem(questions: InspectResult['questions']): string | null {
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
