import test from 'ava';
import {makeRecords} from '../adapters/google/records.ts';
import {watchedCollections} from '../domain/audit.ts';
import {openTestEngine} from '../testing/contracts/embedded-engine.ts';
import {openFirestore} from '../testing/firestore.ts';
import {needEmulators} from '../testing/need-emulators.ts';
import {type Chaos, checkRecords, endOf, runChaos} from '../testing/world/chaos.ts';
import {makeMirrorStore} from '../testing/world/mirror-store.ts';

/* The same trouble with events as in `flow.test.ts`, each stage on the records of a real engine. */

const troubles: [string, Chaos][] = [
  ['delivered twice, out of order and several at once', {twice: 0.5, lost: 0, died: 0, atOnce: 5}],
  ['lost, every one', {twice: 0, lost: 1, died: 0, atOnce: 4}],
];
/** Long enough for what nobody delivered to be found by a sweep. */
/** The sweep looks at one audited collection in a minute. */
const minutes = watchedCollections.length + 1;
const calm = runChaos(0, {twice: 0, lost: 0, died: 0, atOnce: 1}, {minutes}).then(endOf);

for (const [what, chaos] of troubles) {
  test(`on the embedded engine, the end is the same when events are ${what}`, async t => {
    for (const seed of [1, 2, 3]) {
      const store = makeMirrorStore(await openTestEngine(t));
      const world = await runChaos(seed, chaos, {store, minutes});
      t.deepEqual(endOf(world), await calm, `seed ${seed}`);
      await checkRecords(t, world);
    }
  });
}

test('on the google engine, the end is the same when events are delivered twice, out of order, several at once, or never', async t => {
  if (needEmulators(t)) {
    return;
  }

  const db = await openFirestore(t, 'holt-flow');
  for (const [index, [what, chaos]] of troubles.entries()) {
    const store = makeMirrorStore(makeRecords(db, {prefix: `flow-${index}-`}));
    // The emulator answers contention two seconds late: two at once are enough to meet it.
    const world = await runChaos(index + 1, {...chaos, atOnce: 2}, {store, minutes});
    t.deepEqual(endOf(world), await calm, what);
    await checkRecords(t, world);
  }
});
