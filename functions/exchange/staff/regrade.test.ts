import test from 'ava';
import type {ManifestEntry} from '../../../domain/manifest.ts';
import {apply, begin, codeOf, gradesOf, makeRegradeWorld, order, rowsOf} from '../../../testing/regrade-world.ts';
import {identityOf, makeStaffWorld} from '../../../testing/staff-world.ts';
import {checkRecords} from '../../../testing/world/chaos.ts';

test('a regrade runs what counts on the mended archive, tells who changes, and nothing counts before it is applied', async t => {
  const world = await makeRegradeWorld(id => (id === 'b1' ? 12 : 9));
  const before = {results: world.records.all('results'), grades: world.records.all('grades'), lms: [...world.lms]};
  const passbacks = world.records.all('passbacks').length;
  const {id, state, chosen} = await begin(world);
  t.deepEqual([state, chosen], ['running', 3]);
  await world.run();
  const regrade = await world.ask(`courses/demo/regrades/${id}`);
  t.like(regrade, {state: 'ready', waiting: 0, chosen: 3, done: 0, by: 'prof', which: 'counting'});
  t.not(regrade.autograderSha256, world.first);
  const score = (earned: number) => ({earned, possible: 15});
  t.deepEqual(
    (await rowsOf(world, id)).map(({message: _, gradeBefore, gradeAfter, ...row}: Record<string, unknown>) => row),
    [
      {student: 'alice', submissionId: 'a2', state: 'graded', before: score(12), after: score(9), changes: true},
      {student: 'bob', submissionId: 'b1', state: 'graded', before: score(12), after: score(12), changes: false},
      {student: 'carol', submissionId: 'c1', state: 'graded', before: score(12), after: score(9), changes: true},
    ],
  );
  t.deepEqual(world.records.all('results'), before.results);
  t.deepEqual(world.records.all('grades'), before.grades);
  t.deepEqual([...world.lms], before.lms);
  t.is((await world.ask('submissions/a2')).score.earned, 12);

  const applied = await apply(world, id);
  t.like(applied, {state: 'applied', done: 3, applied: {by: 'prof'}});
  t.deepEqual(gradesOf(world), {alice: 9, bob: 12, carol: 9});
  await world.run(2);
  t.is(world.records.all('results').length, before.results.length + 3);
  t.is(world.records.all('passbacks').length, passbacks + 2);
  t.deepEqual([...new Set(world.lms.values())].sort(), [0.6, 0.8]);
  const status = await world.ask('submissions/a2');
  t.is(status.score.earned, 9);
  t.is(status.questions[0].output, 'all of it');
  t.like(status.staff, {run: 2});
  t.deepEqual(
    (await rowsOf(world, id)).map((row: Record<string, unknown>) => [row.state, row.changes]),
    [
      ['applied', true],
      ['applied', false],
      ['applied', true],
    ],
  );
  await checkRecords(t, world);
  t.deepEqual(world.thrown, []);
});

test('the same order again is the same regrade; applying it again changes nothing; --again begins another', async t => {
  const world = await makeRegradeWorld();
  const first = await begin(world);
  t.is((await begin(world)).id, first.id);
  await world.run();
  t.is((await begin(world)).id, first.id);
  await apply(world, first.id);
  const {grades, passbacks} = {grades: world.records.all('grades'), passbacks: world.records.all('passbacks')};
  t.like(await apply(world, first.id), {state: 'applied'});
  t.deepEqual(world.records.all('grades'), grades);
  t.deepEqual(world.records.all('passbacks'), passbacks);
  t.like(await begin(world), {id: first.id, state: 'applied'});
  const second = await begin(world, {again: true});
  t.not(second.id, first.id);
  t.is((await begin(world, {again: true})).id, second.id);
  t.is(world.records.all('queue').length, 3);
  t.deepEqual(
    world.records
      .all('staffActions')
      .map(({what}) => what)
      .sort(),
    ['regrade applied', 'regrade begun', 'regrade begun'],
  );
  t.is((await world.ask('courses/demo/regrades')).regrades.length, 2);
});

