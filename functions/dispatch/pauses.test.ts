import test from 'ava';
import {PAUSED_UNTIL} from '../../domain/pause.ts';
import {at, makePause, makeRandom} from '../../testing/make.ts';
import {makeStaffWorld, root, type StaffWorld} from '../../testing/staff-world.ts';

const pause = ({ask}: StaffWorld, course = 'demo') => ask(`courses/${course}/pause`, {body: {}});
const resume = ({ask}: StaffWorld, course = 'demo') => ask(`courses/${course}/resume`, {body: {}});
const gradedBy = ({records}: StaffWorld) => records.all('results').map(({submissionId}) => submissionId);
const waits = ({records}: StaffWorld) =>
  records.all('queue').map(({id, waitingFor}) => [id, waitingFor?.cause ?? null]);

test('what is submitted to a paused course waits, and is graded in its old order when it is resumed', async t => {
  const world = await makeStaffWorld({courses: ['demo', 'other']});
  await world.prepare();
  await pause(world);
  for (const index of [3, 1, 2]) {
    await world.submit(`s${index}`, {student: `student-${index}`, receivedAt: at(index)});
  }

  await world.submit('o1', {course: 'other'});
  await world.settle({minutes: 200});
  t.deepEqual(gradedBy(world), ['o1']);
  t.deepEqual(waits(world), [
    ['s1', 'paused'],
    ['s2', 'paused'],
    ['s3', 'paused'],
  ]);
  t.true(world.records.all('queue').every(({strikes}) => strikes === 0));
  const status = await world.ask('submissions/s1');
  t.like(status, {state: 'queued', cause: null});
  t.regex(status.message, /staff has paused grading.*kept safely/);
  t.regex(status.staff.detail, /prof paused grading at .*holt resume/);

  await resume(world);
  await world.deliver();
  t.deepEqual(
    world.executions
      .at(-1)
      ?.tasks.flatMap(({entries}) => entries.map(entry => 'submissionId' in entry && entry.submissionId)),
    ['s1', 's2', 's3'],
  );
  await world.settle({minutes: 1});
  t.deepEqual(gradedBy(world), ['o1', 's1', 's2', 's3']);
  t.deepEqual(world.records.all('pauses'), []);
  t.is(world.lms.size, 4);
});

test('entries of a paused course are looked at once, and then not again until it is resumed', async t => {
  const world = await makeStaffWorld({courses: ['demo', 'other']});
  await world.prepare();
  await pause(world);
  for (let index = 0; index < 40; index += 1) {
    await world.submit(`s${index}`, {student: `student-${index}`});
  }

  await world.deliver();
  t.is(world.records.all('queue').filter(({visibleAt}) => visibleAt === PAUSED_UNTIL).length, 40);
  let seen = 0;
  const {composeDispatch} = await import('./compose.ts');
  const settings = {
    maxParallelTasks: 100,
    maxSubmissionsPerTask: 1,
    maxListsPerTask: 1,
    minSecondsBetweenRuns: 6,
    startAllowanceSeconds: 300,
  };
  const list: typeof world.ports.list = async query => {
    const page = await world.ports.list(query);
    seen +=
      query.collection === 'queue' ? page.filter(entry => 'course' in entry && entry.course === 'demo').length : 0;
    return page;
  };
  const dispatch = composeDispatch({...world.ports, list, sources: world.sources}, settings);
  await world.submit('o1', {course: 'other'});
  for (let minute = 0; minute < 10; minute += 1) {
    world.pass(60);
    await dispatch(world.eventOf({course: '*'}));
  }

  t.is(seen, 0);
  t.is(world.executions.length, 1);
});

test('a resume whose wake-up is lost is noticed within a minute', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  await pause(world);
  await world.submit('s1');
  await world.deliver();
  await resume(world);
  world.deliveries.length = 0;
  world.pass(60);
  await world.stages.sweep();
  await world.deliver();
  await world.settle({minutes: 1});
  t.deepEqual(gradedBy(world), ['s1']);
});

test('what staff held back is not told as waiting for Holt, neither in the queue nor with the grade', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  await pause(world);
  await world.submit('s1');
  await world.deliver();
  world.pass(7200);
  await resume(world);
  const {platform} = world;
  platform.start = 'refused';
  await world.deliver();
  world.pass(120);
  await world.stages.sweep();
  const told = world.logs.findLast(({message}) => message === 'entries wait');
  t.is(told?.fields.oldestWaitingSeconds, 60, 'since it was due again after the refusal');
  platform.start = 'ok';
  await world.settle({minutes: 1});
  const recorded = world.logs.find(({message}) => message === 'result recorded');
  t.true(Number(recorded?.fields.submitToGradeSeconds) <= 180, `${recorded?.fields.submitToGradeSeconds}`);
});

test('pausing and resuming twice is done and told once; each change is audited', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  t.like(await pause(world), {course: 'demo', changed: true, paused: {by: 'prof', everyCourse: false}});
  t.like(await pause(world), {changed: false, paused: {by: 'prof'}});
  t.like(await resume(world), {changed: true, paused: null});
  t.like(await resume(world), {changed: false, paused: null});
  await world.settle({minutes: 1});
  t.like(await resume(world), {changed: false, paused: null});
  t.deepEqual(
    world.records
      .all('audit')
      .filter(({collection}) => collection === 'staffActions')
      .map(({what, course, who, details}) => [what, course, who, details.by])
      .sort(),
    [
      ['grading paused', 'demo', null, 'prof'],
      ['grading resumed', 'demo', null, 'prof'],
    ],
  );
});

