import test from 'ava';
import {watchedCollections} from '../domain/audit.ts';
import {type AuditedRecord, describeRecord} from '../domain/audit-entries.ts';
import {makeDocumentId} from '../domain/document-id.ts';
import {chooseResult} from '../domain/grade.ts';
import type {ManifestEntry} from '../domain/manifest.ts';
import {at, makePause, makeRandom, sampleQuestion} from '../testing/make.ts';
import {makeStageWorld, type StageWorld} from '../testing/world/world.ts';

const students = ['alice', 'bob', 'carol'];
const uploads = Array.from({length: 9}, (_, index) => ({
  id: `s${index}`,
  student: students[index % 3] ?? '',
  course: index % 2 === 0 ? 'demo' : 'other',
  receivedAt: at(900 + 10 * index),
}));

/** A submission's points do not depend on when it is graded. */
const gradeIn = (world: StageWorld) => (entry: ManifestEntry) => {
  const result = world.gradeEntry(entry);
  return result.kind === 'grade'
    ? {...result, questions: [sampleQuestion('q1', Number(result.submissionId.slice(1)) % 6, 5)]}
    : result;
};

type Chaos = {twice: number; lost: number; died: number; atOnce: number};

/** Delivers events twice, in any order, several at once, or never; containers die, and tell nonsense. */
async function runChaos(seed: number, {twice, lost, died, atOnce}: Chaos): Promise<StageWorld> {
  const random = makeRandom(seed);
  const world = await makeStageWorld({
    courses: ['demo', 'other'],
    pause: makePause(random),
    settings: {maxParallelTasks: 3, maxSubmissionsPerTask: 2},
  });
  const grade = gradeIn(world);
  const waiting = [...uploads];
  for (let step = 0; step < 60; step += 1) {
    const upload = random() < 0.3 ? waiting.shift() : undefined;
    if (upload) {
      await world.submit(upload.id, upload);
    }

    const chosen = [];
    for (let count = 0; count < atOnce && world.deliveries.length > 0; count += 1) {
      const [delivery] = world.deliveries.splice(Math.floor(random() * world.deliveries.length), 1);
      if (delivery && random() >= lost) {
        chosen.push(delivery, ...(random() < twice ? [delivery] : []));
      }
    }

    await Promise.all(
      chosen.map(({stage, event}) => world.stages[stage](event).catch(error => void world.thrown.push(error))),
    );
    if (random() < 0.3) {
      await world.runExecutions(entry => {
        const fate = random();
        if (fate < died) {
          return undefined;
        }

        return fate < 2 * died ? {...grade(entry), cause: 'infrastructure'} : grade(entry);
      });
    }

    world.pass(random() * 20);
    if (random() < 0.1) {
      await world.stages.sweep();
    }
  }

  for (const upload of waiting) {
    await world.submit(upload.id, upload);
  }

  // From here on only a sweep a minute; what was lost stays lost.
  world.deliveries.length = 0;
  await world.settle({minutes: 90, grade});
  return world;
}

/** What must be the same however the events came. */
const endOf = ({records, lms}: StageWorld) => ({
  queue: records.all('queue'),
  failures: records.all('failures'),
  graded: [
    ...new Set(records.all('results').flatMap(({cause, submissionId}) => (cause === 'student' ? submissionId : []))),
  ],
  grades: records
    .all('grades')
    .map(({course, student, submissionId, score}) => ({course, student, submissionId, score})),
  lms: [...lms].sort(),
  outbox: records
    .all('grades')
    .map(({id, revision}) => records.all('passbacks').find(passback => passback.id === `${id}-${revision}`)?.state),
});

async function checkRecords(
  t: {is: (a: unknown, b: unknown) => void; deepEqual: (a: unknown, b: unknown) => void},
  world: StageWorld,
) {
  const {records} = world;
  for (const grade of records.all('grades')) {
    const own = records.all('results').filter(({workId}) => workId === grade.id);
    const chosen = chooseResult(own, grade.policy);
    t.deepEqual([grade.submissionId, grade.run, grade.score], [chosen?.submissionId, chosen?.run, chosen?.score]);
    t.is(grade.resultsSeen, own.filter(({cause}) => cause === 'student').length);
    t.is(records.all('passbacks').filter(({gradeId}) => gradeId === grade.id).length, grade.revision);
  }

  t.is(records.all('passbacks').filter(({state}) => state === 'pending').length, 0);
  const described = watchedCollections.flatMap(collection =>
    records.all(collection).flatMap(record => describeRecord({collection, record} as AuditedRecord)),
  );
  const expected = await Promise.all(described.map(({key}) => makeDocumentId('audit', ...key)));
  t.deepEqual(
    records
      .all('audit')
      .filter(({what}) => !what.startsWith('passback'))
      .map(({id}) => id)
      .sort(),
    expected.filter((_, index) => !described[index]?.entry.what.startsWith('passback')).sort(),
  );
  const audited = new Set(records.all('audit').map(({id}) => id));
  t.deepEqual(
    described.filter(({entry}, index) => entry.what === 'passback due' && !audited.has(expected[index] ?? '')),
    [],
  );
}

const calm = runChaos(0, {twice: 0, lost: 0, died: 0, atOnce: 1}).then(endOf);

for (const [what, chaos] of [
  ['delivered twice', {twice: 1, lost: 0, died: 0, atOnce: 1}],
  ['out of order and several at once', {twice: 0.2, lost: 0, died: 0, atOnce: 6}],
  ['lost, half of them', {twice: 0, lost: 0.5, died: 0, atOnce: 2}],
  ['lost, every one', {twice: 0, lost: 1, died: 0, atOnce: 4}],
  ['everything at once, with containers that die', {twice: 0.3, lost: 0.3, died: 0.15, atOnce: 5}],
] as [string, Chaos][]) {
  test(`the end is the same when events are ${what}`, async t => {
    const expected = await calm;
    t.is(expected.graded.length, uploads.length);
    t.is(expected.lms.length, 2 * students.length);
    for (let seed = 1; seed <= 6; seed += 1) {
      const world = await runChaos(seed, chaos);
      t.deepEqual(endOf(world), expected, `seed ${seed}`);
      await checkRecords(t, world);
      t.deepEqual(
        world.thrown.map(error => String(error)),
        [],
      );
    }
  });
}