test('newest, all, and listed submissions are chosen as they are named', async t => {
  const world = await makeRegradeWorld();
  await world.transact(async transaction => {
    const [grade] = world.records.all('grades').filter(one => one.student === 'alice' && one.assignment === 'lab');
    if (grade) {
      transaction.put('grades', {...grade, submissionId: 'a1'});
    }
  });
  const chosen = async (given: object) => {
    const {id} = await begin(world, given);
    return (await rowsOf(world, id)).map(({submissionId}: {submissionId: string}) => submissionId);
  };
  t.deepEqual(await chosen({which: 'counting'}), ['a1', 'b1', 'c1']);
  t.deepEqual(await chosen({which: 'newest'}), ['a2', 'b1', 'c1']);
  t.deepEqual(await chosen({which: 'all'}), ['a1', 'a2', 'b1', 'c1']);
  t.deepEqual(await chosen({which: 'listed', submissions: ['c1', 'a1', 'c1']}), ['a1', 'c1']);
  t.is(await codeOf(begin(world, {which: 'listed', submissions: ['h1']})), 'not-found');
  t.is(await codeOf(begin(world, {which: 'listed', submissions: ['nobody']})), 'not-found');
  t.is(await codeOf(begin(world, {which: 'listed'})), 'malformed-request');
  t.is(await codeOf(begin(world, {submissions: ['a1']})), 'malformed-request');
});

test('under best, all submissions of a student are weighed together, and one grade comes of it', async t => {
  const world = await makeRegradeWorld(id => ({a1: 14, a2: 3, b1: 1})[id] ?? 9);
  await world.transact(async transaction => {
    const [course] = world.records.all('courses');
    const current = course && (await transaction.find('courses', course.id));
    if (current) {
      transaction.put('courses', {...current, config: {...current.config, policy: 'best'}});
    }
  });
  const {id} = await begin(world, {which: 'all'});
  await world.run();
  const passbacks = world.records.all('passbacks').length;
  const counts = (await rowsOf(world, id)).map((row: {gradeAfter: {earned: number}}) => row.gradeAfter.earned);
  t.deepEqual(counts, [14, 14, 1, 9]);
  await apply(world, id);
  t.deepEqual(gradesOf(world), {alice: 14, bob: 1, carol: 9});
  t.is(world.records.all('passbacks').length, passbacks + 3);
});

test('a submission that is made after the beginning keeps its own right, and is not hidden by an older run', async t => {
  const world = await makeRegradeWorld(id => (id === 'a3' ? 15 : 2));
  const {id} = await begin(world);
  world.pass(10);
  await world.submit('a3', {student: 'alice'});
  await world.run();
  t.is(world.records.all('regradeTargets').length, 3);
  await apply(world, id);
  const lab = world.records.all('grades').find(({student, assignment}) => student === 'alice' && assignment === 'lab');
  t.like(lab, {submissionId: 'a3', score: {earned: 15}});
});

test('an archive is named by its content; one that is unknown or cannot grade is refused', async t => {
  const world = await makeRegradeWorld();
  t.is(await codeOf(begin(world, {archive: 'f'.repeat(64)})), 'not-found');
  t.is(await codeOf(begin(world, {archive: 'latest'})), 'malformed-request');
  const {id, autograderSha256} = await begin(world, {archive: world.first});
  t.is(autograderSha256, world.first);
  await world.run();
  t.true((await rowsOf(world, id)).every(({changes}: {changes: boolean}) => !changes));
  await world.transact(async transaction => {
    const found = await transaction.find('autograders', world.first);
    if (found) {
      transaction.put('autograders', {...found, problem: 'The archive has no tests.'});
    }
  });
  t.is(await codeOf(begin(world, {archive: world.first, which: 'all'})), 'invalid-autograder');
});

