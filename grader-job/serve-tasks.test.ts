import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import type {Readable, Writable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {labArchive, limits, needSandbox, readNotebook, setUpPython, until} from '../testing/grader.ts';
import {type JobStore, startJobStore} from '../testing/job-store.ts';

const program = fileURLToPath(new URL('main.ts', import.meta.url));
const earnedBy = (store: JobStore, name: string): number | undefined => {
  const result = store.findResult(`results/${name}`);
  return result?.kind === 'grade' && result.cause === 'student'
    ? result.questions.reduce((sum, {earned}) => sum + earned, 0)
    : undefined;
};

/** A process that takes tasks from its input, with what it has answered. */
function startKeeping(t: ExecutionContext): {
  child: ChildProcess;
  answers: {id: number}[];
  ask: (id: number, url: string) => void;
} {
  const child = spawn(process.execPath, [program], {
    env: {PATH: process.env.PATH ?? '', HOLT_WORKERS: '2'},
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const answers: {id: number}[] = [];
  createInterface({input: child.stdio[3] as Readable}).on('line', line => answers.push(JSON.parse(line)));
  const ask = (id: number, manifestIndexUrl: string) =>
    (child.stdin as Writable).write(`${JSON.stringify({id, manifestIndexUrl, index: 0})}\n`);
  return {child, answers, ask};
}

test.serial.before(async t => {
  t.timeout(300_000);
  await setUpPython();
});

test.serial(
  'a process that is kept grades one task after the other with one warm judge, and ends with its input',
  async t => {
    t.timeout(120_000);
    if (!(await needSandbox(t))) {
      return;
    }

    const store = await startJobStore();
    t.teardown(() => store.close());
    const autograder = store.write('archive', labArchive);
    const write = (name: string) => {
      const entry = {
        ...{kind: 'grade', submissionId: name, run: 1, autograder, limits},
        notebook: {url: store.write(name, readNotebook(`submissions/${name}`)).url},
        result: {url: store.url(`results/${name}`), headers: {}},
      };
      const manifest = {schemaVersion: 1, createdAt: new Date().toISOString(), entries: [entry]};
      const {url} = store.write(`manifest-${name}`, JSON.stringify(manifest));
      return store.write(`index-${name}`, JSON.stringify({schemaVersion: 1, tasks: [url]})).url;
    };
    const {child, answers, ask} = startKeeping(t);
    ask(1, write('solution'));
    t.true(await until(async () => answers.length === 1));
    t.is(earnedBy(store, 'solution'), 15);

    ask(2, write('partial'));
    ask(3, write('blank'));
    t.true(await until(async () => answers.length === 3));
    t.deepEqual([earnedBy(store, 'partial'), earnedBy(store, 'blank')], [12, 0]);
    // A judge belongs to the bytes of its archive, and these came once.
    t.is(store.requests.filter(({name}) => name === 'archive').length, 1);

    // What cannot be fetched is told, and the process is the last one's no more.
    ask(4, store.url('nowhere'));
    t.true(await until(async () => answers.length === 4));
    t.deepEqual(
      answers.toSorted((a, b) => a.id - b.id),
      [...[1, 2, 3].map(id => ({id, code: 0, isLast: false})), {id: 4, code: 1, isLast: true}],
    );
    child.stdin?.end();
    const [code] = await once(child, 'exit');
    t.is(code, 0);
  },
);

test.serial('asked to stop, a process that is kept ends', async t => {
  const {child} = startKeeping(t);
  // It listens once it has looked for its sandbox.
  child.stdin?.write('');
  await new Promise(resolve => setTimeout(resolve, 3000));
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  t.is(code, 143);
});
