import {execFileSync} from 'node:child_process';
import {readdirSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {need} from '../../testing/need.ts';
import {askPolicies, checkFolders, type Finding} from './check.ts';
import {tryMutations, type Verdict} from './mutate.ts';
import {isStep, readMutations} from './mutations/mutation.ts';
import {policies} from './policies/all.ts';
import {openSession, planRoots, readSubjects, type Session, WHOLE} from './session.ts';

const root = path.resolve(import.meta.dirname, '../..');
const isThere = (program: string) => {
  try {
    execFileSync(program, ['version'], {stdio: 'ignore'});
    return true;
  } catch {
    return false;
  }
};
const missing = ['terraform', 'go'].filter(program => !isThere(program));
const isSkipped = (t: ExecutionContext) =>
  need(t, {
    what: missing.join(' and '),
    get: 'install Terraform 1.11 or newer and Go 1.25 or newer',
    isMissing: missing.length > 0,
  });
const listLeftovers = () =>
  readdirSync(path.join(root, 'terraform'), {recursive: true, encoding: 'utf8'}).filter(file =>
    /\.terraform(\/|\.lock\.hcl|$)|\.tfstate|\.tfplan/.test(file),
  );

/** Everything is done once, and each test reads what came of it. */
type World = {session: Session; folders: Finding[]; plans: string[]; policies: Finding[]; verdicts: Verdict[]};

async function look(): Promise<World> {
  const places = {root, cache: path.join(root, '.holt/terraform'), environment: process.env};
  const session = await openSession(places);
  try {
    const {plans, faults} = await planRoots(session);
    const subjects = await readSubjects(session, plans);
    const sound = subjects.get(WHOLE);
    const verdicts = sound ? await tryMutations(session, sound, readMutations()) : [];
    return {
      session,
      plans: faults,
      policies: askPolicies(subjects),
      folders: await checkFolders(session),
      verdicts,
    };
  } finally {
    session.close();
  }
}

let world: Promise<World> | undefined;
const leftBefore = listLeftovers();
const see = () => {
  world ??= look();
  return world;
};

test('every root and module is formatted, valid and passes its tests', async t => {
  t.timeout(600_000);
  if (isSkipped(t)) {
    return;
  }

  const {session, folders} = await see();
  t.log(`the provider comes from the ${session.source}`);
  t.true(folders.length >= 13);
  t.deepEqual(
    folders.filter(({faults}) => faults.length > 0),
    [],
  );
});

test('every root can be planned before anything of it exists', async t => {
  t.timeout(600_000);
  if (!isSkipped(t)) {
    t.deepEqual((await see()).plans, []);
  }
});

for (const {name, sentence} of policies) {
  test(`${name}: ${sentence}`, async t => {
    t.timeout(600_000);
    if (!isSkipped(t)) {
      const finding = (await see()).policies.find(({what}) => what.startsWith(`${name}: `));
      t.deepEqual(finding?.faults, []);
    }
  });
}

for (const mutation of readMutations()) {
  test(`noticed by ${mutation.red}: ${mutation.mistake}`, async t => {
    t.timeout(600_000);
    if (!isSkipped(t)) {
      const verdict = (await see()).verdicts.find(({mutation: {mistake}}) => mistake === mutation.mistake);
      t.true(verdict?.isNoticed, verdict?.words ?? 'it was not tried');
    }
  });
}

test('there is a mistake for every policy, so that each is seen to fail', t => {
  const red = new Set(readMutations().map(mutation => mutation.red));
  t.deepEqual(
    policies.map(({name}) => name).filter(name => !red.has(name)),
    [],
  );
  t.deepEqual(
    [...red].filter(name => !isStep(name) && !policies.some(policy => policy.name === name)),
    [],
  );
});

test('a check leaves nothing beside the configuration, no lock file with the stand-in’s hash least of all', async t => {
  t.timeout(600_000);
  if (!isSkipped(t)) {
    await see();
    t.deepEqual(listLeftovers(), leftBefore);
    t.deepEqual(
      leftBefore.filter(file => file.endsWith('.lock.hcl')),
      [],
    );
  }
});
