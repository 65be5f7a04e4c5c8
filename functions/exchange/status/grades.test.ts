import test, {type ExecutionContext} from 'ava';
import {makeDocumentId} from '../../../domain/document-id.ts';
import type {RecordOf} from '../../../domain/records.ts';
import {openTestEngine} from '../../../testing/contracts/embedded-engine.ts';
import {at, sampleCourse, samplePassback, sampleSubmission} from '../../../testing/contracts/samples.ts';
import {checkProblem} from '../../../testing/exchange-checks.ts';
import {type ExchangeWorld, prefix, startExchange} from '../../../testing/exchange-world.ts';
import {makeExportGrades} from './grades.ts';

const prof = {Authorization: 'token dev-prof'};
const address = (world: ExchangeWorld, course = 'demo', query = '') =>
  `${world.url}${prefix}courses/${encodeURIComponent(course)}/grades.csv${query}`;

async function start(t: ExecutionContext): Promise<ExchangeWorld> {
  const world = await startExchange(t);
  const config = {staff: ['prof'], policy: 'latest' as const, limits: {}, sections: {}};
  const id = await makeDocumentId('course', 'demo');
  await world.records.transact(async transaction =>
    transaction.put('courses', sampleCourse({id, course: 'demo', config})),
  );
  return world;
}

const makeGrade = (given: Partial<RecordOf<'grades'>> = {}): RecordOf<'grades'> => ({
  ...{id: 'work-1', course: 'demo', section: '1', assignment: 'lab', student: 'alice', submissionId: 's2', run: 3},
  ...{score: {earned: 2, possible: 3}, policy: 'latest', receivedAt: at(20), revision: 2, resultsSeen: 2},
  ...{decidedAt: '2026-11-21T18:31:23.290Z', createdAt: at(10)},
  ...given,
});

const putGrades = (world: ExchangeWorld, grades: RecordOf<'grades'>[]) =>
  world.records.transact(async transaction => {
    for (const grade of grades) {
      transaction.put('grades', grade);
    }
  });

test('a row has the score that counts, which attempt it was, when, and whether the LMS has it', async t => {
  const world = await start(t);
  await world.records.transact(async ({put}) => {
    for (const [id, receivedAt] of [
      ['s1', at(5)],
      ['s2', at(20)],
      ['s3', at(30)],
    ] as const) {
      put('submissions', sampleSubmission({id, receivedAt, createdAt: receivedAt, workId: 'work-1'}));
    }

    put('passbacks', samplePassback({id: 'work-1-2', gradeId: 'work-1', state: 'sent'}));
  });
  await putGrades(world, [
    makeGrade(),
    makeGrade({id: 'work-2', student: 'bob', createdAt: at(11), score: {earned: 0, possible: 0}}),
  ]);
  const answer = await fetch(address(world), {headers: prof});
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'text/csv; charset=utf-8');
  t.is(answer.headers.get('content-disposition'), 'attachment; filename="grades-demo.csv"');
  t.deepEqual((await answer.text()).split('\r\n'), [
    'student,section,assignment,earned,possible,fraction,attempt,submitted,graded,passback',
    `alice,1,lab,2,3,0.667,2,${at(20)},2026-11-21T18:31:23.290Z,sent`,
    // Nothing to earn is no zero.
    `bob,1,lab,0,0,,0,${at(20)},2026-11-21T18:31:23.290Z,`,
    '',
  ]);
});

test('gofer’s format has the columns of its export, in their order', async t => {
  const world = await start(t);
  await putGrades(world, [makeGrade(), makeGrade({id: 'work-2', student: 'a,"b', score: {earned: 5, possible: 4}})]);
  const answer = await fetch(address(world, 'demo', '?format=gofer'), {headers: prof});
  t.is(
    await answer.text(),
    'userid,grade,section,lab,timestamp\r\nalice,0.667,1,lab,1795285883.29\r\n"a,""b",1,1,lab,1795285883.29\r\n',
  );
});