test('a named archive needs nothing of the course’s source, not even the assignment', async t => {
  const world = await makeRegradeWorld();
  const source = world.sources.get('demo')?.source;
  source?.files.delete('zips/lab-autograder.zip');
  const config = {demo: {1: {subpath_to_zips: 'zips', assignments: {hw: ''}}}};
  source?.files.set('course-config.json', Buffer.from(JSON.stringify(config)));
  Object.assign(source ?? {}, {revision: 'without the lab'});
  await world.stages.dispatch(world.eventOf({course: 'demo'}));
  t.is(await codeOf(begin(world)), 'unknown-assignment');
  const {id} = await begin(world, {archive: world.first});
  await world.run();
  t.like(await world.ask(`courses/demo/regrades/${id}`), {state: 'ready'});
  t.true((await rowsOf(world, id)).every(({state}: {state: string}) => state === 'graded'));
});

test('a run that the archive fails is for staff to look at, with its reason', async t => {
  const world = await makeRegradeWorld();
  const {id} = await begin(world);
  const failing = (entry: ManifestEntry) =>
    entry.kind === 'grade'
      ? {...world.grade(entry), cause: 'autograder' as const, message: 'q1 raises an exception.', questions: []}
      : world.grade(entry);
  await world.settle({minutes: 4, grade: failing as typeof world.grade});
  t.like((await rowsOf(world, id))[0], {state: 'failed', message: 'q1 raises an exception.', changes: false});
  t.is(world.records.all('queue').length, 0);
});

test('the course’s current archive is fetched and inspected first, and all runs keep the one that was found', async t => {
  const world = await makeRegradeWorld();
  const {id} = await begin(world);
  t.is((await world.ask(`courses/demo/regrades/${id}`)).autograderSha256, null);
  await world.deliver();
  const pinned = (await world.ask(`courses/demo/regrades/${id}`)).autograderSha256;
  t.regex(pinned, /^[0-9a-f]{64}$/);
  await world.mend('mended twice');
  await world.run(8);
  t.like(await world.ask(`courses/demo/regrades/${id}`), {state: 'ready', autograderSha256: pinned});
  t.true(world.records.all('regradeResults').every(({autograderSha256}) => autograderSha256 === pinned));
  // Named by its content it is the same regrade; the current archive may be another one now.
  t.is((await begin(world, {archive: pinned})).id, id);
  const newer = await begin(world);
  t.not(newer.id, id);
  t.is((await begin(world)).id, newer.id);
});

test('an archive that cannot grade ends the runs with its reason, and applying changes nothing', async t => {
  const world = await makeRegradeWorld();
  const {id} = await begin(world);
  const broken = (entry: ManifestEntry) => {
    const result = world.gradeBy(() => 1)(entry);
    return entry.kind === 'inspect' ? {...result, cause: 'autograder' as const, message: 'It has no tests.'} : result;
  };
  await world.settle({minutes: 6, grade: broken as typeof world.grade});
  const grades = world.records.all('grades');
  t.like(await world.ask(`courses/demo/regrades/${id}`), {state: 'ready', waiting: 0});
  const rows = await rowsOf(world, id);
  t.true(
    rows.every(
      ({state, message}: {state: string; message: string}) => state === 'failed' && message === 'It has no tests.',
    ),
  );
  t.like(await apply(world, id), {state: 'applied', done: 3});
  t.deepEqual(world.records.all('grades'), grades);
  t.true((await rowsOf(world, id)).every(({state}: {state: string}) => state === 'kept'));
});

