import type {TestFn} from 'ava';
import type {MakeRecords} from './records.ts';
import {sampleCourse, sampleParked, samplePassback, sampleSubmission} from './samples.ts';

/** Registers what every engine keeps of a record's values. */
export function valuesContract(test: TestFn, makeRecords: MakeRecords): void {
  test('records: null, zero, false, empty text and empty lists stay what they are', async t => {
    const {find, transact} = await makeRecords(t);
    const passback = samplePassback({nextAttemptAt: null, attempts: 0, message: '', settledAt: null});
    const submission = sampleSubmission({flags: [], proof: {kind: 'claimed', verified: false, via: 'header'}});
    await transact(async ({create}) => {
      create('passbacks', passback);
      create('submissions', submission);
    });
    t.deepEqual(await find('passbacks', passback.id), passback);
    t.deepEqual(await find('submissions', submission.id), submission);
  });

  test('records: fractions and large whole numbers are exact', async t => {
    const {find, transact} = await makeRecords(t);
    const passback = samplePassback({score: {earned: 0.1 + 0.2, possible: 1e6}, run: 2 ** 31});
    await transact(async ({create}) => create('passbacks', passback));
    t.deepEqual(await find('passbacks', passback.id), passback);
  });

  test('records: text of every script, quotes and 200 characters come back unchanged', async t => {
    const {find, transact} = await makeRecords(t);
    const student = `Zoë "o'Neil" 学生 👩‍🎓 \\ %00 ${'é'.repeat(170)}`;
    await transact(async ({create}) => create('submissions', sampleSubmission({student})));
    t.is((await find('submissions', 'submission-1'))?.student, student);
  });

  test('records: keys with dots, slashes, quotes and double underscores come back unchanged', async t => {
    const {find, transact} = await makeRecords(t);
    const keys = [
      'a/b.c/lab-1-autograder.zip',
      '.',
      '..',
      'a`b',
      '"q"',
      "it's",
      '[0]',
      '$.x',
      '__name__',
      '学 生',
      '~*',
    ];
    const archives = Object.fromEntries(keys.map((key, index) => [key, {sha256: `${index % 10}`.repeat(64)}]));
    const sections = Object.fromEntries(keys.map(key => [key, {subpath_to_zips: key, assignments: {[key]: ''}}]));
    const course = sampleCourse({archives, config: {staff: keys, policy: 'best', limits: {}, sections}});
    await transact(async ({create}) => create('courses', course));
    t.deepEqual(await find('courses', course.id), course);
  });

  test('records: a key named __proto__ is data and reaches no prototype', async t => {
    const {find, transact} = await makeRecords(t);
    const archives = JSON.parse(
      `{"__proto__": {"sha256": "${'b'.repeat(64)}"}, "kept": {"sha256": "${'c'.repeat(64)}"}}`,
    );
    await transact(async ({create}) => create('courses', sampleCourse({archives})));
    const found = (await find('courses', 'course-1'))?.archives ?? {};
    t.is(JSON.stringify(found.kept), `{"sha256":"${'c'.repeat(64)}"}`);
    t.is(Object.getPrototypeOf(found), Object.prototype);
    t.false('sha256' in found);
    t.false('sha256' in {});
  });

  test('records: an undefined field is a missing field', async t => {
    const {find, transact} = await makeRecords(t);
    const section = {subpath_to_zips: 'zips', assignments: {}};
    const config = {staff: [], policy: 'latest' as const, limits: {}};
    await transact(async ({create}) =>
      create('courses', sampleCourse({config: {...config, sections: {1: {...section, course_id: undefined}}}})),
    );
    t.deepEqual((await find('courses', 'course-1'))?.config, {...config, sections: {1: section}});
  });

  test('records: expireAt is read as the instant it was written, to the millisecond', async t => {
    const {find, list, transact} = await makeRecords(t);
    const parked = sampleParked({expireAt: '2099-01-15T10:20:30.456Z'});
    await transact(async ({create}) => create('parked', parked));
    t.deepEqual(await find('parked', parked.id), parked);
    t.deepEqual(await transact(async transaction => transaction.find('parked', parked.id)), parked);
    t.deepEqual(await list({collection: 'parked', orderBy: ['createdAt', 'asc'], limit: 10}), [parked]);
  });

  test('records: a record of 90 kB is kept', async t => {
    const {find, transact} = await makeRecords(t);
    const course = sampleCourse({problem: 'x'.repeat(90_000)});
    await transact(async ({create}) => create('courses', course));
    t.is((await find('courses', course.id))?.problem?.length, 90_000);
  });
}