test('what a spreadsheet would run stands there as text', async t => {
  const world = await start(t);
  const names = ['=HYPERLINK("http://evil.example")', '+1', '-1', '@SUM(A1)'];
  await putGrades(
    world,
    names.map((student, index) => makeGrade({id: `work-${index}`, student, assignment: student})),
  );
  for (const format of ['', '?format=gofer']) {
    const rows = (await (await fetch(address(world, 'demo', format), {headers: prof})).text())
      .split('\r\n')
      .slice(1, -1);
    t.is(rows.length, names.length);
    t.deepEqual(
      rows.filter(row => /(^|,)"?[=+\-@\t]/.test(row)),
      [],
      format,
    );
    t.true(rows.every(row => /^"?'[=+\-@]/.test(row)));
  }
});

test('only staff export grades, whether the course exists or not', async t => {
  const world = await start(t);
  await putGrades(world, [makeGrade()]);
  const alice = {Authorization: 'token dev-alice'};
  await checkProblem(t, await fetch(address(world), {headers: alice}), 403, 'not-allowed');
  await checkProblem(t, await fetch(address(world, 'other'), {headers: alice}), 403, 'not-allowed');
  await checkProblem(t, await fetch(address(world, '../demo'), {headers: prof}), 403, 'not-allowed');
  await checkProblem(t, await fetch(address(world)), 401, 'not-authenticated');
  await checkProblem(t, await fetch(address(world), {headers: prof, method: 'POST'}), 405, 'method-not-allowed');
  await checkProblem(t, await fetch(address(world, 'demo', '?format=xlsx'), {headers: prof}), 400, 'malformed-request');
  await checkProblem(
    t,
    await fetch(address(world, 'demo', '?format=toString'), {headers: prof}),
    400,
    'malformed-request',
  );
  t.is((await fetch(address(world), {headers: prof, method: 'HEAD'})).status, 200);
  t.is((await fetch(`${world.url}/courses/demo/grades.csv`, {headers: prof})).status, 200);
});

test('a course of 50 000 students is written page by page, each student once, in little memory', async t => {
  t.timeout(180_000);
  const engine = await openTestEngine(t);
  const students = 50_000;
  await engine.transact(async ({put}) =>
    put('courses', sampleCourse({id: await makeDocumentId('course', 'demo'), course: 'demo'})),
  );
  for (let first = 0; first < students; first += 2500) {
    await engine.transact(async ({put}) => {
      for (let index = first; index < first + 2500; index += 1) {
        // Many have the same time: pages must not end between them.
        put('grades', makeGrade({id: `work-${index}`, student: `s${index}`, createdAt: at(Math.floor(index / 300))}));
      }
    });
  }

  const exportGrades = makeExportGrades({...engine, log() {}, admins: ['root']});
  const root = {name: 'root', groups: [], admin: false, proof: {kind: 'hub', verified: true, via: 'token'}} as const;
  const {body} = await exportGrades({...root, groups: []}, 'demo', {format: 'gofer', trace: 'trace'});
  const seen = new Set<string>();
  let longest = 0;
  for await (const piece of body as AsyncIterable<string>) {
    longest = Math.max(longest, piece.length);
    for (const row of piece.split('\r\n').filter(line => /^s\d/.test(line))) {
      seen.add(row.split(',')[0] ?? '');
    }
  }

  t.is(seen.size, students);
  t.true(longest < 10_000);
});

test('an export that cannot be begun is a problem, one that fails in the middle breaks off', async t => {
  const world = await start(t);
  await putGrades(
    world,
    Array.from({length: 250}, (_, index) => makeGrade({id: `work-${index}`})),
  );
  const failAt = (list: number) => {
    const calls = world.ports.calls.length;
    return {at: calls + list, when: 'before' as const};
  };
  // Staff, course, then three pages.
  world.ports.fault = failAt(2);
  await checkProblem(
    t,
    await fetch(address(world, 'demo', '?format=gofer'), {headers: prof}),
    503,
    'storage-unavailable',
  );
  world.ports.fault = failAt(4);
  await t.throwsAsync(async () => (await fetch(address(world, 'demo', '?format=gofer'), {headers: prof})).text());
  world.ports.fault = undefined;
  t.is((await fetch(address(world), {headers: prof})).status, 200);
});
