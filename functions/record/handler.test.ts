import test from 'ava';
import {makeDocumentId} from '../../domain/document-id.ts';
import {eventTypes} from '../../domain/events.ts';
import {chooseResult} from '../../domain/grade.ts';
import {MAX_RESULT_BYTES} from '../../domain/result.ts';
import {secondsBetween} from '../../domain/values.ts';
import {
  at,
  makePause,
  makeRandom,
  sampleCourse,
  sampleGradeResult,
  sampleInspectResult,
  sampleQuestion,
} from '../../testing/make.ts';
import {makeStageWorld, type StageWorld} from '../../testing/world/world.ts';

const eventOf = (id: string, run = 1) => ({
  id: 'event',
  type: eventTypes.objectFinalized,
  subject: `objects/results/${id}/${run}.json`,
});

/** A world where `s1` is being graded as run 1. */
const setUp = async (given: Parameters<typeof makeStageWorld>[0] = {}) => {
  const world = await makeStageWorld(given);
  const [archive = ''] = await world.prepare();
  const submit = async (id: string, more: Parameters<typeof world.submit>[1] = {}) => {
    await world.submit(id, more);
    await world.stages.dispatch(world.eventOf());
  };
  await submit('s1');
  world.deliveries.length = 0;
  const result = (given: Partial<ReturnType<typeof sampleGradeResult>> = {}) =>
    sampleGradeResult({submissionId: 's1', autograderSha256: archive, ...given});
  const record = async (id: string, run: number, content: unknown) => {
    await world.upload(id, run, content);
    await world.stages.record(eventOf(id, run));
  };
  return {world, archive, submit, result, record};
};

const usePolicy = async (world: StageWorld, policy: 'latest' | 'best') => {
  const id = await makeDocumentId('course', 'demo');
  await world.transact(async transaction => {
    const course = (await transaction.find('courses', id)) ?? sampleCourse({id});
    transaction.put('courses', {...course, config: {...course.config, policy}, revision: policy});
    const section = course.config.sections[1];
    transaction.put('courses', {
      ...course,
      config: {...course.config, policy, sections: section ? {1: {...section, policy}} : {}},
    });
  });
};

const text = (value: unknown) => Buffer.from(JSON.stringify(value));

test('a result becomes a result, a grade and a passback, and ends the queue entry', async t => {
  const {world, result, record} = await setUp();
  await record('s1', 1, result());
  t.like(world.records.all('results')[0], {id: 's1-1', cause: 'student', score: {earned: 12, possible: 15}});
  const [grade] = world.records.all('grades');
  t.like(grade, {submissionId: 's1', run: 1, revision: 1, score: {earned: 12, possible: 15}});
  t.like(world.records.all('passbacks')[0], {id: `${grade?.id}-1`, state: 'pending', attempts: 0});
  t.deepEqual(world.records.all('queue'), []);
  t.true(
    world.deliveries.some(({stage}) => stage === 'dispatch'),
    'a place is free: dispatch is woken',
  );
});

test('the log tells how long a grade took since it was queued, once', async t => {
  const {world, result, record} = await setUp();
  world.pass(40);
  await record('s1', 1, result());
  await record('s1', 1, result());
  const lines = world.logs.filter(({message}) => message === 'result recorded').map(({fields}) => fields);
  t.deepEqual(
    lines.map(({outcome, cause}) => [outcome, cause]),
    [
      ['recorded', 'student'],
      ['known', 'student'],
    ],
  );
  t.true(Number(lines[0]?.submitToGradeSeconds) >= 40);
  t.false('submitToGradeSeconds' in (lines[1] ?? {}));
});

test('maxima come from the inspection, and a question that is missing earned nothing', async t => {
  const {world, result, record} = await setUp();
  await record('s1', 1, result({questions: [sampleQuestion('q1', 4, 999)]}));
  t.deepEqual(world.records.all('results')[0]?.questions, [
    {name: 'q1', earned: 4, possible: 5},
    {name: 'q2', earned: 0, possible: 10},
  ]);
  t.deepEqual(world.records.all('grades')[0]?.score, {earned: 4, possible: 15});
});

