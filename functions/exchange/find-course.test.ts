import test from 'ava';
import {makeDocumentId} from '../../domain/document-id.ts';
import {HoltError} from '../../domain/errors.ts';
import {sampleCourse} from '../../testing/contracts/samples.ts';
import {makeMemoryRecords} from '../../testing/memory-records.ts';
import {makeFindCourse} from './find-course.ts';

const key = {course: 'demo', section: '1', assignment: 'lab'};

/** The look-up over records in memory; `onWait` is told how long was waited so far. */
const setUp = ({wake = async () => {}}: {wake?: () => Promise<void>} = {}) => {
  const records = makeMemoryRecords();
  const seen = {seconds: 0, reads: 0, wakes: [] as unknown[], onWait: async (_: number) => {}};
  const logs: string[] = [];
  const found = makeFindCourse({
    async find(collection, id) {
      seen.reads += 1;
      return records.find(collection, id);
    },
    async wake(about) {
      seen.wakes.push(about);
      await wake();
    },
    async wait(seconds) {
      seen.seconds += seconds;
      await seen.onWait(seen.seconds);
    },
    log: (_, message) => void logs.push(message),
  });
  const addCourse = async (assignments: Record<string, string> = {lab: ''}) => {
    const config = {staff: [], policy: 'latest', limits: {}, sections: {'1': {subpath_to_zips: 'z', assignments}}};
    const course = sampleCourse({id: await makeDocumentId('course', 'demo'), config: config as never});
    await records.transact(async transaction => transaction.put('courses', course));
  };
  return {...found, seen, logs, addCourse};
};

const codeOf = async (promise: Promise<unknown>) => {
  try {
    await promise;
    return 'found';
  } catch (error) {
    return error instanceof HoltError ? error.code : String(error);
  }
};

test('a known course is found without a wait, and read once for many students', async t => {
  const {getConfig, seen, addCourse} = setUp();
  await addCourse();
  for (let count = 0; count < 10; count += 1) {
    t.is((await getConfig(key)).archivePath, 'z/lab-autograder.zip');
  }

  t.like(seen, {seconds: 0, reads: 1, wakes: []});
});

test('an unknown course is asked for and waited for at most 5 s, once', async t => {
  const {getConfig, seen} = setUp();
  t.is(await codeOf(getConfig(key)), 'unknown-course');
  t.true(seen.seconds > 4.9 && seen.seconds < 5.01, `${seen.seconds}`);
  t.true(seen.reads < 20, 'a stranger’s made-up course costs few reads');
  t.deepEqual(seen.wakes, [{course: 'demo'}]);

  t.is(await codeOf(getConfig(key)), 'unknown-course');
  t.true(seen.seconds < 5.01);
  t.is(seen.wakes.length, 1);
});

test('a course that arrives within the wait is taken', async t => {
  const {getConfig, seen, addCourse} = setUp();
  seen.onWait = async seconds => {
    if (seconds > 1 && seconds < 2) {
      await addCourse();
    }
  };
  t.is(await codeOf(getConfig(key)), 'found');
  t.true(seen.seconds < 2.1);
});

test('everybody who comes during the wait waits along', async t => {
  const {getConfig, seen, addCourse} = setUp();
  let others: Promise<string[]> | undefined;
  seen.onWait = async seconds => {
    others ??= Promise.all(Array.from({length: 30}, () => codeOf(getConfig(key))));
    await new Promise(setImmediate);
    if (seconds > 3) {
      await addCourse();
    }
  };
  t.is(await codeOf(getConfig(key)), 'found');
  t.deepEqual(await others, Array(30).fill('found'));
  t.is(seen.wakes.length, 1);
});

test('a course that arrives after the wait is found at once', async t => {
  const {getConfig, addCourse} = setUp();
  t.is(await codeOf(getConfig(key)), 'unknown-course');
  await addCourse();
  t.is(await codeOf(getConfig(key)), 'found');
});

test('made-up courses are not all waited for', async t => {
  const {getConfig, seen} = setUp();
  const asked = Array.from({length: 500}, (_, index) => codeOf(getConfig({...key, course: `made-up ${index}`})));
  t.deepEqual(new Set(await Promise.all(asked)), new Set(['unknown-course']));
  t.true(seen.wakes.length <= 20, `${seen.wakes.length}`);
});

test('a wake-up that fails or hangs does not stop the look', async t => {
  for (const wake of [async () => Promise.reject(new Error('down')), () => new Promise<void>(() => {})]) {
    const {getConfig, seen, addCourse} = setUp({wake});
    seen.onWait = async () => addCourse();
    t.is(await codeOf(getConfig(key)), 'found');
  }
});

test('an assignment that was added a moment ago is found', async t => {
  const {getConfig, addCourse} = setUp();
  await addCourse();
  t.is(await codeOf(getConfig({...key, assignment: 'new'})), 'unknown-assignment');
  await addCourse({lab: '', new: ''});
  t.is(await codeOf(getConfig({...key, assignment: 'new'})), 'found');
});

test('a store that fails is no unknown course', async t => {
  const {getConfig} = makeFindCourse({
    find: async () => Promise.reject(new HoltError('storage-unavailable', 'The store is away: try again.')),
    wake: async () => {},
    wait: async () => {},
    log() {},
  });
  t.is(await codeOf(getConfig(key)), 'storage-unavailable');
});
