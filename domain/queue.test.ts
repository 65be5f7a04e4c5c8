import test from 'ava';
import {at} from '../testing/make.ts';
import {backoffSeconds, makeGradeEntry, QueueEntry} from './queue.ts';

test('a failed run waits 1, 5, 15 minutes, then an hour each time', t => {
  t.deepEqual([1, 2, 3, 4, 5, 50].map(backoffSeconds), [60, 300, 900, 3600, 3600, 3600]);
  t.is(backoffSeconds(0), 60);
});

const upload = {id: 's1', course: 'demo', section: '1', assignment: 'lab', receivedAt: at(10)};

test('an entry takes its place by its upload, however late it is queued', t => {
  const entry = makeGradeEntry(upload, at(5000));
  t.like(entry, {visibleAt: at(10), queuedAt: at(5000), claimed: false, strikes: 0, waitingFor: null});
  t.notThrows(() => QueueEntry.parse(entry));
});

test('an upload from the future does not make its entry wait', t => {
  t.is(makeGradeEntry({...upload, receivedAt: at(90)}, at(20)).visibleAt, at(20));
});
