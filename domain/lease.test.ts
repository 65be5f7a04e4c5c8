import test from 'ava';
import {at, makePause, makeRandom} from '../testing/make.ts';
import {makeMemoryRecords} from '../testing/memory-records.ts';
import {takeLease, updateLease} from './lease.ts';

const setUp = (pause?: () => Promise<void>) => {
  const records = makeMemoryRecords(pause ? {pause} : {});
  const clock = {now: at(0)};
  return {records, clock, needs: {...records, now: () => clock.now}};
};

test('a lease is taken once, renewed by its holder, and taken by another when it has ended', async t => {
  const {clock, needs} = setUp();
  t.like(await takeLease(needs, 'dispatch', 'a', 60), {holder: 'a', until: at(60), lastRunAt: null});
  t.is(await takeLease(needs, 'dispatch', 'b', 60), undefined);
  clock.now = at(30);
  t.like(await takeLease(needs, 'dispatch', 'a', 60), {until: at(90)});
  clock.now = at(90);
  t.like(await takeLease(needs, 'dispatch', 'b', 60), {holder: 'b', until: at(150)});
});

test('what a lease remembers stays when it changes hands', async t => {
  const {needs} = setUp();
  await takeLease(needs, 'dispatch', 'a', 60);
  await updateLease(needs, 'dispatch', 'a', {lastRunAt: at(7), cursor: {queue: 'x'}});
  await updateLease(needs, 'dispatch', 'a', {until: at(0)});
  t.like(await takeLease(needs, 'dispatch', 'b', 60), {holder: 'b', lastRunAt: at(7), cursor: {queue: 'x'}});
});

test('who has lost a lease changes nothing of it', async t => {
  const {records, clock, needs} = setUp();
  await takeLease(needs, 'dispatch', 'a', 60);
  clock.now = at(61);
  await takeLease(needs, 'dispatch', 'b', 60);
  await updateLease(needs, 'dispatch', 'a', {until: at(0), lastRunAt: at(5)});
  t.like(await records.find('leases', 'dispatch'), {holder: 'b', until: at(121), lastRunAt: null});
  await updateLease(needs, 'nothing', 'a', {until: at(0)});
  t.is(await records.find('leases', 'nothing'), undefined);
});

test('of many who ask at once, one has it', async t => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const {needs} = setUp(makePause(makeRandom(seed)));
    const taken = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(holder => takeLease(needs, 'sweep', holder, 50)));
    t.is(taken.filter(Boolean).length, 1);
  }
});
