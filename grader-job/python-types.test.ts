import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {places, setUpPython} from '../testing/grader.ts';

const run = promisify(execFile);
const root = path.resolve('.');

test('the grader’s Python is typed, strictly', async t => {
  t.timeout(300_000);
  const tools = path.join(root, '.holt/mypy');
  await setUpPython();
  await run(`${places.scripts}/setup.sh`, [tools, `${places.scripts}/requirements-dev.txt`], {timeout: 240_000});
  const cache = path.join(root, '.holt/mypy-cache');
  const parameters = ['-m', 'mypy', '--python-executable', places.python, '--cache-dir', cache];
  // It answers with 1 and a list of what is wrong.
  const {stdout} = await run(`${tools}/bin/python`, parameters, {cwd: places.scripts}).catch(error => error);
  t.regex(stdout, /^Success: no issues found/);
});