test('every course is paused by an admin; a course that is paused on its own stays so', async t => {
  const world = await makeStaffWorld({courses: ['demo', 'other']});
  await world.prepare();
  await pause(world);
  t.like(await world.ask('pause', {body: {}, user: root}), {course: null, paused: {by: 'root', everyCourse: true}});
  await world.submit('s1');
  await world.submit('o1', {course: 'other'});
  await world.settle({minutes: 2});
  t.deepEqual(gradedBy(world), []);
  t.like(await resume(world, 'demo'), {changed: true, paused: {everyCourse: true}});
  await world.settle({minutes: 2});
  t.deepEqual(gradedBy(world), []);
  await pause(world, 'other');
  await world.ask('resume', {body: {}, user: root});
  await world.settle({minutes: 2});
  t.deepEqual(gradedBy(world), ['s1']);
  await resume(world, 'other');
  await world.settle({minutes: 2});
  t.deepEqual(gradedBy(world), ['o1', 's1']);
});

test('a run that is under way goes on; one that failed three times is not given up on while its course is paused', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  await world.submit('s1');
  await world.submit('s2', {student: 'bob'});
  await world.deliver();
  await pause(world);
  await world.transact(async transaction => {
    const entry = await transaction.find('queue', 's2');
    if (entry) {
      transaction.put('queue', {...entry, strikes: 3, claimed: false, claim: null, visibleAt: world.clock.now});
    }
  });
  const failing = (entry: Parameters<typeof world.gradeEntry>[0]) =>
    'submissionId' in entry && entry.submissionId === 's2' ? undefined : world.gradeEntry(entry);
  await world.runExecutions(failing as typeof world.gradeEntry);
  await world.settle({minutes: 300});
  t.deepEqual(gradedBy(world), ['s1']);
  t.deepEqual(world.records.all('failures'), []);
  t.deepEqual(waits(world), [['s2', 'paused']]);
  await resume(world);
  await world.deliver();
  // Otherwise the sweep would give it up, hours old as it is, before anybody has tried it again.
  t.deepEqual(
    world.records.all('queue').map(({strikes}) => strikes),
    [0],
  );
  await world.settle({minutes: 1});
  t.deepEqual(gradedBy(world), ['s1', 's2']);
});

test('the course’s page tells once that it is paused, by whom, and what else needs attention', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  await pause(world);
  await world.submit('s1');
  await world.submit('s2', {student: 'bob'});
  await world.deliver();
  const {attention} = await world.ask('courses/demo/submissions');
  t.like(attention, [{kind: 'paused', submissionId: null}]);
  t.is(attention.length, 1);
  const headers = {accept: 'text/html'};
  const page = String((await world.order('courses/demo/submissions', {headers})).body);
  t.regex(page, /Grading is paused<\/h3>\s*<p>prof paused grading at 2026/);
  await world.ask('courses/demo/resume', {body: {}});
  t.deepEqual((await world.ask('courses/demo/submissions')).attention, []);
});

test('a course that is paused again while it is resumed stays paused', async t => {
  const world = await makeStaffWorld();
  await world.prepare();
  await pause(world);
  await world.submit('s1');
  await world.deliver();
  await resume(world);
  await pause(world);
  await world.settle({minutes: 5});
  t.deepEqual(waits(world), [['s1', 'paused']]);
  t.like(world.records.all('pauses')[0], {resumedAt: null});
  await resume(world);
  await world.settle({minutes: 1});
  t.deepEqual(gradedBy(world), ['s1']);
});

test('pauses, resumes, submissions and dispatch at once, in any order, leave nobody waiting', async t => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = makeRandom(seed);
    const world = await makeStaffWorld({pause: makePause(random)});
    await world.prepare();
    const ids = Array.from({length: 5}, (_, index) => `s${index}`);
    await Promise.all([
      ...ids.map(async id => {
        await makePause(random)();
        await world.submit(id, {student: id});
        await world.stages.dispatch(world.eventOf());
      }),
      ...[0, 1].map(async () => {
        await pause(world);
        await makePause(random)();
        await world.stages.dispatch(world.eventOf());
        await resume(world);
        await world.stages.dispatch(world.eventOf({course: 'demo'}));
      }),
    ]);
    await resume(world);
    await world.settle({minutes: 6});
    t.deepEqual(gradedBy(world), ids, `seed ${seed}`);
    t.deepEqual(world.records.all('pauses'), []);
  }
});

test('killed at any step of a release, the next minute ends it', async t => {
  for (let dies = 1; dies <= 12; dies += 1) {
    const world = await makeStaffWorld();
    await world.prepare();
    await pause(world);
    for (let index = 0; index < 4; index += 1) {
      await world.submit(`s${index}`, {student: `student-${index}`});
    }

    await world.deliver();
    await resume(world);
    world.deliveries.length = 0;
    let calls = 0;
    const transact: typeof world.ports.transact = work => {
      calls += 1;
      return calls >= dies ? new Promise(() => {}) : world.ports.transact(work);
    };
    const {dispatch} = world.makeStages({...world.ports, transact});
    const waiting = new Promise(resolve => setTimeout(resolve, 30));
    await Promise.race([dispatch(world.eventOf({course: '*'})), waiting]);
    world.pass(120);
    await world.settle({minutes: 6});
    t.is(gradedBy(world).length, 4, `died at ${dies}`);
    t.deepEqual(world.records.all('pauses'), []);
  }
});
