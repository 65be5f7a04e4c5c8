import {execFile} from 'node:child_process';
import {copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {parseEnv, promisify} from 'node:util';
import test from 'ava';
import {setUpPython} from '../../testing/grader.ts';
import {example, setUp} from '../../testing/moodle-hub/environments.ts';
import {composeFile, interpolate, readCompose} from '../../testing/moodle-hub/read-compose.ts';

const readme = readFileSync(path.join(example, 'README.md'), 'utf8');
const steps = [...readme.matchAll(/^(\d)\. [^`]*`(.+?)`/gm)];
const [copy = '', makeSecrets = '', ...others] = steps.map(([, , command = '']) => command);

test('there are five steps, each a command', t => {
  t.deepEqual(
    steps.map(([, number]) => number),
    ['1', '2', '3', '4', '5'],
  );
});

test('the first two make settings that compose takes, and do not replace secrets that are there', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-readme-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  copyFileSync(path.join(example, '.env.example'), path.join(folder, '.env.example'));
  const run = (command: string) => promisify(execFile)('sh', ['-c', command], {cwd: folder});
  const read = () => readFileSync(path.join(folder, '.env'), 'utf8');
  await run(copy);
  await run(makeSecrets);
  const before = read();
  await run(makeSecrets);
  t.is(read(), before);

  const settings = parseEnv(before) as Record<string, string>;
  const secrets = Object.values(settings).filter(value => /^[0-9a-f]{64}$/.test(value));
  t.is(new Set(secrets).size, 3);
  t.notRegex(interpolate(readFileSync(composeFile, 'utf8'), settings), /\$\{/);
});

test('the others name what compose has', async t => {
  await setUpPython();
  await setUp('check');
  const {services} = await readCompose();
  const profiles = Object.values(services).flatMap(({profiles = []}) => profiles as string[]);
  t.deepEqual(
    others.filter(command => command.startsWith('docker')).map(command => /--profile (\w+)/.exec(command)?.[1]),
    [profiles[0], undefined],
  );
  t.deepEqual(
    [...readme.matchAll(/docker compose exec (\w+)/g)].map(([, service = '']) => service in services),
    [true],
  );
});

test('what it points at is there', t => {
  const targets = [...readme.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
  t.true(targets.length > 0);
  t.deepEqual(
    targets.filter(target => !existsSync(path.join(example, target))),
    [],
  );
});
