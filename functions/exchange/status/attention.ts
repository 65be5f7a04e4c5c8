import type {Course} from '../../../domain/course.ts';
import type {Passback} from '../../../domain/passback.ts';
import {EVERY_COURSE, isPaused, PAUSED_UNTIL, pauseIdOf, tellPause} from '../../../domain/pause.ts';
import type {Find, List, Now, Query} from '../../../domain/ports.ts';
import {computeStatus} from '../../../domain/status.ts';
import {tellPassback} from '../../../domain/status-words.ts';
import {addSeconds} from '../../../domain/values.ts';
import {
  type Attention,
  attentionKinds,
  type Found,
  findProblems,
  isFull,
  MOST_OF_A_KIND,
  makeFindReason,
  placeOf,
  tellParked,
  tellSigns,
} from './attention-items.ts';
import {findRecords} from './find-records.ts';

export type AttentionList = {attention: Attention[]; attentionIsCut: boolean};

/** A notebook that was parked a moment ago is on its way through the login. */
const CLAIM_SECONDS = 60;

type Needs = {find: Find; list: List; now: Now};

/** Makes the list of what needs somebody in a course: paused, failed, waiting for an archive, not in the LMS, for review, unclaimed. */
export function makeFindAttention({find, list, now}: Needs) {
  return async (course: string, record: Course | undefined): Promise<AttentionList> => {
    const found = await Promise.all([
      findProblems(record),
      findPaused(course),
      findFailed(course),
      findWaiting(course, record),
      findUnsent(course, 'failed'),
      findUnsent(course, 'pending'),
      findForReview(course),
      findUnclaimed(course),
    ]);
    const rank = ({kind}: Attention) => attentionKinds.indexOf(kind);
    return {
      attention: found.flatMap(({items}) => items).sort((a, b) => rank(a) - rank(b) || (a.at < b.at ? 1 : -1)),
      attentionIsCut: found.some(({isCut}) => isCut),
    };
  };

  async function findPaused(course: string): Promise<Found> {
    const found = await Promise.all([find('pauses', EVERY_COURSE), find('pauses', await pauseIdOf(course))]);
    const items = found.filter(isPaused).map(
      (pause): Attention => ({
        ...{kind: 'paused', message: tellPause(pause), at: pause.createdAt},
        ...{section: null, assignment: null, student: null, submissionId: null},
      }),
    );
    return {items, isCut: false};
  }

  async function findFailed(course: string): Promise<Found> {
    const newest: Pick<Query, 'orderBy' | 'limit'> = {orderBy: ['createdAt', 'desc'], limit: MOST_OF_A_KIND};
    const [failures, broken] = await Promise.all([
      list({collection: 'failures', where: [['course', '==', course]], ...newest}),
      list({
        collection: 'results',
        where: [
          ['course', '==', course],
          ['cause', '==', 'autograder'],
        ],
        ...newest,
      }),
    ]);
    const candidates = new Map<string, {message: string; createdAt: string}>();
    for (const result of broken) {
      candidates.set(result.submissionId, result);
    }

    for (const failure of failures) {
      candidates.set(failure.id, failure);
    }

    const items = await Promise.all(
      [...candidates].map(async ([submissionId, {message, createdAt}]): Promise<Attention[]> => {
        const submission = await find('submissions', submissionId);
        if (!submission) {
          return [];
        }

        const {state} = computeStatus(await findRecords({find, list}, submission), {audience: 'staff', now: now()});
        const grade = await find('grades', submission.workId);
        // A score of a newer notebook has settled it for the student.
        const isSettled = state !== 'failed' || (grade && grade.receivedAt > submission.receivedAt);
        return isSettled ? [] : [{kind: 'failed', message, at: createdAt, submissionId, ...placeOf(submission)}];
      }),
    );
    return {items: items.flat(), isCut: isFull(failures) || isFull(broken)};
  }

  async function findWaiting(course: string, record: Course | undefined): Promise<Found> {
    const entries = await list({
      collection: 'queue',
      where: [
        ['course', '==', course],
        // What a pause set aside is told once, by the pause.
        ['visibleAt', '<', PAUSED_UNTIL],
      ],
      orderBy: ['visibleAt', 'desc'],
      limit: MOST_OF_A_KIND,
    });
    const findReason = makeFindReason(record, entries);
    const items = entries.flatMap((entry): Attention[] => {
      const message = entry.kind === 'grade' && !entry.claimed && entry.waitingFor ? findReason(entry) : undefined;
      if (entry.kind !== 'grade' || message === undefined) {
        return [];
      }

      const {section, assignment, submissionId, queuedAt: at} = entry;
      return [{kind: 'waiting', message, at, section, assignment, student: null, submissionId}];
    });
    return {items, isCut: isFull(entries)};
  }

  async function findUnsent(course: string, state: Passback['state']): Promise<Found> {
    const passbacks = await list({
      collection: 'passbacks',
      where: [
        ['course', '==', course],
        ['state', '==', state],
      ],
      orderBy: ['createdAt', 'desc'],
      limit: MOST_OF_A_KIND,
    });
    const tried = passbacks.filter(({attempts}) => state === 'failed' || attempts > 0);
    const items = await Promise.all(
      tried.map(async ({gradeId, revision, createdAt: at, submissionId, ...rest}): Promise<Attention[]> => {
        const grade = await find('grades', gradeId);
        // A score that no longer counts is not missed in the LMS.
        return grade && grade.revision !== revision
          ? []
          : [{kind: 'not-in-lms', message: rest.message || tellPassback(rest), at, submissionId, ...placeOf(rest)}];
      }),
    );
    return {items: items.flat(), isCut: isFull(passbacks)};
  }

  async function findForReview(course: string): Promise<Found> {
    const results = await list({
      collection: 'results',
      where: [
        ['course', '==', course],
        ['forReview', '==', true],
      ],
      orderBy: ['createdAt', 'desc'],
      limit: MOST_OF_A_KIND,
    });
    const newest = new Map(results.toReversed().map(result => [result.submissionId, result]));
    return {items: [...newest.values()].map(tellSigns), isCut: isFull(results)};
  }

  async function findUnclaimed(course: string): Promise<Found> {
    const parked = await list({
      collection: 'parked',
      where: [
        ['claimed', '==', false],
        ['course', '==', course],
      ],
      orderBy: ['createdAt', 'desc'],
      limit: MOST_OF_A_KIND,
    });
    const since = addSeconds(now(), -CLAIM_SECONDS);
    const waiting = parked.filter(
      ({expireAt, otherLogin, createdAt}) => expireAt > now() && (otherLogin !== null || createdAt < since),
    );
    return {items: waiting.map(tellParked), isCut: isFull(parked)};
  }
}