test('signs of tampering are kept with the result, scored or not; an honest one has none', async t => {
  const {world, submit, result, record} = await setUp();
  const review = ['q1: the snapshot says yes to what cannot be.', '3 registrations of snapshots were refused.'];
  await record('s1', 1, result({review}));
  await submit('s2');
  await record('s2', 1, result({submissionId: 's2', cause: 'infrastructure', review}));
  await submit('s3');
  await record('s3', 1, result({submissionId: 's3'}));
  const results = world.records.all('results');
  t.like(results[0], {submissionId: 's1', cause: 'student', review, forReview: true});
  t.like(results[1], {submissionId: 's2', cause: 'infrastructure', review, forReview: true});
  t.false('review' in (results[2] ?? {}));
  t.false('forReview' in (results[2] ?? {}));
});

test('more or longer signs than there is room for are nobody’s result', async t => {
  for (const review of [['x'.repeat(501)], Array(51).fill('x'), ['x', 7]]) {
    const {world, result, record} = await setUp();
    await record('s1', 1, text({...result(), review}));
    t.like(world.records.all('results')[0], {cause: 'infrastructure', questions: []});
  }
});

test('a result of an older grader, which knows no signs, is a result', async t => {
  const {world, result, record} = await setUp();
  const {review: _, ...older} = result();
  await record('s1', 1, text(older));
  t.like(world.records.all('results')[0], {cause: 'student', score: {earned: 12, possible: 15}});
});

test('an inspection keeps what is forgeable and what is unsupported', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  const questions = [
    {name: 'q1', possible: 5, forgeable: [0, 2]},
    {name: 'q2', possible: 10, forgeable: []},
  ];
  const unsupported = ['tests/q3.py computes test.'];
  await world.settle({
    minutes: 3,
    grade: entry => {
      const result = world.gradeEntry(entry);
      return result.kind === 'inspect' ? {...result, questions, unsupported} : result;
    },
  });
  t.like(world.records.all('autograders')[0], {problem: null, unsupported});
  t.deepEqual(world.records.all('autograders')[0]?.questions, questions);
  t.deepEqual(world.records.all('grades')[0]?.score, {earned: 12, possible: 15});
});

test('an inspection of an older grader, which knows neither, is an inspection', async t => {
  const world = await makeStageWorld();
  await world.submit('s1');
  await world.settle({
    minutes: 3,
    grade: entry => {
      const {unsupported: _, ...older} = world.gradeEntry(entry) as ReturnType<typeof sampleInspectResult>;
      return older as ReturnType<typeof world.gradeEntry>;
    },
  });
  const [autograder] = world.records.all('autograders');
  t.like(autograder, {problem: null, unsupported: []});
  t.deepEqual(
    autograder?.questions.map(({forgeable}) => forgeable),
    [undefined, undefined],
  );
  t.is(world.records.all('grades').length, 1);
});

test('the dust of binary fractions is no cheating, and is no extra credit', async t => {
  const {world, result, record} = await setUp();
  await record('s1', 1, result({questions: [sampleQuestion('q1', 5.000_000_5, 5), sampleQuestion('q2', 10, 10)]}));
  t.deepEqual(world.records.all('grades')[0]?.score, {earned: 15, possible: 15});
});

for (const [what, make] of [
  ['a question the archive does not have', r => r({questions: [sampleQuestion('q3', 1, 1)]})],
  ['a question named like a part of every object', r => r({questions: [sampleQuestion('__proto__', 1, 1)]})],
  ['more points than a question has', r => r({questions: [sampleQuestion('q1', 6, 6)]})],
  ['a question twice', r => r({questions: [sampleQuestion('q1', 5, 5), sampleQuestion('q1', 5, 5)]})],
  ['points below zero', r => text({...r({}), questions: [{...sampleQuestion('q1', 1, 5), earned: -1}]})],
  ['points that are no number', r => Buffer.from(JSON.stringify(r({})).replace('"earned":5', '"earned":1e999'))],
  ['an archive that nobody inspected', r => r({autograderSha256: 'c'.repeat(64)})],
  ['the number of another run', r => r({run: 2})],
  ['the id of another submission', r => r({submissionId: 's2'})],
  ['the kind of an inspection', () => sampleInspectResult()],
  ['a version from the future', r => text({...r({}), schemaVersion: 2})],
  ['no JSON', () => Buffer.from('{bad')],
  ['bytes that are no text', () => Buffer.from([0xff, 0xfe, 0x00])],
  ['nothing', () => Buffer.alloc(0)],
  ['more bytes than a result may have', r => Buffer.concat([text(r({})), Buffer.alloc(MAX_RESULT_BYTES, 0x20)])],
] as [string, (result: typeof sampleGradeResult) => unknown][]) {
  test(`a result with ${what} is never a score, and the run is tried again`, async t => {
    const {world, result, record} = await setUp();
    await record(
      's1',
      1,
      make(given => result(given)),
    );
    t.like(world.records.all('results')[0], {cause: 'infrastructure', score: {earned: 0, possible: 0}, questions: []});
    t.deepEqual(world.records.all('grades'), []);
    t.deepEqual(world.records.all('passbacks'), []);
    const [entry] = world.records.all('queue');
    t.like(entry, {claimed: false, claim: null, strikes: 1, waitingFor: {cause: 'infrastructure'}});
    t.is(secondsBetween(world.clock.now, entry?.visibleAt ?? ''), 60);
  });
}

