import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import lock from '../package-lock.json' with {type: 'json'};
import {checkBuild} from '../testing/build-files/check-build.ts';
import {checkRelease} from '../testing/build-files/check-release.ts';
import buildMutations from '../testing/build-files/mutations.json' with {type: 'json'};
import {Build, checkProgram, files, readYaml, root, setUpChecks} from '../testing/build-files/read-builds.ts';

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const run = promisify(execFile);
const kinds = Object.keys(files) as (keyof typeof files)[];

test.before(async t => {
  t.timeout(400_000, 'the programs that check are installed once');
  await setUpChecks();
});

/** Reads the three files, one of them changed for each mutation. */
async function readBuilds(changed: readonly Record<string, string>[]) {
  const texts = changed.flatMap(texts => kinds.map(kind => texts[files[kind]] ?? read(files[kind])));
  const parsed = (await readYaml(texts)).map(value => Build.parse(value));
  return changed.map((_, index) => {
    const [main, request, tag] = parsed.slice(index * 3, index * 3 + 3) as [Build, Build, Build];
    return {main, request, tag};
  });
}

const problemsOf = (builds: Awaited<ReturnType<typeof readBuilds>>[number]): string[] => [
  ...kinds.flatMap(kind => checkBuild(builds[kind]).map(problem => `${kind}: ${problem}`)),
  ...checkRelease(builds),
];

test('the build files do what a release must, in order', async t => {
  const [builds] = await readBuilds([{}]);
  t.deepEqual(builds && problemsOf(builds), []);
});

test('each of the listed mistakes is told', async t => {
  const changed = buildMutations.map(({mistake, file, search, replace}) => {
    const text = read(file);
    t.true(text.includes(search), mistake);
    return {[file]: text.replace(search, () => replace)};
  });
  for (const [index, builds] of (await readBuilds(changed)).entries()) {
    const {mistake = '', red = ''} = buildMutations[index] ?? {};
    const problems = problemsOf(builds);
    t.true(
      problems.some(problem => problem.includes(red)),
      `${mistake}: ${problems.join('; ') || 'nothing was told'}`,
    );
  }
});

/** Asks Cloud Build's own schema, as it comes with check-jsonschema. */
async function validate(text: string): Promise<string> {
  const options = ['--builtin-schema', 'vendor.cloudbuild', '--default-filetype', 'yaml', '-'];
  const running = run(checkProgram('check-jsonschema'), options);
  running.child.stdin?.end(text);
  return running.then(
    ({stdout}) => stdout,
    ({stdout}) => stdout,
  );
}

test('the build files follow the schema of Cloud Build, which refuses what it does not know', async t => {
  t.timeout(120_000);
  for (const kind of kinds) {
    const text = read(files[kind]);
    t.regex(await validate(text), /^ok/, kind);
  }

  const text = read(files.tag);
  for (const [search, broken] of [
    ['waitFor:', 'wait_for:'],
    ['allowFailure: true', 'allowFailure: maybe'],
    ['logging: CLOUD_LOGGING_ONLY', 'logging: SOMEWHERE'],
    ['timeout: 900s', 'timeout: {seconds: 900}'],
  ] as const) {
    t.true(text.includes(search));
    t.notRegex(await validate(text.replace(search, broken)), /^ok/, broken);
  }
});

test('builders and images have the Node that the lock has, and the Terraform that is tested with', async t => {
  const {version} = lock.packages['node_modules/node'];
  const texts = [...kinds.map(kind => files[kind]), 'release/Dockerfile'].map(file => [file, read(file)] as const);
  for (const [file, text] of texts) {
    const named = [...text.matchAll(/\bnode:(\S+?)-bookworm/g)].map(([, found]) => found);
    t.true(named.length > 0, file);
    t.deepEqual(
      named.filter(found => found !== version),
      [],
      file,
    );
  }

  const tools = [...read('release/Dockerfile').matchAll(/^ARG \w+=(\S+)$/gm)].map(([, image = '']) => image);
  t.is(tools.length, 4);
  t.deepEqual(
    tools.filter(image => !/:\d+\.\d+\.\d+/.test(image)),
    [],
  );
});

test('the triggers name these files, their identities and all that they want to be given', async t => {
  const hcl = ['triggers.tf', 'builders.tf'].map(file => read(`terraform/bootstrap/${file}`)).join('\n');
  const [builds] = await readBuilds([{}]);
  const triggers: Record<string, string> = {main: 'main', request: 'pull_request', tag: 'tag'};
  for (const kind of kinds) {
    const start = hcl.indexOf(`resource "google_cloudbuild_trigger" "${triggers[kind]}"`);
    const block = hcl.slice(start, hcl.indexOf('\n}\n', start));
    t.is(/filename += "(.*)"/.exec(block)?.[1], files[kind]);
    const identity = /builder\["(\w+)"\]/.exec(block)?.[1];
    t.true(builds?.[kind].serviceAccount?.includes(`/holt-build-${identity}@`), kind);
    const given = [...block.matchAll(/^ +(_[A-Z_]+) +=/gm)].map(([, name = '']) => name);
    t.deepEqual(given.sort(), Object.keys(builds?.[kind].substitutions ?? {}).sort(), kind);
    for (const {versionName} of builds?.[kind].availableSecrets.secretManager ?? []) {
      const secret = /\/holt-([\w-]+)\//.exec(versionName)?.[1];
      const readers = new RegExp(`${secret} += \\[(.*)\\]`).exec(hcl)?.[1] ?? '';
      t.true(readers.includes(`"${identity}"`), `${identity} may read ${secret}`);
    }
  }
});

test('what the steps run is there', t => {
  for (const kind of kinds) {
    for (const [script] of read(files[kind]).matchAll(/\b(?:release|cli)\/[\w-]+\.(?:sh|ts)\b/g)) {
      t.true(existsSync(path.join(root, script)), script);
    }
  }
});

test('no script of a build tells its commands, and the images are tried out without a network', t => {
  const scripts = readdirSync(path.join(root, 'release')).filter(file => file.endsWith('.sh'));
  t.true(scripts.length >= 6);
  for (const script of scripts) {
    const text = read(`release/${script}`);
    t.notRegex(text, /set -[a-z]*x|--env \w+=\$|xtrace/, script);
    t.regex(text, /^set -eu$/m, script);
  }

  const runs = read('release/smoke.sh').split('docker run').slice(1);
  t.is(runs.length, 2);
  t.true(runs.every(text => text.startsWith(' --rm --network none ')));
});
