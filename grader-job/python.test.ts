import {execFile} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {promisify} from 'node:util';
import test from 'ava';
import {places, setUpPython} from '../testing/grader.ts';

const run = promisify(execFile);
const MODULE_MS = 120_000;
const modules = readdirSync(`${places.scripts}/holt_grader`)
  .filter(name => /^test_\w+\.py$/.test(name))
  .map(name => name.replace(/\.py$/, ''))
  .sort();

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

test('there are Python tests', t => {
  t.true(modules.length > 10);
});

for (const module of modules) {
  // One after the other, each in a process of its own: they fork, and measure what this machine has.
  test.serial(`holt_grader.${module}`, async t => {
    t.timeout(MODULE_MS + 10_000);
    const parameters = ['-m', 'unittest', '-v', `holt_grader.${module}`];
    const failure = await run(places.python, parameters, {cwd: places.scripts, timeout: MODULE_MS}).then(
      () => undefined,
      error => error,
    );
    // Unittest says it all on standard error.
    t.is(failure, undefined, `${failure?.killed ? 'took too long\n' : ''}${listFailures(failure?.stderr)}`);
  });
}

/** The names of failed tests, a line each, and what unittest says of them. */
function listFailures(output = ''): string {
  const names = [...output.matchAll(/^(?:ERROR|FAIL): .*$/gm)].map(([line]) => line);
  return [...new Set(names), output.slice(-8000)].join('\n');
}
