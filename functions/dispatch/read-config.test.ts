import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {makeCourseSources} from '../../adapters/course-sources.ts';
import {HoltError} from '../../domain/errors.ts';
import type {CourseSource} from '../../domain/ports.ts';
import {readConfig} from './read-config.ts';

const otter = JSON.stringify({
  '8x': {staff: ['prof'], 1: {subpath_to_zips: 'zips', assignments: {lab: ''}}},
  other: {1: {subpath_to_zips: 'zips', assignments: {}}},
});
const gofer = JSON.stringify({
  '8x': {sourcedid: {3: {lab03: 'id'}}, outcomes_url: {3: {lab03: 'https://lms.example/outcomes'}}},
});

async function setUp(t: ExecutionContext, files: Record<string, string>, configPath?: string) {
  const top = await mkdtemp(path.join(tmpdir(), 'holt-config-'));
  t.teardown(() => rm(top, {recursive: true}));
  await mkdir(path.join(top, 'course'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(top, name), content);
  }

  const named = configPath?.startsWith('/') ? path.join(top, configPath) : configPath;
  const folder = path.join(top, 'course');
  const sources = await makeCourseSources({'8x': {kind: 'folder', path: folder}}, {COURSE_CONFIG_PATH: named});
  const source = sources.get('8x') as CourseSource;
  const readNow = async (course = '8x') => readConfig(source, await source.findRevision(), {course, configPath: named});
  return {top, source, readNow};
}

const list = ({sections}: {sections: object}) => Object.keys(sections).sort();

test('a config within the source, and one of this machine, stand beside the source’s own', async t => {
  const within = await setUp(
    t,
    {'course/course-config.json': otter, 'course/8x_course_config.json': gofer},
    '8x_course_config.json',
  );
  const machines = await setUp(t, {'course/course-config.json': otter, 'x19_config.json': gofer}, '/x19_config.json');
  for (const {readNow} of [within, machines]) {
    const config = await readNow();
    t.deepEqual(list(config), ['1', '3']);
    t.deepEqual(config.staff, ['prof']);
    t.deepEqual(list(await readNow('other')), ['1']);
  }
});

test('gofer’s config alone is enough', async t => {
  const {readNow, source} = await setUp(t, {'x19_config.json': gofer, 'course/a.zip': 'zip'}, '/x19_config.json');
  t.deepEqual(list(await readNow()), ['3']);
  t.is(Buffer.from((await source.readFile(await source.findRevision(), 'a.zip', 100)) ?? []).toString(), 'zip');
});

test('a change of the machine’s file is a new revision, and so is one of the source', async t => {
  const {top, source} = await setUp(t, {'course/course-config.json': otter, 'x.json': gofer}, '/x.json');
  const seen = [await source.findRevision(), await source.findRevision()];
  t.is(seen[0], seen[1]);
  await writeFile(path.join(top, 'x.json'), gofer.replace('lab03', 'lab04'));
  seen.push(await source.findRevision());
  await writeFile(path.join(top, 'course/course-config.json'), `${otter} `);
  seen.push(await source.findRevision());
  await rm(path.join(top, 'x.json'));
  seen.push(await source.findRevision());
  t.is(new Set(seen).size, 4);
});

async function refuse(
  t: ExecutionContext,
  files: Record<string, string>,
  wanted: [string | undefined, string],
  said: RegExp,
) {
  const [configPath, course] = wanted;
  const {readNow} = await setUp(t, files, configPath);
  const error = await t.throwsAsync(readNow(course), {instanceOf: HoltError});
  t.is(error?.code, 'invalid-course');
  t.regex(error?.message ?? '', said);
  t.regex(error?.message ?? '', /\.$/);
}

const both = {'course/course-config.json': otter, 'course/g.json': gofer};
const having = (text: string) => ({...both, 'course/g.json': text});

test('what is missing or wrong is told with the name of its file', async t => {
  await refuse(t, {}, [undefined, '8x'], /^There is no course-config\.json/);
  await refuse(t, {}, ['g.json', '8x'], /neither course-config\.json .* nor g\.json: .*COURSE_CONFIG_PATH/);
  await refuse(t, both, ['g.json', '9x'], /^course-config\.json and g\.json have no course "9x"/);
  await refuse(t, having('{'), ['g.json', '8x'], /^g\.json is not JSON/);
  await refuse(t, having('{"8x": {"sourcedid": 5}}'), ['g.json', '8x'], /^g\.json, course "8x": sourcedid/);
  await refuse(t, having(otter), ['g.json', '8x'], /Section "1" is configured twice/);
});

test('a path within the source leads nowhere else', async t => {
  const files = {...both, 'secret.json': gofer.replace('"8x"', '"9x"')};
  await refuse(t, files, ['../secret.json', '9x'], /^course-config\.json has no course "9x"/);
});