test('a result of a submission or a run that never was is refused for good', async t => {
  const {world, result, record} = await setUp();
  await t.throwsAsync(record('nobody', 1, result({submissionId: 'nobody'})), {code: 'invalid-result'});
  await t.throwsAsync(record('s1', 7, result({run: 7})), {code: 'invalid-result'});
  t.deepEqual(world.records.all('results'), []);
  t.is(world.records.all('queue').length, 1);
});

test('an event that names no result, or one that is not there, is dropped', async t => {
  const {world} = await setUp();
  for (const subject of ['objects/results/../x.json', 'objects/results/s1/0.json', 'objects/notes.txt', undefined]) {
    await world.stages.record({id: 'event', type: eventTypes.objectFinalized, subject});
  }

  await world.stages.record(eventOf('s1', 1));
  t.deepEqual(world.records.all('results'), []);
});

for (const [what, make] of [
  ['the kind of a grading', (id: string) => sampleGradeResult({submissionId: id})],
  ['another archive', () => sampleInspectResult({autograderSha256: 'c'.repeat(64)})],
  ['no JSON', () => Buffer.from('no')],
] as const) {
  test(`an inspection that answers with ${what} says nothing, and is tried again`, async t => {
    const world = await makeStageWorld();
    await world.stages.dispatch(world.eventOf({course: '*'}));
    await world.submit('s1');
    await world.deliver();
    const id = world.records.all('queue').find(({kind}) => kind === 'inspect')?.id ?? '';
    await world.upload(id, 1, make(id));
    await world.deliver(({stage}) => stage === 'record');
    t.deepEqual(world.thrown, []);
    t.like(
      world.records.all('queue').find(entry => entry.id === id),
      {claimed: false, claim: null, strikes: 1},
    );
    t.deepEqual(world.records.all('autograders'), []);
  });
}

for (const [what, questions, problem] of [
  ['no questions', [], /no tests/],
  [
    'two questions of one name',
    [
      {name: 'q', possible: 1},
      {name: 'q', possible: 1},
    ],
    /two questions/,
  ],
  ['no points', [{name: 'q', possible: 0}], /points/],
] as const) {
  test(`an archive with ${what} is a problem for staff and grades nobody`, async t => {
    const world = await makeStageWorld();
    await world.submit('s1');
    await world.settle({
      minutes: 3,
      grade: entry => ({...world.gradeEntry(entry), questions: [...questions]}) as ReturnType<typeof world.gradeEntry>,
    });
    t.regex(world.records.all('autograders')[0]?.problem ?? '', problem);
    t.deepEqual(world.records.all('results'), []);
    t.is(world.records.all('queue').length, 1);
  });
}

test('the same event twice, and ten at once, give one result, one grade change and one passback', async t => {
  for (let seed = 1; seed <= 25; seed += 1) {
    const {world, result} = await setUp({pause: makePause(makeRandom(seed))});
    await world.upload('s1', 1, result());
    await Promise.all(Array.from({length: 10}, () => world.stages.record(eventOf('s1'))));
    await world.stages.record(eventOf('s1'));
    t.is(world.records.all('results').length, 1);
    t.like(world.records.all('grades')[0], {revision: 1, resultsSeen: 1});
    t.is(world.records.all('passbacks').length, 1);
    t.deepEqual(world.records.all('queue'), []);
  }
});

