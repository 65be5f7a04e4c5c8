import {type Course, getAssignment} from '../../../domain/course.ts';
import {hashBytes, makeDocumentId} from '../../../domain/document-id.ts';
import {HoltError} from '../../../domain/errors.ts';
import type {Identity} from '../../../domain/hub.ts';
import type {Find, List, Log, NewId, Now, Transact, Wake} from '../../../domain/ports.ts';
import type {Regrade} from '../../../domain/regrade.ts';
import type {RegradeOrder} from '../../../domain/staff-orders.ts';
import type {Sha256} from '../../../domain/values.ts';
import {makeChoose} from './choose.ts';

export type BeginRegradeNeeds = {
  find: Find;
  list: List;
  transact: Transact;
  wake: Wake;
  now: Now;
  newId: NewId;
  log: Log;
};

type Place = {course: string; trace: string};

/**
 * Makes the beginning of a regrade: a new run for each chosen submission. The same order again, whoever gives it, is
 * the same regrade, which goes on where it was left; only another archive, or `again` after it was applied, begins a new one.
 */
export function makeBeginRegrade(needs: BeginRegradeNeeds) {
  const {find, transact, wake, now, newId, log} = needs;
  const {choose, enqueue} = makeChoose(needs);

  return async (identity: Identity, {course, trace}: Place, order: RegradeOrder): Promise<Regrade> => {
    const {section, assignment, which, again} = order;
    const submissionIds = [...new Set(order.submissions)].sort();
    if ((which === 'listed') !== submissionIds.length > 0) {
      throw new HoltError('malformed-request', 'Name submissions together with "listed", and only then.');
    }

    const archive = await findArchive(course, order);
    const names = [course, section, assignment, which, await hashBytes(submissionIds.join('\n'))];
    const {last, nextId} = await findLast(names);
    const known = last && isSameArchive(last, order, archive) && !(again && last.applied?.endedAt) ? last : undefined;
    if (known?.chosenAt) {
      return known;
    }

    const wanted = known ?? {course, section, assignment, which, submissionIds, createdAt: now()};
    const chosen = await choose(wanted);
    const regrade =
      known ?? (await create(identity, {...wanted, id: nextId, autograderSha256: archive}, chosen.length));
    await enqueue(regrade, chosen);
    const ready = await transact(async transaction => {
      const current = (await transaction.find('regrades', regrade.id)) ?? regrade;
      const next = {...current, chosenAt: current.chosenAt ?? now()};
      transaction.put('regrades', next);
      return next;
    });
    log('NOTICE', 'a regrade has begun', {course, assignment, regradeId: ready.id, submissions: chosen.length, trace});
    await wake().catch(error =>
      log('WARNING', 'the wake-up failed; the sweep will wake dispatch', {trace, error: String(error)}),
    );
    return ready;
  };

  /** The last of the regrades of the same submissions, and the id of the next. */
  async function findLast(names: string[]): Promise<{last: Regrade | undefined; nextId: string}> {
    let last: Regrade | undefined;
    for (let number = 1; ; number += 1) {
      const nextId = await makeDocumentId('regrade', ...names, String(number));
      const found = await find('regrades', nextId);
      if (!found) {
        return {last, nextId};
      }

      last = found;
    }
  }

  type New = Omit<Regrade, 'by' | 'chosenAt' | 'applied'>;

  /** Of two that begin at once, one writes it. */
  async function create(identity: Identity, fields: New, submissions: number): Promise<Regrade> {
    const regrade: Regrade = {...fields, by: identity.name, chosenAt: null, applied: null};
    const {id, course, section, assignment, which, autograderSha256, createdAt} = regrade;
    const actionId = newId();
    return transact(async transaction => {
      const known = await transaction.find('regrades', id);
      if (known) {
        return known;
      }

      transaction.create('regrades', regrade);
      transaction.create('staffActions', {
        ...{id: actionId, what: 'regrade begun', by: identity.name, student: null, course, section, assignment},
        details: {regradeId: id, which, submissions, autograderSha256},
        createdAt,
      });
      return regrade;
    });
  }

  /** The archive by its content; null when it is the course's current one and dispatch has yet to fetch it. */
  async function findArchive(course: string, order: RegradeOrder): Promise<Sha256 | null> {
    const {archive, ...key} = order;
    const sha256 = archive === 'current' ? await findCurrent(course, key) : archive;
    if (sha256 === null) {
      return null;
    }

    const inspected = await find('autograders', sha256);
    if (inspected?.problem) {
      throw new HoltError('invalid-autograder', `This archive cannot grade: ${inspected.problem}`);
    }

    // The exchange may not look at archives, which hold the hidden tests; one that was inspected is kept.
    if (!inspected && order.archive !== 'current') {
      throw new HoltError(
        'not-found',
        `No archive of SHA-256 ${sha256} is kept here: name one that has graded before, or leave it out for the course’s current one.`,
      );
    }

    return sha256;
  }

  async function findCurrent(course: string, key: Pick<RegradeOrder, 'section' | 'assignment'>) {
    const record = await find('courses', await makeDocumentId('course', course));
    if (!record) {
      throw new HoltError(
        'unknown-course',
        `Course "${course}" has no config here, so it has no archives: activities of Moodle are not regraded.`,
      );
    }

    const archive = findKnown(record, getAssignment(record, {course, ...key}).archivePath);
    if (archive && 'problem' in archive) {
      throw new HoltError('invalid-autograder', archive.problem);
    }

    return archive?.sha256 ?? null;
  }
}

/** Of a regrade that has an archive the same cannot be said before the course's current one is fetched. */
const isSameArchive = ({autograderSha256: had}: Regrade, order: RegradeOrder, archive: Sha256 | null): boolean =>
  had === null ? order.archive === 'current' : had === archive;

const findKnown = ({archives}: Course, path: string) => (Object.hasOwn(archives, path) ? archives[path] : undefined);
