import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';

/** The arrows: what the source files of each folder may import. Tests and composition roots may import more. */
const node = /^node:/;
const arrows: Record<string, readonly RegExp[]> = {
  domain: [/^domain\//, /^zod$/],
  adapters: [
    /^adapters\//,
    /^domain\//,
    node,
    /^(zod|jose|oauth-1\.0a|fast-xml-parser|google-gax|google-auth-library)$/,
    /^@google-cloud\/(storage|pubsub|firestore|run)$/,
    /^@octokit\/[\w-]+$/,
  ],
  functions: [/^functions\//, /^domain\//, node, /^(zod|jszip|csv-stringify|@fastify\/busboy)$/],
  'grader-job': [/^grader-job\//, /^domain\//, node, /^zod$/],
  emulator: [
    /^emulator\//,
    /^functions\//,
    /^adapters\//,
    /^domain\//,
    node,
    /^(zod|fast-xml-parser|configurable-http-proxy)$/,
    /^@google-cloud\/(functions-framework(\/testing)?|firestore)$/,
    /^@grpc\/grpc-js$/,
  ],
  cli: [
    /^cli\//,
    /^domain\//,
    /^grader-job\//,
    /^functions\/dispatch\/(check-archive|read-config)\.ts$/,
    /^functions\/(config|settings|read-lms)\.ts$/,
    /^adapters\/(course-sources|google\/releases|lti\/replace-result)\.ts$/,
    node,
    /^(zod|commander|jose|jszip)$/,
  ],
  'terraform/check': [
    /^terraform\/check\//,
    /^domain\/(audit|events)\.ts$/,
    /^functions\/settings\.ts$/,
    node,
    /^zod$/,
  ],
  // What a build runs before and after anything is installed.
  release: [/^release\//, node],
};

/** Files that may construct adapters, and read the environment. */
const constructors = /^(functions\/index\.ts|grader-job\/main\.ts|cli\/open-(course|platform|lms)\.ts|emulator\/)/;
const environmentReaders =
  /^(functions\/config\.ts|grader-job\/main\.ts|cli\/check-settings\.ts|emulator\/|release\/|terraform\/check\/main\.ts)/;
/** Composition roots: they meet the framework and the adapters. */
const roots = /^functions\/(index|serve|serve-embedded)\.ts$/;
const stages = ['exchange', 'dispatch', 'record', 'passback', 'audit', 'sweep'];
const mostLines = 200;

const list = (folder: string) =>
  readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .map(file => `${folder}/${file.replaceAll(path.sep, '/')}`)
    .filter(file => !/node_modules|\/fixtures\//.test(file));
const all = [...Object.keys(arrows), 'bench', 'examples', 'testing'].flatMap(list);
const sources = all.filter(file => file.endsWith('.ts') && !/\.(test|d)\.ts$/.test(file));
const read = (file: string) => readFileSync(file, 'utf8');

/** What a file imports, statically, dynamically or as a type: packages, or paths from the repository's root. */
function importsOf(file: string): string[] {
  const found = read(file).matchAll(/(?:\bfrom|\bimport\(|^import)\s*'([^'\n]+)'/gm);
  return [...found].map(([, target = '']) =>
    target.startsWith('.') ? path.posix.join(path.posix.dirname(file), target) : target,
  );
}

const folderOf = (file: string) => /^terraform\/check(?=\/)|^[^/]+/.exec(file)?.[0] ?? '';
const stageOf = (file: string) => stages.find(stage => file.startsWith(`functions/${stage}/`));

test('every layer imports only what its arrow allows', t => {
  const wrong = sources
    .filter(file => arrows[folderOf(file)] && !roots.test(file))
    .flatMap(file =>
      importsOf(file)
        .filter(target => !arrows[folderOf(file)]?.some(arrow => arrow.test(target)))
        .map(target => `${file} imports ${target}`),
    );
  t.deepEqual(wrong, []);
});

test('a stage imports no other stage and no adapter', t => {
  const wrong = sources
    .filter(file => stageOf(file))
    .flatMap(file =>
      importsOf(file)
        .filter(target => (stageOf(target) && stageOf(target) !== stageOf(file)) || target.startsWith('adapters/'))
        .map(target => `${file} imports ${target}`),
    );
  t.deepEqual(wrong, []);
});

test('nothing but the composition roots imports an adapter', t => {
  const wrong = sources
    .filter(file => !/^(adapters|testing|bench)\//.test(file) && !constructors.test(file) && !roots.test(file))
    .filter(file => importsOf(file).some(target => target.startsWith('adapters/')));
  t.deepEqual(wrong, []);
});

test('the domain is pure: no clock, no chance, no environment, no network, no node', t => {
  const impure =
    /\b(Date\.now|new Date\(\)|Math\.random|getRandomValues|randomUUID|process\.|fetch\(|setTimeout|setInterval|console\.)/;
  t.deepEqual(
    sources.filter(file => file.startsWith('domain/') && impure.test(read(file))),
    [],
  );
});

test('only the places for it read the environment', t => {
  const wrong = sources
    .filter(file => !/^(testing|bench)\//.test(file) && !environmentReaders.test(file))
    .filter(file => /process\.env\b/.test(read(file)));
  t.deepEqual(wrong, []);
});

test(`no source file has more than ${mostLines} lines`, t => {
  const long = all
    .filter(file => /\.(ts|py|sh)$/.test(file) && !/\.(test|d)\.ts$|(^|\/)test_[^/]+\.py$/.test(file))
    .map(file => ({file, lines: read(file).trimEnd().split('\n').length}))
    .filter(({lines}) => lines > mostLines);
  t.deepEqual(long, []);
});

test('files are named in kebab-case', t => {
  t.deepEqual(
    sources.filter(file => !/^([a-z0-9]+(-[a-z0-9]+)*\/)+[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(file)),
    [],
  );
});

const manifest: {dependencies: Record<string, string>; devDependencies: Record<string, string>} = JSON.parse(
  read('package.json'),
);

/** Where each dependency does its work. A package that is declared and not imported there is a failure. */
const work: Record<string, RegExp> = {
  '@google-cloud/functions-framework': /^functions\/index\.ts$/,
  '@google-cloud/storage': /^adapters\/google\/objects\.ts$/,
  '@google-cloud/pubsub': /^adapters\/google\/wake-ups\.ts$/,
  '@google-cloud/firestore': /^adapters\/google\/records\.ts$/,
  '@google-cloud/run': /^adapters\/google\/jobs\.ts$/,
  '@octokit/app': /^adapters\/github/,
  'oauth-1.0a': /^adapters\/lti\//,
  'fast-xml-parser': /^adapters\/lti\//,
  'csv-stringify': /^functions\/exchange\//,
  jszip: /^functions\/dispatch\//,
  '@fastify/busboy': /^functions\/exchange\/read-form\.ts$/,
  jose: /^adapters\/jwt\.ts$/,
  zod: /^domain\//,
  commander: /^cli\//,
};

for (const [name, place] of Object.entries(work)) {
  test(`${name} does its work where it belongs`, t => {
    t.true(name in manifest.dependencies);
    t.true(sources.some(file => place.test(file) && importsOf(file).includes(name)));
  });
}

test('every declared dependency is named above, and ava runs the tests', t => {
  t.deepEqual(
    Object.keys(manifest.dependencies).filter(name => !(name in work)),
    [],
  );
  t.true('ava' in manifest.devDependencies);
});
