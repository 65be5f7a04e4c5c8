import {watchedCollections} from '../../domain/audit.ts';
import {type AuditedRecord, describeRecord} from '../../domain/audit-entries.ts';
import {makeDocumentId} from '../../domain/document-id.ts';
import {chooseResult} from '../../domain/grade.ts';
import type {ManifestEntry} from '../../domain/manifest.ts';
import {at, makePause, makeRandom, sampleQuestion} from '../make.ts';
import {makeStageWorld, type StageWorld, type WorldStore} from './world.ts';

export const students = ['alice', 'bob', 'carol'];
export const uploads = Array.from({length: 9}, (_, index) => ({
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

export type Chaos = {twice: number; lost: number; died: number; atOnce: number};

/** Delivers events twice, in any order, several at once, or never; containers die, fail, and give back. */
export async function runChaos(
  seed: number,
  {twice, lost, died, atOnce}: Chaos,
  {store, minutes = 90}: {store?: WorldStore; minutes?: number} = {},
): Promise<StageWorld> {
  const random = makeRandom(seed);
  const world = await makeStageWorld({
    ...(store && {store}),
    courses: ['demo', 'other'],
    pause: makePause(random),
    settings: {maxParallelTasks: 3, maxSubmissionsPerTask: 2, maxListsPerTask: 3},
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

        if (fate < 2 * died) {
          return {...grade(entry), cause: 'infrastructure'};
        }

        return fate < 3 * died ? {...grade(entry), cause: 'infrastructure', givenBack: true} : grade(entry);
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
  await world.settle({minutes, grade});
  return world;
}

/** What must be the same however the events came. */
export const endOf = ({records, lms}: StageWorld) => ({
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

/** Checks what must hold between the records themselves: grades against results, audit against what happened. */
export async function checkRecords(
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
