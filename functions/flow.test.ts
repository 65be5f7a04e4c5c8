import test from 'ava';
import {type Chaos, checkRecords, endOf, runChaos, students, uploads} from '../testing/world/chaos.ts';

const calm = runChaos(0, {twice: 0, lost: 0, died: 0, atOnce: 1}).then(endOf);

for (const [what, chaos] of [
  ['delivered twice', {twice: 1, lost: 0, died: 0, atOnce: 1}],
  ['out of order and several at once', {twice: 0.2, lost: 0, died: 0, atOnce: 6}],
  ['lost, half of them', {twice: 0, lost: 0.5, died: 0, atOnce: 2}],
  ['lost, every one', {twice: 0, lost: 1, died: 0, atOnce: 4}],
  ['everything at once, with containers that die', {twice: 0.3, lost: 0.3, died: 0.15, atOnce: 5}],
] as [string, Chaos][]) {
  test(`the end is the same when events are ${what}`, async t => {
    const expected = await calm;
    t.is(expected.graded.length, uploads.length);
    t.is(expected.lms.length, 2 * students.length);
    for (let seed = 1; seed <= 6; seed += 1) {
      const world = await runChaos(seed, chaos);
      t.deepEqual(endOf(world), expected, `seed ${seed}`);
      await checkRecords(t, world);
      t.deepEqual(
        world.thrown.map(error => String(error)),
        [],
      );
    }
  });
}