test('a run that fails by infrastructure is tried again, and given up on as an ordinary one; the others can be applied', async t => {
  const world = await makeRegradeWorld();
  const {id} = await begin(world);
  const dying = (entry: ManifestEntry) =>
    'submissionId' in entry && entry.submissionId === 'b1' ? undefined : world.grade(entry);
  await world.settle({minutes: 10, grade: dying as typeof world.grade});
  t.is(await codeOf(apply(world, id)), 'conflict');
  t.like((await rowsOf(world, id))[1], {submissionId: 'b1', state: 'waiting', after: null});
  await world.settle({minutes: 140, grade: dying as typeof world.grade});
  t.like((await rowsOf(world, id))[1], {state: 'failed'});
  t.like(
    world.records.all('audit').filter(({collection}) => collection === 'failures'),
    [{what: 'run of a regrade given up', who: 'bob', details: {regradeId: id}}],
  );
  t.regex((await rowsOf(world, id))[1].message, /failed \d times through no fault/);
  await apply(world, id);
  t.deepEqual(gradesOf(world), {alice: 9, bob: 12, carol: 9});
  t.is((await world.ask('submissions/b1')).state, 'graded');
});

test('a result on another archive than the regrade’s, or for another submission, is nobody’s score', async t => {
  const world = await makeRegradeWorld();
  const {id} = await begin(world);
  const forging = (entry: ManifestEntry) => {
    const result = world.grade(entry);
    return result.kind === 'grade' && 'submissionId' in entry
      ? entry.submissionId === 'a2'
        ? {...result, autograderSha256: world.first}
        : {...result, submissionId: 'a2'}
      : result;
  };
  await world.settle({minutes: 4, grade: forging});
  t.true(world.records.all('regradeResults').length >= 3);
  t.true(world.records.all('regradeResults').every(({cause}) => cause === 'infrastructure'));
  t.true((await rowsOf(world, id)).every(({after}: {after: unknown}) => after === null));
});

test('a submission that never had a score gets one by a regrade', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  await world.submit('s1');
  const failing = (entry: ManifestEntry) => ({...world.gradeEntry(entry), cause: 'autograder' as const, questions: []});
  await world.settle({minutes: 2, grade: failing});
  t.is((await world.ask('submissions/s1')).state, 'failed');
  await world.mend('mended');
  const {id} = await begin(world);
  await world.settle({minutes: 4});
  t.is((await world.ask('submissions/s1')).state, 'failed');
  t.like((await rowsOf(world, id))[0], {before: null, gradeBefore: null, after: {earned: 12}, changes: true});
  await apply(world, id);
  await world.settle({minutes: 2});
  t.like(await world.ask('submissions/s1'), {state: 'graded', score: {earned: 12}, counts: true});
  t.is(world.lms.size, 1);
});

test('students cannot see or order any of it; staff of another course neither', async t => {
  const world = await makeRegradeWorld();
  const {id} = await begin(world);
  const student = identityOf('alice');
  const other = identityOf('ta', {groups: ['other-staff']});
  const unproved = identityOf('prof', {
    groups: ['demo-staff'],
    proof: {kind: 'claimed', verified: false, via: 'header'},
  });
  for (const user of [student, other]) {
    t.is(await codeOf(world.order('courses/demo/regrades', {user})), 'not-allowed');
    t.is(await codeOf(world.order('courses/demo/regrades', {user, body: order})), 'not-allowed');
    t.is(await codeOf(world.order(`courses/demo/regrades/${id}/rows`, {user})), 'not-allowed');
    t.is(await codeOf(world.order(`courses/demo/regrades/${id}/apply`, {user, body: {}})), 'not-allowed');
    t.is(await codeOf(world.order('courses/demo/pause', {user, body: {}})), 'not-allowed');
    t.is(await codeOf(world.order('pause', {user, body: {}})), 'not-allowed');
    t.is(await codeOf(world.order('courses/demo/resend', {user, body: {}})), 'not-allowed');
  }

  t.is(await codeOf(world.order('courses/demo/regrades', {user: unproved})), 'not-authenticated');
  t.is(await codeOf(world.order(`courses/other/regrades/${id}`, {user: other})), 'not-found');
  t.is(await codeOf(world.order(`courses/demo/regrades/${id}/rows?after=x`)), 'malformed-request');
  t.is(await codeOf(world.order('courses/demo/regrades/none')), 'not-found');
});
