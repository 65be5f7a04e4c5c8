import type {Now, Transact} from '../../domain/ports.ts';
import type {QueueEntry} from '../../domain/queue.ts';

/** Puts the inspection of an archive in the place of the first entry that needs it; nothing when it is under way. */
export const requestInspection = (
  {transact, now}: {transact: Transact; now: Now},
  {course, visibleAt}: QueueEntry,
  autograderSha256: string,
): Promise<void> =>
  transact(async transaction => {
    const id = `inspect-${autograderSha256}`;
    const [entry, autograder] = await Promise.all([
      transaction.find('queue', id),
      transaction.find('autograders', autograderSha256),
    ]);
    if (entry || autograder) {
      return;
    }

    const at = now();
    transaction.create('queue', {
      kind: 'inspect',
      id,
      course,
      autograderSha256,
      visibleAt,
      claimed: false,
      claim: null,
      strikes: 0,
      waitingFor: null,
      queuedAt: at,
      createdAt: at,
    });
  });
