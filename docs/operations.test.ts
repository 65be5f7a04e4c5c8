import {existsSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {findUnknown, readGcloud} from '../testing/documents/gcloud.ts';
import {commandsOf, listDocuments, readDocument, root} from '../testing/documents/markdown.ts';
import {
  alertTitles,
  hasTerraform,
  neededOf,
  outputsOf,
  readTerraform,
  variablesOf,
} from '../testing/documents/terraform.ts';

const page = 'docs/operations.md';
const text = readDocument(page);
const sectionOf = (heading: string) => text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

/** Without its folder nothing can be compared. */
function hasNone(t: ExecutionContext): boolean {
  if (!hasTerraform) {
    t.log('skipped: there is no terraform/');
    t.pass();
  }

  return !hasTerraform;
}

test('every alert has a section that says what to do', t => {
  if (hasNone(t)) {
    return;
  }

  const headings = [...sectionOf('Alerts').matchAll(/^### (.+)$/gm)].map(([, heading = '']) => heading);
  const titles = alertTitles();
  t.true(titles.length > 8, titles.join(', '));
  t.deepEqual(
    titles.filter(title => !headings.includes(title)),
    [],
  );
  t.deepEqual(
    headings.filter(heading => !titles.includes(heading)),
    ['The budget'],
  );
});

test('every secret of an environment has a row that says how it is changed', t => {
  if (hasNone(t)) {
    return;
  }

  const settings = readTerraform('modules/course-environment');
  const secrets = [...settings.matchAll(/^ {4}([a-z-]+) += \{ reader = .+?version = (?:try\()?var\.([a-z_.]+)/gm)];
  t.true(secrets.length > 5);
  const rows = new Map(
    [...sectionOf('Rotating secrets').matchAll(/^\| `([a-z-]+)` +\| `([a-z_.]+)`/gm)].map(([, name, variable]) => [
      name,
      variable,
    ]),
  );
  t.deepEqual(Object.fromEntries(rows), Object.fromEntries(secrets.map(([, name, variable]) => [name, variable])));
});

test('every secret of the builds is filled, and has its way to be changed', t => {
  if (hasNone(t)) {
    return;
  }

  const block = /secret_readers = \{([\s\S]+?)\n {2}\}/.exec(readTerraform('bootstrap'))?.[1] ?? '';
  const names = [...block.matchAll(/^ +([a-z-]+) += /gm)].map(([, name]) => `holt-${name}`);
  t.is(names.length, 3);
  for (const name of names) {
    t.true(sectionOf('The first deployment').includes(`gcloud secrets versions add ${name} `), name);
    t.true(sectionOf('Rotating secrets').includes(`\`${name}\``), name);
  }
});

test('bootstrap gets every variable that it needs, and no other', t => {
  if (hasNone(t)) {
    return;
  }

  const given = /terraform\.tfvars <<END\n([\s\S]+?)\nEND/.exec(text)?.[1] ?? '';
  const names = [...given.matchAll(/^([a-z_]+) +=/gm)].map(([, name = '']) => name);
  t.deepEqual(
    neededOf('bootstrap').filter(name => !names.includes(name)),
    [],
  );
  t.deepEqual(
    names.filter(name => !variablesOf('bootstrap').includes(name)),
    [],
  );
});

test('the deployers of a new environment are those that bootstrap makes', t => {
  if (hasNone(t)) {
    return;
  }

  const builders = readTerraform('bootstrap');
  const given = [...text.matchAll(/--deployer "serviceAccount:(.+?)@/g)].map(([, name = '']) => name);
  t.deepEqual(given, ['holt-build-release', 'holt-deployer']);
  t.regex(builders, /account_id += "holt-build-\$\{each\.key\}"/);
  t.regex(builders, /account_id += "holt-deployer"/);
  t.regex(
    builders,
    /value += \[google_service_account\.builder\["release"\]\.member, google_service_account\.deployer\.member\]/,
  );
});

test('every output and variable that a document names is there', t => {
  if (hasNone(t)) {
    return;
  }

  const wrong: string[] = [];
  for (const file of listDocuments()) {
    for (const command of commandsOf(file, 'terraform')) {
      const [, folder = '', name] = /-chdir="?terraform\/([\w/$-]+)"? output (?:-\w+ )?(\w+)/.exec(command) ?? [];
      const place = folder.replace('$NAME', 'example');
      if (
        folder !== '' &&
        !(existsSync(path.join(root, 'terraform', place)) && outputsOf(place).includes(name ?? ''))
      ) {
        wrong.push(`${file}: ${command}`);
      }
    }
  }

  const variables = [
    ...readDocument(page).matchAll(/`((?:grader|hub|lti|moodle|tokens|github|exchange)\.[a-z_]+|[a-z]+_[a-z_]+)`/g),
  ];
  const known =
    readTerraform('modules/course-environment') + readTerraform('bootstrap') + readTerraform('modules/observability');
  for (const [, name = ''] of variables) {
    const last = name.split('.').at(-1) ?? '';
    if (
      !new RegExp(`"?\\b${last}\\b`).test(known) &&
      !/gofer_nb|api_token|jupyterhub_jwt_secret|course_id/.test(name)
    ) {
      wrong.push(`${page}: ${name}`);
    }
  }

  t.deepEqual(wrong, []);
});

/** Commands that gcloud has had only since later in 2025. */
const newer = /^gcloud firestore databases clone /;

test('gcloud knows every command and flag that a document names', async t => {
  const tree = await readGcloud();
  if (!tree) {
    t.log('skipped: gcloud is not installed');
    t.pass();
    return;
  }

  t.is(findUnknown(tree, 'gcloud run services list --region=r --format="value(name)"'), undefined);
  t.regex(findUnknown(tree, 'gcloud run services lists') ?? '', /no command/);
  t.regex(findUnknown(tree, 'gcloud run services list --regions=r') ?? '', /has no --regions/);
  const commands = listDocuments().flatMap(file => commandsOf(file, 'gcloud').map(command => ({file, command})));
  t.true(commands.length > 20);
  t.deepEqual(
    commands
      .filter(({command}) => !newer.test(command) && command !== 'gcloud secrets versions disable')
      .flatMap(({file, command}) => {
        const problem = findUnknown(tree, command);
        return problem ? [`${file}: ${problem}`] : [];
      }),
    [],
  );
});
