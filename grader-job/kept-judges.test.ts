import {setImmediate} from 'node:timers/promises';
import test from 'ava';
import {limits} from '../testing/grader.ts';
import type {Grader} from './grade-notebook.ts';
import type {Judge} from './judge.ts';
import {makeJudgedGrader} from './judged-grader.ts';

const {signal} = new AbortController();
const archives = ['a', 'b', 'c'].map(text => Buffer.from(text)) as [Buffer, Buffer, Buffer];
const plain = {} as Grader;
const ready = {
  ...{otter: '7.0.0', unsupported: [], notes: [], packages: [], probed: [], seconds: 0},
  ...{questions: [{name: 'q1', possible: 1}], pointsPossible: null, forgeable: {}},
};

/** A grader that keeps two judges, which are told apart by their archives; what was opened and closed is noted. */
function setUp() {
  const notes: string[] = [];
  const gate = Promise.withResolvers<void>();
  const openJudge = async (archive: Uint8Array): Promise<Judge> => {
    const name = String(archive);
    notes.push(`open ${name}`);
    return {
      pid: 0,
      opening: {ready},
      async grade() {
        await gate.promise;
        return {problem: 'notebook', message: 'No notebook.'};
      },
      close: async () => void notes.push(`close ${name}`),
    };
  };
  const grader = makeJudgedGrader({plain, openJudge, signal, mostJudges: 2});
  const inspect = (archive: Uint8Array) => grader.inspectArchive({archive, limits, signal});
  const grade = (archive: Uint8Array) => grader.gradeNotebook({archive, limits, signal, notebook: Buffer.from('n')});
  return {notes, gate, inspect, grade};
}

const [a, b, c] = archives;

test('of the judges that are kept, the one that was not used for longest makes room', async t => {
  const {notes, inspect} = setUp();
  for (const archive of [a, b, a, c, a, b]) {
    await inspect(archive);
  }

  await setImmediate();
  t.deepEqual(notes, ['open a', 'open b', 'open c', 'close b', 'open b', 'close c']);
});

test('a judge that somebody waits for is kept', async t => {
  const {notes, gate, inspect, grade} = setUp();
  const grading = grade(a);
  await inspect(b);
  await inspect(c);
  await setImmediate();
  t.deepEqual(notes, ['open a', 'open b', 'open c', 'close b']);
  gate.resolve();
  t.like(await grading, {cause: 'student', message: 'No notebook.'});
  await inspect(b);
  await setImmediate();
  t.deepEqual(notes.slice(4), ['open b', 'close a']);
});
