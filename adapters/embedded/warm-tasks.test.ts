import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openTestEngine, testSettings} from '../../testing/contracts/embedded-engine.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {findFingerprint} from './processes.ts';

/** A program that keeps: it notes each task, and does what the task's address says. */
const program = `
const {appendFileSync, writeSync} = require('node:fs');
const lines = require('node:readline').createInterface({input: process.stdin});
const {HOLT_WORKERS, NOTES} = process.env;
process.on('SIGTERM', () => {});
lines.on('line', line => {
  const {id, manifestIndexUrl, index} = JSON.parse(line);
  appendFileSync(NOTES, JSON.stringify({pid: process.pid, workers: HOLT_WORKERS, index}) + '\\n');
  const answer = more => writeSync(3, JSON.stringify({id, code: 0, isLast: false, ...more}) + '\\n');
  const deed = new URL(manifestIndexUrl).pathname.slice(1);
  if (deed === 'die') process.exit(9);
  if (deed === 'garbage') writeSync(3, 'garbage\\n');
  if (deed === 'fail') answer({code: 1, isLast: true});
  if (deed === 'do' || deed === 'garbage') setTimeout(answer, 20);
});
`;

type Note = {pid: number; workers: string; index: number};

async function setUp(t: ExecutionContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-warm-'));
  const notes = path.join(folder, 'notes');
  const {jobs, close} = await openTestEngine(t, {
    jobs: {
      ...testSettings('').jobs,
      command: [process.execPath, '-e', program],
      environment: {PATH: process.env.PATH ?? '', NOTES: notes},
      graceSeconds: 1,
      parallelism: 4,
      keepsWarm: {workers: 3},
    },
  });
  t.teardown(() => rmSync(folder, {recursive: true}));
  const read = (): Note[] => {
    try {
      return readFileSync(notes, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
    } catch {
      return [];
    }
  };
  const start = (deed: string, more: {tasks?: number; timeoutSeconds?: number} = {}) =>
    jobs.start({tasks: 1, timeoutSeconds: 60, manifestIndexUrl: `http://holt/${deed}`, ...more});
  const hasEnded = async (execution: string) => (await jobs.findState(execution)) === 'ended';
  const run = async (deed: string, more = {}) => {
    const execution = await start(deed, more);
    await pollUntil(deed, () => hasEnded(execution));
    return read();
  };
  return {jobs, close, read, start, run, hasEnded};
}

const pidsOf = (notes: readonly Note[]) => new Set(notes.map(({pid}) => pid));

test('one process does all tasks, several at a time, and is told how many entries it has room for', async t => {
  const {run} = await setUp(t);
  await run('do');
  const notes = await run('do', {tasks: 3});
  t.is(pidsOf(notes).size, 1);
  t.deepEqual(
    notes.map(({workers, index}) => [workers, index]),
    [
      ['3', 0],
      ['3', 0],
      ['3', 1],
      ['3', 2],
    ],
  );
});

test('a task that fails is the last of its process, and what is under way there is done', async t => {
  const {run, start, hasEnded} = await setUp(t);
  const other = await start('do');
  await run('fail');
  await pollUntil('the other', () => hasEnded(other));
  const notes = await run('do');
  t.is(pidsOf(notes).size, 2);
  const [old] = pidsOf(notes);
  await pollUntil('its end', () => findFingerprint(old ?? 0) === undefined);
});

test('the end of the process is the end of its tasks, and the next one gets another', async t => {
  const {run, start, hasEnded, read} = await setUp(t);
  const other = await start('never');
  await pollUntil('its start', () => read().length === 1);
  await run('die');
  await pollUntil('the other', () => hasEnded(other));
  t.is(pidsOf(await run('do')).size, 2);
});

test('a time limit ends the process, however stubborn', async t => {
  const {run} = await setUp(t);
  const [note] = await run('never', {timeoutSeconds: 1});
  t.is(findFingerprint(note?.pid ?? 0), undefined);
  t.is(pidsOf(await run('do')).size, 2);
});

test('an answer that is none is no answer', async t => {
  const {run} = await setUp(t);
  t.is(pidsOf([...(await run('garbage')), ...(await run('do'))]).size, 1);
});

test('closing leaves no process', async t => {
  const {run, start, close, read} = await setUp(t);
  await run('do');
  await start('never');
  await pollUntil('its start', () => read().length === 2);
  await close();
  for (const pid of pidsOf(read())) {
    t.is(findFingerprint(pid), undefined);
  }
});
