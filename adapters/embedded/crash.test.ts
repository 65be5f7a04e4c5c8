import {type ChildProcess, spawn} from 'node:child_process';
import {readdirSync} from 'node:fs';
import path from 'node:path';
import {createInterface} from 'node:readline';
import test, {type ExecutionContext} from 'ava';
import {notebookName} from '../../domain/object-names.ts';
import type {Records} from '../../domain/ports.ts';
import {makeFolder, openTestEngine, testSettings} from '../../testing/contracts/embedded-engine.ts';
import {pollUntil} from '../../testing/contracts/poll.ts';
import {sampleSubmission} from '../../testing/contracts/samples.ts';
import {openEmbeddedEngine} from './open.ts';

const program = path.join(import.meta.dirname, '../../testing/contracts/embedded-child.ts');

/** Starts a process of its own on a folder; it is killed with the test at the latest. */
function startChild(t: ExecutionContext, ...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], {stdio: ['ignore', 'pipe', 'inherit']});
  const lines: string[] = [];
  createInterface({input: child.stdout}).on('line', line => lines.push(line));
  t.teardown(() => kill(child));
  return {child, lines, hears: (count: number) => pollUntil(`${count} lines`, () => lines.length >= count, 30)};
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = new Promise(resolve => child.once('close', resolve));
    child.kill('SIGKILL');
    await closed;
  }
}

async function listAllIds({list}: Records): Promise<string[]> {
  const ids: string[] = [];
  for (let after: readonly [string, string] | undefined; ; ) {
    const page = await list({collection: 'submissions', orderBy: ['createdAt', 'asc'], after, limit: 500});
    const last = page.at(-1);
    if (!last) {
      return ids;
    }

    ids.push(...page.map(({id}) => id));
    after = [last.createdAt, last.id];
  }
}

test('what was acknowledged survives SIGKILL at any moment, whole, once, and with its events', async t => {
  const folder = makeFolder(t);
  const acknowledged: string[] = [];
  for (let life = 1; life <= 3; life += 1) {
    const {child, lines, hears} = startChild(t, 'submit', folder);
    await hears(10 + Math.floor(Math.random() * 60));
    await kill(child);
    acknowledged.push(...lines);
  }

  const engine = await openTestEngine(t, {folder});
  const ids = await listAllIds(engine);
  t.deepEqual(
    acknowledged.filter(id => !ids.includes(id)),
    [],
    'nothing is lost',
  );
  t.is((await engine.find('runs', 'count'))?.last, ids.length, 'a record and its count are one');
  const notebooks = await Promise.all(ids.map(id => engine.objects.read(notebookName(id), 20_000)));
  t.true(notebooks.every(content => content?.length === 20_000 && content.every(byte => byte === 65)));
  t.deepEqual(readdirSync(path.join(folder, 'objects', 'unfinished')), [], 'what was half written is gone');

  const heard: string[] = [];
  engine.startDelivery(async (target, {subject}) => {
    heard.push(`${target} ${subject}`);
  });
  const expected = ids.flatMap(id => [`audit documents/submissions/${id}`, `record objects/results/${id}/1.json`]);
  await pollUntil('every event', () => expected.every(line => heard.includes(line)));
  t.is(new Set(heard).size, heard.length, 'none is handed over twice by one life');
});

test('an event that was delivered is not delivered again by the next life', async t => {
  const folder = makeFolder(t);
  const first = await openEmbeddedEngine(testSettings(folder));
  const heard: string[] = [];
  first.startDelivery(async (_, {subject}) => {
    heard.push(String(subject));
  });
  await first.transact(async ({create}) => create('submissions', sampleSubmission({id: 'one'})));
  await pollUntil('the event', () => heard.length === 1);
  await first.close();

  const second = await openTestEngine(t, {folder});
  second.startDelivery(async (_, {subject}) => {
    heard.push(String(subject));
  });
  await second.transact(async ({create}) => create('submissions', sampleSubmission({id: 'two'})));
  await pollUntil('the second event', () => heard.includes('documents/submissions/two'));
  t.deepEqual(heard, ['documents/submissions/one', 'documents/submissions/two']);
});

test('a second Holt on a folder is told so, and the first goes on', async t => {
  const folder = makeFolder(t);
  const first = startChild(t, 'hold', folder);
  await first.hears(1);
  t.deepEqual(first.lines, ['open']);
  const second = startChild(t, 'hold', folder);
  await second.hears(1);
  t.regex(second.lines[0] ?? '', /^busy: Another Holt already runs on the folder/);
  await t.throwsAsync(openEmbeddedEngine(testSettings(folder)), {code: 'busy'});
  await kill(first.child);
  await t.notThrowsAsync(openTestEngine(t, {folder}), 'a killed Holt leaves no lock');
});

test('two engines of one process do not share a folder either', async t => {
  const folder = makeFolder(t);
  const engine = await openTestEngine(t, {folder});
  await t.throwsAsync(openEmbeddedEngine(testSettings(folder)), {code: 'busy'});
  await engine.transact(async ({create}) => create('submissions', sampleSubmission()));
  await engine.close();
  const again = await openTestEngine(t, {folder});
  t.deepEqual(await again.find('submissions', 'submission-1'), sampleSubmission());
});

test('a Holt killed in the middle of an upgrade leaves a store that the next one upgrades', async t => {
  const folder = makeFolder(t);
  const engine = await openEmbeddedEngine(testSettings(folder));
  const ids = Array.from({length: 20}, (_, index) => `submission-${index}`);
  await engine.transact(async ({create}) => {
    for (const id of ids) {
      create('submissions', sampleSubmission({id}));
    }
  });
  await engine.close();

  const {child, lines, hears} = startChild(t, 'upgrade', folder);
  await hears(5);
  await kill(child);
  t.false(lines.includes('upgraded'));

  const upgrade = (_: string, data: Record<string, unknown>) => ({...data, trace: `${data.trace}+`});
  const upgraded = await openTestEngine(t, {folder, schemaVersion: 2, upgradeSteps: [{from: 1, upgrade}]});
  const found = await Promise.all(ids.map(id => upgraded.find('submissions', id)));
  t.true(
    found.every(submission => submission?.trace === 'trace-1+'),
    'each record was upgraded once, from version 1',
  );
});
