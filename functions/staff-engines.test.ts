import test, {type ExecutionContext} from 'ava';
import {makeRecords} from '../adapters/google/records.ts';
import {openTestEngine} from '../testing/contracts/embedded-engine.ts';
import {openFirestore} from '../testing/firestore.ts';
import {needEmulators} from '../testing/need-emulators.ts';
import {makeStaffWorld} from '../testing/staff-world.ts';
import {checkRecords} from '../testing/world/chaos.ts';
import {makeMirrorStore} from '../testing/world/mirror-store.ts';
import type {WorldStore} from '../testing/world/world.ts';

/* What staff order, each stage on the records of a real engine: its queries, cursors and transactions. */

async function orderEverything(t: ExecutionContext, store: WorldStore): Promise<void> {
  const world = await makeStaffWorld({store});
  await world.prepare();
  const students = Array.from({length: 4}, (_, index) => `student-${index}`);
  await world.ask('courses/demo/pause', {body: {}});
  for (const student of students) {
    await world.submit(`s-${student}`, {student});
    await world.submit(`t-${student}`, {student, receivedAt: world.pass(1)});
  }

  await world.settle({minutes: 2});
  t.deepEqual(world.records.all('results'), []);
  t.is(world.records.all('queue').filter(({waitingFor}) => waitingFor?.cause === 'paused').length, 8);
  await world.ask('courses/demo/resume', {body: {}});
  await world.settle({minutes: 2});
  t.is(world.records.all('results').length, 8);
  t.deepEqual(world.records.all('pauses'), []);

  await world.mend('mended');
  const order = {section: '1', assignment: 'lab', which: 'all'};
  const {id} = await world.ask('courses/demo/regrades', {body: order});
  await world.settle({minutes: 3, grade: world.gradeBy(() => 6)});
  t.like(await world.ask(`courses/demo/regrades/${id}`), {state: 'ready', chosen: 8, waiting: 0});
  const {rows, next} = await world.ask(`courses/demo/regrades/${id}/rows`);
  t.is(rows.filter(({changes}: {changes: boolean}) => changes).length, 8);
  t.is(next, null);
  await Promise.all([0, 1].map(() => world.makeOrder()(`courses/demo/regrades/${id}/apply`, {body: {}})));
  t.like((await world.ask('courses/demo/regrades')).regrades, [{id, state: 'applied', done: 8}]);
  t.true(world.records.all('grades').every(({score}) => score.earned === 6));

  await world.transact(async transaction => {
    const found = await Promise.all(world.records.all('passbacks').map(({id}) => transaction.find('passbacks', id)));
    for (const passback of found) {
      if (passback) {
        transaction.put('passbacks', {...passback, state: 'failed', attempts: 1, nextAttemptAt: null});
      }
    }
  });
  const {scores} = await world.ask('courses/demo/resend', {body: {}});
  t.is(scores.length, 4);
  await world.settle({minutes: 2});
  t.deepEqual([...new Set(world.lms.values())], [0.4]);
  const current = world.records.all('grades').map(({id, revision}) => `${id}-${revision}`);
  t.true(world.records.all('passbacks').every(({id, state}) => state === (current.includes(id) ? 'sent' : 'failed')));
  t.is(world.records.all('staffActions').length, 2 + 2 + 4);
  await checkRecords(t, world);
}

test('on the embedded engine, courses are paused and resumed, regraded, and scores sent again', async t => {
  await orderEverything(t, makeMirrorStore(await openTestEngine(t)));
});

test('on the google engine, courses are paused and resumed, regraded, and scores sent again', async t => {
  if (needEmulators(t)) {
    return;
  }

  const db = await openFirestore(t, 'holt-staff');
  await orderEverything(t, makeMirrorStore(makeRecords(db, {prefix: 'staff-'})));
});
