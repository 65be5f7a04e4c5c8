import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {need} from '../../testing/need.ts';
import {readBlocks} from './blocks.ts';
import {openRoot, planRoot} from './plan.ts';
import {findProviderSource, prepareProvider} from './provider.ts';
import {listTypes} from './schema.ts';
import {runTerraform, type Workspace} from './terraform.ts';

const root = path.resolve(import.meta.dirname, '../..');
const places = {root, cache: path.join(root, '.holt/terraform'), environment: process.env};
const missing = ['terraform', 'go'].find(program => spawnSync(program, ['version']).error);
const isSkipped = (t: ExecutionContext) =>
  need(t, {what: missing ?? '', get: `install ${missing}`, isMissing: missing !== undefined});

const head = `
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}
provider "google" {
  project = "some-project"
}
`;

/** Makes a root of one file, with the stand-in as its provider. */
async function openSample(t: ExecutionContext, text: string): Promise<Workspace & {faults: string}> {
  t.timeout(300_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-stand-in-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  mkdirSync(path.join(folder, 'sample'));
  writeFileSync(path.join(folder, 'sample/main.tf'), head + text);
  mkdirSync(places.cache, {recursive: true});
  const workspace = {root: folder, environment: await prepareProvider('stand-in', listTypes([text]), places)};
  return {...workspace, faults: await openRoot(workspace, 'sample')};
}

const topic = 'resource "google_pubsub_topic" "this" {\n  name = "dispatch"\n}\n';

test('a plan has made-up values where they shall be known, and leaves them open where not', async t => {
  if (isSkipped(t)) {
    return;
  }

  const sample = await openSample(t, `${topic}output "id" {\n  value = google_pubsub_topic.this.id\n}\n`);
  t.is(sample.faults, '');
  const known = await planRoot(sample, 'sample', 'known');
  const unknown = await planRoot(sample, 'sample', 'unknown');
  t.is('plan' in known && known.plan.outputs.id, 'projects/some-project/topics/dispatch');
  t.true('plan' in unknown && unknown.plan.outputs.id === undefined);
  t.is('plan' in unknown && unknown.plan.resources[0]?.values.name, 'dispatch');
});

test('the stand-in refuses to apply: it is no provider', async t => {
  if (isSkipped(t)) {
    return;
  }

  const {isDone, output} = await runTerraform(await openSample(t, topic), 'sample', [
    'apply',
    '-auto-approve',
    '-no-color',
  ]);
  t.false(isDone);
  t.regex(output, /stand-in for hashicorp\/google cannot apply/);
});

test('a data source whose answer nobody made up is named', async t => {
  if (isSkipped(t)) {
    return;
  }

  const outcome = await planRoot(await openSample(t, 'data "google_client_config" "me" {}\n'), 'sample', 'known');
  t.regex('faults' in outcome ? outcome.faults : '', /does not know what google_client_config answers/);
});

test('a type that the provider does not have is unknown to the stand-in too', async t => {
  if (isSkipped(t)) {
    return;
  }

  const outcome = await planRoot(await openSample(t, 'resource "google_time_machine" "this" {}\n'), 'sample', 'known');
  t.regex('faults' in outcome ? outcome.faults : '', /does not support resource type\s+"google_time_machine"/);
});

test('files are read block by block, and a broken one is named', async t => {
  if (isSkipped(t)) {
    return;
  }

  const {root: folder} = await openSample(t, topic);
  const blocks = await readBlocks(folder, ['sample/main.tf'], places);
  const {attributes, labels, line} = blocks.find(({type}) => type === 'resource') ?? {};
  t.deepEqual(
    {attributes, labels, line},
    {attributes: {name: '"dispatch"'}, labels: ['google_pubsub_topic', 'this'], line: 13},
  );
  writeFileSync(path.join(folder, 'sample/broken.tf'), 'resource "x" {');
  await t.throwsAsync(readBlocks(folder, ['sample/broken.tf'], places), {message: /broken\.tf/});
});

test('where the provider comes from is asked, and has an answer', async t => {
  t.regex(await findProviderSource(), /^(registry|stand-in)$/);
});

test('the Go programs are formatted', t => {
  if (!isSkipped(t)) {
    t.is(execFileSync('gofmt', ['-l', path.join(import.meta.dirname, 'go')], {encoding: 'utf8'}), '');
  }
});
