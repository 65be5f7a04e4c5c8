import type {Identity} from '../../../domain/hub.ts';
import type {Find, List, Now} from '../../../domain/ports.ts';
import type {Parked} from '../../../domain/submission.ts';
import {type Summary, summarize} from './find-records.ts';
import {cutPage, type Page} from './paging.ts';

export type OwnNeeds = {find: Find; list: List; now: Now};

/** A notebook that waits for its owner, as far as it is shown to who may be the owner. */
export type Offer = Pick<
  Parked,
  'id' | 'course' | 'section' | 'assignment' | 'receivedAt' | 'sha256' | 'bytes' | 'expireAt'
>;

export type OwnList = {submissions: Summary[]; offers: Offer[]; next: string | null};

const MOST_OFFERS = 20;

/** Whether a waiting notebook may be this user's: no page named anybody else. */
export const mayBelongTo = ({namedStudent}: Pick<Parked, 'namedStudent'>, {name}: Pick<Identity, 'name'>): boolean =>
  namedStudent === null || namedStudent === name;

/**
 * Makes the list of a student's own submissions, newest first, with the notebooks that may be theirs: those that their
 * browser parked without a name, and those that a page named them for.
 */
export function makeListOwn({find, list, now}: OwnNeeds) {
  const findOffers = async (identity: Identity, held: readonly Parked[]): Promise<Offer[]> => {
    const named = await list({
      collection: 'parked',
      where: [
        ['claimed', '==', false],
        ['namedStudent', '==', identity.name],
      ],
      orderBy: ['createdAt', 'desc'],
      limit: MOST_OFFERS,
    });
    const offers = new Map<string, Parked>();
    for (const parked of [...held, ...named]) {
      if (mayBelongTo(parked, identity) && !parked.claimed && parked.expireAt > now()) {
        offers.set(parked.id, parked);
      }
    }

    return [...offers.values()]
      .sort((a, b) => (a.receivedAt < b.receivedAt ? 1 : -1))
      .slice(0, MOST_OFFERS)
      .map(({id, course, section, assignment, receivedAt, sha256, bytes, expireAt}) => ({
        ...{id, course, section, assignment},
        ...{receivedAt, sha256, bytes, expireAt},
      }));
  };

  return async (identity: Identity, held: readonly Parked[], {after, limit}: Page): Promise<OwnList> => {
    const found = await list({
      collection: 'submissions',
      where: [['student', '==', identity.name]],
      orderBy: ['receivedAt', 'desc'],
      after,
      limit: limit + 1,
    });
    const {rows, next} = cutPage(found, limit);
    return {
      submissions: await summarize({find, list}, rows, {audience: 'student', now: now()}),
      offers: after ? [] : await findOffers(identity, held),
      next,
    };
  };
}
