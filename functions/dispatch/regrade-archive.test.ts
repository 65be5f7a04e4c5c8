import test from 'ava';
import {at, makePause, makeRandom} from '../../testing/make.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {pinArchive} from './regrade-archive.ts';

test('of two dispatchers that saw different archives, one decides for all runs of a regrade', async t => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const {transact, all} = makeMemoryRecords({pause: makePause(makeRandom(seed))});
    await transact(async transaction =>
      transaction.create('regrades', {
        ...{id: 'r1', course: 'demo', section: '1', assignment: 'lab', which: 'all', submissionIds: [], by: 'prof'},
        ...{autograderSha256: null, chosenAt: null, applied: null, createdAt: at(0)},
      }),
    );
    const pinned = await Promise.all(['a', 'b', 'c'].map(letter => pinArchive(transact, 'r1', letter.repeat(64))));
    t.is(new Set(pinned).size, 1);
    t.is(all('regrades')[0]?.autograderSha256, pinned[0] ?? null);
  }
});
