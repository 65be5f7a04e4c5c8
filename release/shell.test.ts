import {execFile} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {checkProgram, root, setUpChecks} from '../testing/build-files/read-builds.ts';
import {need} from '../testing/need.ts';

const run = promisify(execFile);
const skipped = /(^|\/)(node_modules|dist|fixtures|\.git|\.holt|\.terraform|\.venv)(\/|$)/;

/** Every file of the repository whose path or first line is of one kind. */
const list = (isOne: (file: string, text: () => string) => boolean): string[] =>
  readdirSync(root, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile())
    .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter(file => !skipped.test(file) && isOne(file, () => readFileSync(path.join(root, file), 'utf8')));

/** Answers what a program finds wrong; empty when it is content. */
const ask = (program: string, parameters: readonly string[], input?: string): Promise<string> => {
  const running = run(program, parameters, {cwd: root, maxBuffer: 16 * 2 ** 20});
  running.child.stdin?.end(input);
  return running.then(
    () => '',
    error => `${error.message}${error.stdout}${error.stderr}`,
  );
};

// Our sentences have typographic quotation marks.
const shellcheck = ['--severity=style', '--exclude=SC1112', '--external-sources'];
// Debian keeps no old versions, so a pinned one soon cannot be installed; `cd` within one RUN goes nowhere else.
const hadolint = ['--failure-threshold', 'warning', '--no-color', '--ignore', 'DL3008', '--ignore', 'DL3003'];

const needShellcheck = async (t: ExecutionContext) =>
  need(t, {
    what: 'shellcheck',
    get: 'apt-get install shellcheck',
    isMissing: (await ask('shellcheck', ['--version'])) !== '',
  });

test('shellcheck finds nothing in any shell script', async t => {
  t.timeout(120_000);
  if (await needShellcheck(t)) {
    return;
  }

  const scripts = list((file, text) => /\.sh$|^[^.]*$|^\.ci\//.test(file) && /^#!.*\b(ba|da)?sh\b/.test(text()));
  t.true(scripts.includes('.ci/run') && scripts.includes('emulator.sh') && scripts.includes('release/step.sh'));
  t.is(await ask('shellcheck', [...shellcheck, ...scripts]), '');
});

test('shellcheck would find a variable that is split, and one that is not set', async t => {
  if (await needShellcheck(t)) {
    return;
  }

  t.regex(await ask('shellcheck', [...shellcheck, '-'], '#!/bin/sh\nset -eu\nrm -r $1\n'), /SC2086/);
  t.regex(await ask('shellcheck', [...shellcheck, '-'], '#!/bin/sh\nset -eu\necho "$folder"\n'), /SC2154/);
});

test('hadolint finds nothing in any Dockerfile', async t => {
  t.timeout(400_000, 'the programs that check are installed once');
  await setUpChecks();
  const dockerfiles = list(file => path.basename(file) === 'Dockerfile');
  t.true(dockerfiles.length >= 3);
  t.is(await ask(checkProgram('hadolint'), [...hadolint, ...dockerfiles]), '');
});

test('hadolint would find a base without a version, and root by mistake', async t => {
  t.timeout(400_000, 'the programs that check are installed once');
  await setUpChecks();
  t.regex(await ask(checkProgram('hadolint'), [...hadolint, '-'], 'FROM node\n'), /DL3006/);
  t.regex(await ask(checkProgram('hadolint'), [...hadolint, '-'], 'FROM node:24\nUSER root\n'), /DL3002/);
});
