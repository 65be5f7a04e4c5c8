import test from 'ava';
import {makeBuilder} from '../testing/build-files/programs.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const repository = 'us-central1-docker.pkg.dev/p/holt';

test('a step runs when what it follows is done, and is done when it ends well', async t => {
  const {run} = makeBuilder(t);
  const step = (...parameters: string[]) => run(['sh', 'release/step.sh', ...parameters]);
  t.deepEqual(await step('first', '--', 'echo', 'a  b'), {code: 0, stdout: 'a  b\n', stderr: ''});
  t.is((await step('second', 'first', '--', 'true')).code, 0);
  t.is((await step('third', 'first', 'second', '--', 'true')).code, 0);
});

test('a step that follows one that failed, was left out or was killed is left out itself', async t => {
  const {run} = makeBuilder(t);
  const step = (...parameters: string[]) => run(['sh', 'release/step.sh', ...parameters]);
  t.is((await step('failed', '--', 'sh', '-c', 'exit 3')).code, 3);
  const {code, stdout, stderr} = await step('next', 'failed', '--', 'echo', 'ran');
  t.deepEqual([code, stdout], [1, '']);
  t.regex(stderr, /next is left out, because failed is not done/);
  t.is((await step('last', 'next', '--', 'true')).code, 1);
  await step('killed', '--', 'sh', '-c', 'kill -9 $PPID');
  t.is((await step('after', 'killed', '--', 'true')).code, 1);
});

test('a step that is run again and fails is done no longer', async t => {
  const {run} = makeBuilder(t);
  const step = (...parameters: string[]) => run(['sh', 'release/step.sh', ...parameters]);
  await step('first', '--', 'true');
  await step('first', '--', 'false');
  t.is((await step('second', 'first', '--', 'true')).code, 1);
});

test('a step without a command is a mistake, not a success', async t => {
  const {run} = makeBuilder(t);
  t.is((await run(['sh', 'release/step.sh', 'first', '--'])).code, 2);
  t.not((await run(['sh', 'release/step.sh', 'first'])).code, 0);
});

test('pushing writes down the digest of this repository, among those that the image has', async t => {
  const builder = makeBuilder(t);
  const other = `us-central1-docker.pkg.dev/other/functions@sha256:${'b'.repeat(64)}`;
  builder.addProgram(
    'docker',
    `[ "$1" = image ] && printf '%s\\n\\n' ${other} ${repository}/functions@${digest} || true`,
  );
  const {code} = await builder.run(['release/push.sh', 'functions', `${repository}/functions`, 'c0ffee']);
  t.is(code, 0);
  t.deepEqual(builder.readCalls().slice(0, 2), [
    `docker tag functions ${repository}/functions:c0ffee`,
    `docker push ${repository}/functions:c0ffee`,
  ]);
  t.is(builder.readLeft('digests/functions'), `${repository}/functions@${digest}\n`);
});

test('an image that cannot be pushed, or of which the registry tells no digest, is not handed on', async t => {
  const builder = makeBuilder(t);
  builder.addProgram('docker', '[ "$1" != push ]');
  t.not((await builder.run(['release/push.sh', 'functions', repository, 'c0ffee'])).code, 0);
  builder.addProgram('docker');
  const {code, stderr} = await builder.run(['release/push.sh', 'functions', repository, 'c0ffee']);
  t.is(code, 1);
  t.regex(stderr, /told no digest/);
  t.throws(() => builder.readLeft('digests/functions'));
});

test('a tag names the images that main built of the commit, by digest', async t => {
  const builder = makeBuilder(t);
  builder.addProgram('gcloud', `[ "$3" = images ] && echo ${digest} || true`);
  const {code, stderr} = await builder.run(['release/name-images.sh', repository, 'c0ffee', 'v1.2.3']);
  t.is(code, 0, stderr);
  t.true(
    builder
      .readCalls()
      .includes(`gcloud artifacts docker tags add ${repository}/functions@${digest} ${repository}/functions:v1.2.3`),
  );
  t.is(builder.readLeft('digests/otter-grader'), `${repository}/otter-grader@${digest}\n`);
});

test('a tag of a commit that main has not built names nothing', async t => {
  const builder = makeBuilder(t);
  builder.addProgram('gcloud', 'exit 1');
  const {code, stderr} = await builder.run(['release/name-images.sh', repository, 'c0ffee', 'v1.2.3']);
  t.is(code, 1);
  t.regex(stderr, /no image functions of commit c0ffee: let the build of main end well/);
  t.is(builder.readCalls().length, 1);
});

const key = 'THE KEY';
const checkCourses = (builder: ReturnType<typeof makeBuilder>, courses: string) =>
  builder.run(['release/check-courses.sh', 'otter-grader', courses], {COURSE_CONTENT_READER_PRIVATE_KEY: key});

test('every course is checked with the new image, and one that fails stops the release by its name', async t => {
  const builder = makeBuilder(t);
  builder.addProgram('docker', 'case "$*" in *broken*) exit 1 ;; esac');
  const {code, stderr} = await checkCourses(builder, 'github.com/o/one github.com/o/broken github.com/o/three');
  t.is(code, 1);
  t.regex(stderr, /these courses fail with it: github\.com\/o\/broken\n$/);
  const calls = builder.readCalls();
  t.deepEqual(
    calls.map(call => call.split(' ').slice(-3).join(' ')),
    ['one', 'broken', 'three'].map(name => `otter-grader cli/check-course.ts github.com/o/${name}`),
  );
  t.false(calls.join().includes(key), 'the key is on no command line');
  t.is((await checkCourses(builder, 'github.com/o/one')).code, 0);
});

test('no course at all is a mistake, not a success', async t => {
  const builder = makeBuilder(t);
  builder.addProgram('docker');
  t.is((await checkCourses(builder, '')).code, 2);
});
