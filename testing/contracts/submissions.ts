import type {Query, Records} from '../../domain/ports.ts';
import type {Collection} from '../../domain/records.ts';
import {at, sampleSubmission} from './samples.ts';

/** The ids that a query lists, in its order. */
export const idsOf = async <C extends Collection>({list}: Records, query: Query<C>) =>
  (await list(query)).map(({id}) => id);

/** Six submissions: two courses, times with a tie of three. */
export const writeSubmissions = ({transact}: Records) =>
  transact(async ({create}) => {
    const rows = [
      ['a', 'demo', 1],
      ['b', 'demo', 2],
      ['c', 'demo', 2],
      ['d', 'demo', 2],
      ['e', 'demo', 3],
      ['f', 'other', 2],
    ] as const;
    for (const [id, course, seconds] of rows) {
      create('submissions', sampleSubmission({id, course, receivedAt: at(seconds), createdAt: at(seconds)}));
    }
  });
