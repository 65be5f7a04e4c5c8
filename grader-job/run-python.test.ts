import {mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {labArchive, limits, places, setUpPython} from '../testing/grader.ts';
import {makeRunPython} from './run-python.ts';
import {makeBare} from './sandbox.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'holt-test-'));

test.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  process.env.TMPDIR = folder;
});

test.after.always(() => rmSync(folder, {recursive: true, force: true}));

test('without a sandbox, what killed runs have left is removed, and what others are at is not', async t => {
  for (const [name, hours] of [
    ['holt-grader-killed', 3],
    ['holt-grader-running', 1],
    ['somebody-elses', 3],
  ] as const) {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'file'), '');
    const at = Date.now() / 1000 - hours * 3600;
    utimesSync(path.join(folder, name), at, at);
  }

  const {signal} = new AbortController();
  const work = {kind: 'inspect', notebook: new Uint8Array(), archive: labArchive, limits, signal} as const;
  const {started} = await makeRunPython(makeBare(places), places)(work);
  t.true(started);
  t.deepEqual(readdirSync(folder).sort(), ['holt-grader-running', 'somebody-elses']);
});
