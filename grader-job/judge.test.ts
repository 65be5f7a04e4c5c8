import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {listDescendants} from '../testing/attacks.ts';
import {addCode, labArchive, limits, needSandbox, places, setUpPython, until} from '../testing/grader.ts';
import {startJudge} from './judge.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));

test.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  process.env.TMPDIR = folder;
});

test.after.always(() => rmSync(folder, {recursive: true, force: true}));

test.serial(
  'a judge that is killed in the middle leaves no file and no process, and whoever waits hears of it',
  async t => {
    if (!(await needSandbox(t))) {
      return;
    }

    const judge = await startJudge(labArchive, places, 1);
    const verdict = judge.grade(addCode('submissions/solution', 'while True: pass\n'), limits);
    t.true(await until(async () => (await listDescendants(judge.pid)).length > 3));
    const processes = await listDescendants(judge.pid);
    t.is(readdirSync(folder).length, 1, 'what is to be removed');
    process.kill(judge.pid, 'SIGKILL');
    await t.throwsAsync(verdict, {message: /^The judge has ended/});
    t.deepEqual(readdirSync(folder), []);
    await judge.close();
    const areGone = async () => {
      const left = await Promise.all(processes.map(listDescendants));
      return left.flat().length === 0 && processes.every(pid => !isAlive(pid));
    };
    t.true(await until(areGone, 5), 'its sandboxes end with it');
  },
);

test.serial('a judge that is closed leaves no file', async t => {
  if (!(await needSandbox(t))) {
    return;
  }

  const judge = await startJudge(labArchive, places, 1);
  t.is(readdirSync(folder).length, 1);
  await judge.close();
  t.deepEqual(readdirSync(folder), []);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
