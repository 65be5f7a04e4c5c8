import {EVERY_COURSE, isPaused, PAUSED_UNTIL, type Pause, pauseIdOf, tellPause} from '../../domain/pause.ts';
import type {Find, List, Log, Now, Transact, Transaction} from '../../domain/ports.ts';
import {giveUp, type QueueEntry} from '../../domain/queue.ts';
import type {Instant} from '../../domain/values.ts';
import {mapAtOnce} from './at-once.ts';

const pageSize = 200;
/** More courses than this are not paused one by one. */
const mostPauses = 1000;

type Needs = {find: Find; list: List; transact: Transact; now: Now; log: Log};

const listPauses = ({list}: Pick<Needs, 'list'>): Promise<Pause[]> =>
  list({collection: 'pauses', orderBy: ['id', 'asc'], limit: mostPauses});

/** Finds what pauses a course, in the transaction that acts on it. */
async function findPause({find}: Pick<Transaction, 'find'>, courseId: string): Promise<Pause | undefined> {
  const found = await Promise.all([find('pauses', EVERY_COURSE), find('pauses', courseId)]);
  return found.find(isPaused);
}

/**
 * Makes what keeps entries of paused courses out of the way: each is looked at once, moved behind everything that is
 * ever due, and not read again before its course is resumed. What runs already runs on, and an archive is still inspected.
 */
export function makeSetPausedAside({list, transact, log}: Needs) {
  return async (entries: readonly QueueEntry[]): Promise<QueueEntry[]> => {
    const paused = new Map((await listPauses({list})).filter(isPaused).map(pause => [pause.course, pause]));
    const isOut = ({kind, course}: QueueEntry) => kind === 'grade' && (paused.has(null) || paused.has(course));
    const out = paused.size > 0 ? entries.filter(isOut) : [];
    if (out.length === 0) {
      return [...entries];
    }

    const ids = new Map<string, string>();
    for (const {course} of out) {
      ids.set(course, ids.get(course) ?? (await pauseIdOf(course)));
    }

    await mapAtOnce(out, ({id, course, visibleAt}) =>
      transact(async transaction => {
        const [entry, pause] = await Promise.all([
          transaction.find('queue', id),
          findPause(transaction, ids.get(course) ?? ''),
        ]);
        // Who resumed it meanwhile has looked for what waits, and does not come again.
        if (pause && entry && !entry.claimed && entry.visibleAt === visibleAt) {
          const waitingFor = {cause: 'paused', message: tellPause(pause)} as const;
          transaction.put('queue', {...entry, visibleAt: PAUSED_UNTIL, waitingFor});
        }
      }).catch(error =>
        // The next turn tries again; other courses are not held up.
        log('WARNING', 'an entry of a paused course could not be set aside', {id, error: String(error)}),
      ),
    );
    log('INFO', 'entries wait because their courses are paused', {courses: [...ids.keys()], entries: out.length});
    return entries.filter(entry => !isOut(entry));
  };
}

/**
 * Makes what ends a pause that staff have ended: entries take their old places in the queue, then the pause is removed.
 * Killed in between, it is done again in a minute: until the pause is gone, somebody looks.
 */
export function makeEndPauses({list, transact, now, log}: Needs) {
  const release = async (course: string | null, heldUntil: Instant): Promise<number> => {
    let after: readonly [string, string] | undefined;
    let released = 0;
    for (;;) {
      const page = await list({
        collection: 'queue',
        where: [
          course === null ? ['claimed', '==', false] : ['course', '==', course],
          ['visibleAt', '>=', PAUSED_UNTIL],
        ],
        orderBy: ['visibleAt', 'asc'],
        after,
        limit: pageSize,
      });
      const freed = await mapAtOnce(page, async ({id, course: own}) => {
        const pauseId = await pauseIdOf(own);
        return transact(async transaction => {
          const [entry, pause] = await Promise.all([transaction.find('queue', id), findPause(transaction, pauseId)]);
          if (pause || entry?.waitingFor?.cause !== 'paused') {
            return 0;
          }

          // What failed before has been mended, as far as anybody knows: the hours of a pause are not its patience.
          const strikes = entry.strikes >= giveUp.strikes ? 0 : entry.strikes;
          transaction.put('queue', {...entry, strikes, heldUntil, visibleAt: entry.queuedAt, waitingFor: null});
          return 1;
        });
      });
      released += freed.filter(Boolean).length;
      const last = page.at(-1);
      if (!last || page.length < pageSize) {
        return released;
      }

      after = [last.visibleAt, last.id];
    }
  };

  return async (): Promise<void> => {
    const ended = (await listPauses({list})).filter(pause => !isPaused(pause));
    const failures: unknown[] = [];
    for (const {id, course, resumedAt} of ended) {
      const released = await release(course, resumedAt ?? now()).catch(error => void failures.push(error));
      if (released === undefined) {
        // It is there in the next minute, and holds up no other.
        continue;
      }

      await transact(async transaction => {
        const current = await transaction.find('pauses', id);
        // Staff may have paused it again.
        if (current?.resumedAt === resumedAt) {
          transaction.remove('pauses', id);
        }
      });
      log('NOTICE', 'grading goes on', {course: course ?? 'every course', released});
    }

    if (failures.length > 0) {
      throw new AggregateError(failures, 'Some pauses could not be ended; the next minute tries again.');
    }
  };
}
