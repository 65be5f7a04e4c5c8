import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {Settings, targets} from '../functions/settings.ts';
import {Kept, OneTask} from '../grader-job/settings.ts';
import {schemaFile, writeConfiguration} from '../testing/documents/configuration.ts';
import {comparePorts, findReaders} from '../testing/documents/readers.ts';
import {describeSettings, readComments} from '../testing/documents/settings.ts';

const page = 'docs/configuration.md';

let written: string;

test.before(async () => {
  written = await writeConfiguration();
  if (process.env.UPDATE_DOCS) {
    writeFileSync(page, written);
  }
});

test('the reference is the one that the schemas make', t => {
  t.true(readFileSync(page, 'utf8') === written, 'run npm run docs-configuration and look at what it changes');
});

test('every setting says what it is for, and has a row', t => {
  const comments = new Map([...readComments(schemaFile), ...readComments('grader-job/settings.ts')]);
  const names = [...Object.keys(Settings.shape), ...Object.keys({...OneTask.shape, ...Kept.shape})];
  t.deepEqual(
    names.filter(name => !/^.{5,}/.test(comments.get(name) ?? '')),
    [],
  );
  const rows = [...readFileSync(page, 'utf8').matchAll(/^\| \**`([A-Z_]+)`/gm)].map(([, name = '']) => name);
  t.deepEqual(rows.toSorted(), [...new Set(names)].toSorted());
});

test('every setting is read by some function', async t => {
  const readers = await findReaders();
  t.deepEqual(
    Object.keys(Settings.shape).filter(name => !readers.embedded.has(name)),
    [],
  );
  t.deepEqual(
    targets.filter(target => !(readers[target].has('VERBOSE_LOGGING') && readers[target].has('FIRESTORE_DATABASE'))),
    [],
  );
  t.true(readers.passback.has('LTI_CONSUMER_SECRET'));
  t.deepEqual(
    targets.filter(target => readers[target].has('LTI_CONSUMER_SECRET')),
    ['passback'],
  );
});

test('what connects to Google Cloud reads the settings that the reference gives it', t => {
  const {named, known} = comparePorts();
  t.deepEqual(known, named);
});

test('what no schema says is said in the comment', t => {
  const {shape} = Settings;
  const comments = new Map([
    ['PORT', 'Where it listens.'],
    ['HOST', 'Which address. Default: all of them'],
    ['HOLT_COURSES', 'The courses. Default: none Values: `a=/b`'],
  ]);
  const {PORT, HOST, HOLT_COURSES, POST_GRADE, MOODLE_TOKEN_SCOPES, HOLT_HUB_ORIGIN} = shape;
  t.deepEqual(
    describeSettings({PORT, HOST, HOLT_COURSES, POST_GRADE, MOODLE_TOKEN_SCOPES, HOLT_HUB_ORIGIN}, comments).map(
      ({what, standard, values}) => [what, standard, values],
    ),
    [
      ['Where it listens.', '`8080`', 'whole number, 0 to 65535'],
      ['Which address.', 'all of them', 'text'],
      ['The courses.', 'none', '`a=/b`'],
      ['', '', '`true` or `false`'],
      ['', '`optional`', '`optional` or `required`'],
      ['', '', 'an address with http:// or https://, by comma'],
    ],
  );
});