test('a wake-up that fails is no error: the sweep wakes dispatch', async t => {
  const {world, result} = await setUp();
  await world.upload('s1', 1, result());
  const {record} = world.makeStages({...world.ports, wake: () => Promise.reject(new Error('no Pub/Sub'))});
  await t.notThrowsAsync(record(eventOf('s1')));
  t.is(world.records.all('results').length, 1);
});

test('infrastructure keeps the entry, with 1, 5, 15 and then 60 minutes until the next run', async t => {
  const {world, result, record} = await setUp();
  const waits: number[] = [];
  for (let run = 1; run <= 5; run += 1) {
    await record('s1', run, result({run, cause: 'infrastructure'}));
    waits.push(secondsBetween(world.clock.now, world.records.all('queue')[0]?.visibleAt ?? ''));
    world.pass(waits.at(-1) ?? 0);
    await world.stages.dispatch(world.eventOf());
  }

  t.deepEqual(waits, [60, 300, 900, 3600, 3600]);
  t.is(world.records.all('results').length, 5);
  t.deepEqual(world.records.all('grades'), []);
});

const givenBack = {cause: 'infrastructure' as const, givenBack: true as const, questions: []};

test('what a stopped task gives back is graded again at once, in its old place, and without a strike', async t => {
  const {world, submit, result, record} = await setUp({settings: {maxParallelTasks: 1, maxSubmissionsPerTask: 1}});
  world.pass(10);
  await submit('s2');
  t.is(world.records.all('queue').find(({id}) => id === 's2')?.claim, null, 's2 waits behind s1');
  await record('s1', 1, result(givenBack));
  const [entry] = world.records.all('queue').filter(({id}) => id === 's1');
  t.like(entry, {claimed: false, claim: null, strikes: 0, waitingFor: null, visibleAt: entry?.queuedAt});
  t.deepEqual(world.records.all('results'), []);
  t.deepEqual(world.records.all('failures'), []);
  await world.deliver(({stage}) => stage === 'dispatch');
  t.is(world.records.all('queue').find(({id}) => id === 's1')?.claim?.run, 2, 'it goes before s2');
});

test('an entry given back twice, late, or after it was taken again, is touched once', async t => {
  const {world, result, record} = await setUp();
  await record('s1', 1, result(givenBack));
  await world.stages.dispatch(world.eventOf());
  await world.stages.record(eventOf('s1', 1));
  t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 2}, strikes: 0});
  await record('s1', 2, result({run: 2}));
  await world.stages.record(eventOf('s1', 1));
  t.deepEqual(world.records.all('queue'), []);
  t.is(world.records.all('results').length, 1);
});

test('an entry given back by a task whose claim has ended by its time is graded once', async t => {
  const {world, result, record} = await setUp();
  Object.assign(world.executions[0] ?? {}, {state: 'lost'});
  await world.stages.sweep();
  t.like(world.records.all('queue')[0], {claimed: false, claim: null});
  await record('s1', 1, result(givenBack));
  t.like(world.records.all('queue')[0], {claimed: false, claim: null, strikes: 0});
});

test('a score is a score, whatever else its result says', async t => {
  const {world, result, record} = await setUp();
  await record('s1', 1, result({givenBack: true}));
  t.like(world.records.all('grades')[0], {run: 1, score: {earned: 12}});
});

test('an archive whose inspection is given back is inspected again at once', async t => {
  const world = await makeStageWorld();
  await world.stages.dispatch(world.eventOf({course: '*'}));
  await world.submit('s1');
  await world.deliver();
  const entry = world.records.all('queue').find(({kind}) => kind === 'inspect');
  const archive = entry?.kind === 'inspect' ? entry.autograderSha256 : '';
  await world.upload(entry?.id ?? '', 1, sampleInspectResult({autograderSha256: archive, ...givenBack}));
  await world.deliver(({stage}) => stage === 'record');
  t.like(
    world.records.all('queue').find(({id}) => id === entry?.id),
    {claimed: false, claim: null, strikes: 0, visibleAt: entry?.queuedAt},
  );
  t.deepEqual(world.records.all('autograders'), []);
  await world.settle({minutes: 3});
  t.deepEqual(world.records.all('queue'), []);
  t.is(world.records.all('grades').length, 1);
});

