import {readFile} from 'node:fs/promises';
import test from 'ava';
import {expectGraded, logIn, startForTest, submit} from '../testing/end-to-end.ts';
import {needEmulators} from '../testing/need-emulators.ts';

test('on the emulators a task that is through grades what came meanwhile, and no other is started for it', async t => {
  t.timeout(300_000);
  if (needEmulators(t)) {
    return;
  }

  const local = await startForTest(t, 'google', {MAX_PARALLEL_TASKS: '1', MAX_LISTS_PER_TASK: '3'});
  const students = ['alice', 'bob', 'carol'];
  const browsers = await Promise.all(students.map(student => logIn(local, student)));
  const submitted = await Promise.all(
    students.map(async (student, index) => ({
      student,
      id: await submit(t, local, student, browsers[index] as (typeof browsers)[0], 'partial'),
    })),
  );
  for (const one of submitted) {
    await expectGraded(t, local, one);
  }

  const lines = (await readFile(local.logFile, 'utf8')).split('\n');
  const started = lines.filter(line => line.includes('"grading started"'));
  const given = started.filter(line => /"list":[12]\b/.test(line));
  t.true(given.length >= 1, started.join('\n'));
  const executions = new Set(started.map(line => /"execution":"([^"]+)"/.exec(line)?.[1]));
  t.true(executions.size < started.length, [...executions].join());
});
