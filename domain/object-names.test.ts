import test from 'ava';
import {notebookName, parkedName, parseResultName, resultName} from './object-names.ts';

test('the name of a result is read back as it was made', t => {
  for (const [id, run] of [
    ['a-B_9', 1],
    [`inspect-${'f'.repeat(64)}`, 9_999_999],
  ] as const) {
    t.deepEqual(parseResultName(resultName(id, run).name), {id, run});
  }
});

test('no other name is a result', t => {
  for (const name of [
    'results/s1/0.json',
    'results/s1/01.json',
    'results/s1/-1.json',
    'results/s1/1.json.bak',
    'results/s1/1.json\n',
    'results/s1/99999999.json',
    'results/a/b/1.json',
    'results/../1.json',
    'results//1.json',
    'other/s1/1.json',
    '/results/s1/1.json',
    `results/${'a'.repeat(101)}/1.json`,
    '',
  ]) {
    t.is(parseResultName(name), undefined, JSON.stringify(name));
  }
});

test('results stand in a bucket of their own, parked notebooks apart from the others', t => {
  t.is(resultName('s1', 1).bucket, 'results');
  t.is(notebookName('s1').bucket, 'work');
  t.not(notebookName('s1').name, parkedName('s1').name);
});