test('an archive’s fault ends the entry and makes no zero', async t => {
  const {world, result, record} = await setUp();
  await record('s1', 1, result({cause: 'autograder', message: 'The tests do not load.', questions: []}));
  t.deepEqual(world.records.all('queue'), []);
  t.deepEqual(world.records.all('grades'), []);
  t.deepEqual(world.records.all('passbacks'), []);
  t.like(world.records.all('results')[0], {cause: 'autograder', message: 'The tests do not load.'});
});

test('a late result of a run that was freed counts, and the run under way adds nothing when it says the same', async t => {
  const {world, result, record} = await setUp();
  world.executions[0] = {...(world.executions[0] as (typeof world.executions)[0]), state: 'ended'};
  await world.stages.sweep();
  t.like(world.records.all('queue')[0], {claimed: false, strikes: 1});
  world.pass(60);
  await world.stages.dispatch(world.eventOf());
  t.is(world.records.all('queue')[0]?.claim?.run, 2);
  await record('s1', 1, result({run: 1}));
  t.deepEqual(world.records.all('queue'), []);
  t.like(world.records.all('grades')[0], {run: 1, revision: 1});
  await record('s1', 2, result({run: 2}));
  t.like(world.records.all('grades')[0], {run: 2, revision: 1, resultsSeen: 2});
  t.is(world.records.all('passbacks').length, 1);
});

test('a late failure of an old run neither frees the run under way nor counts against it', async t => {
  for (const cause of ['infrastructure', 'autograder'] as const) {
    const {world, result, record} = await setUp();
    Object.assign(world.executions[0] ?? {}, {state: 'lost'});
    await world.stages.sweep();
    await world.stages.dispatch(world.eventOf());
    await record('s1', 1, result({run: 1, cause}));
    t.like(world.records.all('queue')[0], {claimed: true, claim: {run: 2}, strikes: 0});
  }
});

test('an older run that comes after a newer one changes nothing; a newer one that is worse counts', async t => {
  for (const policy of ['latest', 'best'] as const) {
    const {world, result, record} = await setUp();
    await usePolicy(world, policy);
    await world.transact(async transaction => transaction.put('runs', {id: 's1', last: 3, createdAt: at(0)}));
    await record('s1', 2, result({run: 2}));
    await record('s1', 1, result({run: 1, questions: [sampleQuestion('q2', 10, 10)]}));
    t.like(world.records.all('grades')[0], {run: 2, revision: 1, score: {earned: 12}}, policy);
    await record('s1', 3, result({run: 3, questions: [sampleQuestion('q1', 1, 5)]}));
    t.like(world.records.all('grades')[0], {run: 3, revision: 2, score: {earned: 1}}, policy);
    t.is(world.records.all('passbacks').length, 2);
  }
});

test('an infrastructure result never hides a scored one, in whichever order they come', async t => {
  for (const runs of [
    [1, 2],
    [2, 1],
  ] as const) {
    const {world, result, record} = await setUp();
    await world.transact(async transaction => transaction.put('runs', {id: 's1', last: 2, createdAt: at(0)}));
    for (const run of runs) {
      await record('s1', run, result({run, cause: run === 2 ? 'infrastructure' : 'student'}));
    }

    t.like(world.records.all('grades')[0], {run: 1, revision: 1, score: {earned: 12}});
    t.deepEqual(world.records.all('queue'), []);
  }
});

const worse = {questions: [sampleQuestion('q1', 2, 5)]};

test('under latest, an older upload that is graded later does not replace the newer one', async t => {
  const {world, submit, result, record} = await setUp();
  world.pass(60);
  await submit('s2');
  await record('s2', 1, result({submissionId: 's2', ...worse}));
  await record('s1', 1, result());
  t.like(world.records.all('grades')[0], {submissionId: 's2', score: {earned: 2}, revision: 1, resultsSeen: 2});
  t.is(world.records.all('passbacks').length, 1);
});

test('under best, a worse upload changes nothing, and a rerun that lowers the best lets the next best count', async t => {
  const {world, submit, result, record} = await setUp();
  await usePolicy(world, 'best');
  await record('s1', 1, result());
  world.pass(60);
  await submit('s2');
  await record('s2', 1, result({submissionId: 's2', ...worse}));
  t.like(world.records.all('grades')[0], {submissionId: 's1', revision: 1});
  await world.transact(async transaction => transaction.put('runs', {id: 's1', last: 2, createdAt: at(0)}));
  await record('s1', 2, result({run: 2, questions: []}));
  t.like(world.records.all('grades')[0], {submissionId: 's2', revision: 2, score: {earned: 2}});
  t.deepEqual(
    world.records.all('passbacks').map(({revision, score}) => [revision, score.earned]),
    [
      [1, 12],
      [2, 2],
    ],
  );
});

test('an assignment that left the config while it was graded keeps its score', async t => {
  const {world, result, record} = await setUp();
  const id = await makeDocumentId('course', 'demo');
  await world.transact(async transaction => transaction.put('courses', sampleCourse({id})));
  await record('s1', 1, result());
  t.is(world.records.all('grades')[0]?.score.earned, 12);
});

test('results of one student, recorded at once in any order, end in the grade computed from scratch', async t => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = makeRandom(seed);
    const {world, result} = await setUp({pause: makePause(random)});
    const policy = random() < 0.5 ? 'latest' : 'best';
    await usePolicy(world, policy);
    const uploads = [];
    for (let index = 2; index <= 5; index += 1) {
      await world.submit(`s${index}`, {receivedAt: at(Math.floor(random() * 4))});
      await world.transact(async transaction => transaction.put('runs', {id: `s${index}`, last: 3, createdAt: at(0)}));
      for (let run = 1; run <= 3; run += 1) {
        const cause = random() < 0.3 ? 'infrastructure' : random() < 0.5 ? 'limit' : 'student';
        const questions = [sampleQuestion('q1', Math.floor(random() * 6), 5)];
        await world.upload(`s${index}`, run, result({submissionId: `s${index}`, run, cause, questions}));
        uploads.push(eventOf(`s${index}`, run));
      }
    }

    const order = uploads
      .flatMap(event => (random() < 0.3 ? [event, event] : [event]))
      .map(event => ({event, place: random()}))
      .sort((a, b) => a.place - b.place);
    await Promise.all(order.map(({event}) => world.stages.record(event)));

    const results = world.records.all('results');
    t.is(results.length, 12);
    const chosen = chooseResult(results, policy);
    const grade = world.records.all('grades')[0];
    t.deepEqual(
      [grade?.submissionId, grade?.run, grade?.score],
      [chosen?.submissionId, chosen?.run, chosen?.score],
      `seed ${seed}, ${policy}`,
    );
    t.is(grade?.resultsSeen, results.filter(({cause}) => cause !== 'infrastructure').length);
    t.is(world.records.all('passbacks').length, grade?.revision ?? 0);
    t.deepEqual(world.records.all('passbacks').find(({revision}) => revision === grade?.revision)?.score, grade?.score);
  }
});

test('killed at any step, the event delivered again records everything once', async t => {
  for (let step = 1; ; step += 1) {
    const {world, result} = await setUp();
    await world.upload('s1', 1, result());
    let calls = 0;
    const mortal =
      <A extends unknown[], R>(call: (...given: A) => Promise<R>) =>
      async (...given: A): Promise<R> => {
        calls += 1;
        if (calls >= step) {
          throw new Error('killed');
        }

        return call(...given);
      };
    const {ports} = world;
    const {record} = world.makeStages({
      ...ports,
      find: mortal(ports.find as never),
      list: mortal(ports.list as never),
      transact: mortal(ports.transact as never),
      wake: mortal(ports.wake),
      objects: {...ports.objects, read: mortal(ports.objects.read)},
    });
    await record(eventOf('s1')).catch(() => {});
    await world.stages.record(eventOf('s1'));
    t.is(world.records.all('results').length, 1);
    t.like(world.records.all('grades')[0], {revision: 1, resultsSeen: 1});
    t.is(world.records.all('passbacks').length, 1);
    t.deepEqual(world.records.all('queue'), []);
    if (calls < step) {
      break;
    }
  }
});
