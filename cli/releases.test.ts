import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {createInterface} from 'node:readline';
import test from 'ava';
import {image, openPlatformWorld} from '../testing/run-api/world.ts';

test.serial('promote moves both digests, readers before writers, and a second time finds nothing to do', async t => {
  const {addEnvironment, holt, letters, server} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  const first = await holt('promote', 'staging', 'production', '--yes');
  t.is(first.code, 0, first.stderr);
  t.regex(first.stdout, /exchange +aaaaaaaaaaaa +bbbbbbbbbbbb\n/);
  t.regex(first.stdout, /job grader +aaaaaaaaaaaa +bbbbbbbbbbbb\n/);
  t.regex(first.stdout, /production runs what staging runs\.\n$/);
  t.is(letters('production-project'), 'bbbbbbb');
  t.is(letters('staging-project'), 'bbbbbbb');
  t.deepEqual(server.updates, [
    ...['service audit', 'service passback', 'service record', 'service sweep', 'job grader'],
    ...['service dispatch', 'service exchange', 'job grader'],
  ]);
  const second = await holt('promote', 'staging', 'production');
  t.is(second.code, 0, second.stderr);
  t.regex(second.stdout, /there is nothing to do/);
  t.is(server.updates.length, 8);
});

test.serial('promote changes images and nothing else', async t => {
  const {addEnvironment, holt, server, nameOf} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a', {project: 'shared', prefix: 'production-'});
  const name = nameOf('shared', 'services', 'production-exchange');
  const service = server.services.get(name);
  Object.assign(service?.template.containers[0] ?? {}, {
    env: [
      {name: 'ENVIRONMENT', value: 'production'},
      {name: 'HOLT_SESSION_KEY', valueSource: {secretKeyRef: {secret: 'session-key', version: '3'}}},
    ],
  });
  const before = structuredClone(service);
  t.is((await holt('promote', 'staging', 'production', '--yes')).code, 0);
  const after = server.services.get(name);
  t.deepEqual(after?.template.containers[0]?.env, before?.template.containers[0]?.env);
  t.is(after?.template.serviceAccount, before?.template.serviceAccount);
  t.deepEqual(after?.traffic, before?.traffic);
  t.is(server.jobs.get(nameOf('shared', 'jobs', 'production-grader'))?.template.template.maxRetries, 0);
});

test.serial('promote --json tells what changed', async t => {
  const {addEnvironment, holt} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  const {stdout} = await holt('promote', 'staging', 'production', '--yes', '--json');
  const answer = JSON.parse(stdout);
  t.like(answer, {from: 'staging', to: 'production', changed: true, images: {functions: image('functions', 'b')}});
  t.is(answer.parts.length, 7);
  t.deepEqual(answer.parts[4], {
    part: 'job grader',
    before: image('otter-grader', 'a'),
    after: image('otter-grader', 'b'),
    isChange: true,
  });
});

test.serial('nothing changes without a yes', async t => {
  const {addEnvironment, holt, letters} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  const {code, stdout, stderr} = await holt('promote', 'staging', 'production');
  t.is(code, 1);
  t.regex(stdout, /exchange +aaaaaaaaaaaa +bbbbbbbbbbbb/);
  t.regex(stderr, /give --yes/);
  t.is(letters('production-project'), 'aaaaaaa');
});

test.serial('what is half deployed, runs a tag or is not there is not promoted', async t => {
  const {addEnvironment, holt, letters, server, nameOf} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  await addEnvironment('empty', 'c', {deploy: false});
  const record = server.services.get(nameOf('staging-project', 'services', 'record'));
  const promote = () => holt('promote', 'staging', 'production', '--yes');
  const refused = async (words: RegExp) => {
    const {code, stderr} = await promote();
    t.is(code, 1);
    t.regex(stderr, words);
    t.notRegex(stderr, /\n {4}at /);
    t.is(letters('production-project'), 'aaaaaaa');
  };

  const container = record?.template.containers[0] ?? {image: ''};
  container.image = image('functions', 'd');
  await refused(/half deployed.*several images/);
  container.image = 'us-central1-docker.pkg.dev/holt-builds/holt/functions:latest';
  await refused(/record runs \S+:latest, which is no digest/);
  container.image = image('functions', 'b');
  Object.assign(record ?? {}, {terminalCondition: {type: 'Ready', state: 'CONDITION_FAILED', message: 'no memory'}});
  await refused(/record is not ready: no memory/);
  Object.assign(record ?? {}, {terminalCondition: {type: 'Ready', state: 'CONDITION_SUCCEEDED'}, reconciling: true});
  await refused(/record is being changed right now/);
  Object.assign(record ?? {}, {
    reconciling: false,
    traffic: [{type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: 'record-00000-old', percent: 100}],
  });
  await refused(/record sends requests to an older revision/);
  server.services.delete(record?.name ?? '');
  await refused(/staging has no record: apply its root first/);

  for (const [args, words] of [
    [['promote', 'empty', 'production', '--yes'], /Nothing of empty runs in empty-project.*apply its root/],
    [['promote', 'production', 'production'], /name two environments/],
    [['promote', 'nowhere', 'production'], /There is no environment nowhere/],
    [['promote', '../production', 'production'], /is no environment/],
    [['history', 'nowhere'], /There is no environment nowhere/],
  ] as const) {
    const {code, stderr} = await holt(...args);
    t.is(code, 1);
    t.regex(stderr, words);
  }
});

test.serial('two environments of one project are told apart', async t => {
  const {addEnvironment, holt, letters} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b', {project: 'shared', prefix: 'staging-'});
  await addEnvironment('production', 'a', {project: 'shared', prefix: 'production-'});
  await addEnvironment('unborn', 'c', {project: 'shared', prefix: 'unborn-', deploy: false});
  t.is((await holt('promote', 'staging', 'production', '--yes')).code, 0);
  t.is(letters('shared', 'production-'), 'bbbbbbb');
  t.regex((await holt('promote', 'staging', 'unborn', '--yes')).stderr, /Nothing of unborn runs in shared/);

  await addEnvironment('main', 'd', {project: 'old-project'});
  await addEnvironment('second', 'e', {project: 'old-project', deploy: false});
  t.regex((await holt('promote', 'staging', 'second', '--yes')).stderr, /neither main\.tf has shares_project/);
  t.is(letters('old-project'), 'ddddddd');
});

test.serial('a part that does not come up stops the promotion; rollback goes back to what exchange runs', async t => {
  const {addEnvironment, holt, letters, server} = await openPlatformWorld(t);
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  const original = server.brokenImages.add(image('functions', 'b'));
  const broken = await holt('promote', 'staging', 'production', '--yes');
  t.is(broken.code, 1);
  t.regex(broken.stderr, /service audit.*failed to start/);
  t.regex(broken.stderr, /\naudit and the rest go on as they were\. Run this again, or `holt rollback production`/);
  t.is(letters('production-project'), 'baaaaaa');
  t.is((await holt('promote', 'production', 'staging', '--yes')).code, 1, 'half deployed');

  const back = await holt('rollback', 'production', '--yes');
  t.is(back.code, 0, back.stderr);
  t.is(letters('production-project'), 'aaaaaaa');
  original.clear();
  t.is((await holt('promote', 'staging', 'production', '--yes')).code, 0);
  t.is(letters('production-project'), 'bbbbbbb');
});

test.serial('a promotion that is killed is finished by the next one, or undone with the grader it had', async t => {
  const {addEnvironment, holt, start, letters, server} = await openPlatformWorld(t, {operationMilliseconds: 150});
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  const killWhenGraderChanged = async () => {
    const {child, ended} = start(['promote', 'staging', 'production', '--yes']);
    for await (const line of createInterface({input: child.stdout ?? process.stdin})) {
      if (line.includes('job grader runs')) {
        child.kill('SIGKILL');
        break;
      }
    }

    await ended;
    // Cloud Run finishes what it was told, whoever listens.
    await new Promise(resolve => setTimeout(resolve, 400));
  };

  await killWhenGraderChanged();
  t.regex(letters('production-project'), /^bbbbb[ab]a$/);
  const back = await holt('rollback', 'production', '--yes');
  t.is(back.code, 0, back.stderr);
  t.is(letters('production-project'), 'aaaaaaa');

  await killWhenGraderChanged();
  const again = await holt('promote', 'staging', 'production', '--yes');
  t.is(again.code, 0, again.stderr);
  t.is(letters('production-project'), 'bbbbbbb');
  t.true(server.updates.length > 0);
});

test.serial(
  'history names revisions, digests and times; rollback goes to the one before, or to one that is named',
  async t => {
    const {addEnvironment, holt, letters, server, nameOf} = await openPlatformWorld(t);
    await addEnvironment('staging', 'b');
    await addEnvironment('production', 'a');
    await holt('promote', 'staging', 'production', '--yes');
    const {stdout} = await holt('history', 'production');
    t.regex(stdout, /^revision +since +functions +grader\nexchange-00002-\w{3} +2026-\S+Z +b{12} +b{12} +runs now\n/);
    t.regex(stdout, /\nexchange-00001-\w{3} +2026-\S+Z +a{12} +a{12}\n$/);
    const rows = JSON.parse((await holt('history', 'production', '--json')).stdout);
    t.is(rows.length, 2);
    t.like(rows[1], {functions: image('functions', 'a'), grader: image('otter-grader', 'a'), isCurrent: false});

    server.updates.length = 0;
    const back = await holt('rollback', 'production', '--yes');
    t.is(back.code, 0, back.stderr);
    t.is(letters('production-project'), 'aaaaaaa');
    t.deepEqual(server.updates.slice(0, 3), ['service exchange', 'service dispatch', 'job grader']);
    const to = await holt('rollback', 'production', '--to', rows[0].id, '--yes');
    t.is(to.code, 0, to.stderr);
    t.is(letters('production-project'), 'bbbbbbb');
    t.regex((await holt('rollback', 'production', '--to', rows[0].id)).stdout, /there is nothing to do/);
    t.regex((await holt('rollback', 'production', '--to', 'exchange-00009-zzz')).stderr, /is no release of production/);

    // A release of the grader alone makes no revision: it is told by the notes.
    const grader = nameOf('staging-project', 'jobs', 'grader');
    const container = server.jobs.get(grader)?.template.template.containers[0];
    Object.assign(container ?? {}, {image: image('otter-grader', 'c')});
    t.is((await holt('promote', 'staging', 'production', '--yes')).code, 0);
    t.is(letters('production-project'), 'bbbbcbb');
    const [now, before] = JSON.parse((await holt('history', 'production', '--json')).stdout);
    t.is(now.id, `${before.id}.2`);
    t.is((await holt('rollback', 'production', '--yes')).code, 0);
    t.is(letters('production-project'), 'bbbbbbb');
  },
);

test.serial(
  'without a note the grader stays, and an environment with one release has nothing to go back to',
  async t => {
    const {addEnvironment, holt, letters, server, nameOf} = await openPlatformWorld(t);
    await addEnvironment('production', 'a');
    t.regex((await holt('rollback', 'production', '--yes')).stderr, /nothing to go back to/);
    // A build deployed another release by itself.
    for (const service of ['audit', 'passback', 'record', 'sweep', 'dispatch', 'exchange']) {
      server.setImage(nameOf('production-project', 'services', service), image('functions', 'b'));
    }

    const back = await holt('rollback', 'production', '--yes');
    t.is(back.code, 0, back.stderr);
    t.regex(back.stdout, /Nobody noted which grader ran with it, so the grader stays\./);
    t.is(letters('production-project'), 'aaaaaaa');
  },
);

test.serial('what somebody else changes in the middle stays, and is told', async t => {
  const {addEnvironment, start, letters, server, nameOf} = await openPlatformWorld(t, {operationMilliseconds: 150});
  await addEnvironment('staging', 'b');
  await addEnvironment('production', 'a');
  const {child, ended} = start(['promote', 'staging', 'production', '--yes']);
  for await (const line of createInterface({input: child.stdout ?? process.stdin})) {
    if (line.includes('audit runs')) {
      server.setImage(nameOf('production-project', 'services', 'exchange'), image('functions', 'e'));
    }
  }

  const {code, stderr} = await ended;
  t.is(code, 1);
  t.regex(stderr, /service exchange \(somebody changed it meanwhile: look, and run the command again\)/);
  t.is(letters('production-project'), 'bbbbbbe');
});

test.serial('without credentials it says how to log in, and no more', async t => {
  const {addEnvironment, holt, forgetCredentials} = await openPlatformWorld(t);
  await addEnvironment('production', 'a');
  forgetCredentials();
  const {code, stdout, stderr} = await holt('history', 'production');
  t.deepEqual([code, stdout], [1, '']);
  t.regex(stderr, /^holt: Cloud Run cannot be asked \(log in by `gcloud auth application-default login`\): /);
  t.notRegex(stderr, /\n {4}at /);
});

test.serial('a refusal of the platform is told with what to do', async t => {
  const {addEnvironment, holt, server} = await openPlatformWorld(t);
  await addEnvironment('production', 'a');
  server.refusal.now = {status: 403, name: 'PERMISSION_DENIED'};
  const {code, stderr} = await holt('history', 'production');
  t.is(code, 1);
  t.regex(stderr, /you need roles\/run\.developer/);
  t.notRegex(stderr, /\n {4}at /);
});

test.serial('deploy sets the digests of a build; a part that does not come up takes those before it back', async t => {
  const {addEnvironment, holt, letters, server, roots} = await openPlatformWorld(t);
  await addEnvironment('staging', 'a');
  const digests = path.join(roots, '..', 'digests');
  await mkdir(digests);
  await writeFile(path.join(digests, 'functions'), `${image('functions', 'b')}\n`);
  await writeFile(path.join(digests, 'otter-grader'), `${image('otter-grader', 'b')}\n`);
  const deployed = await holt('deploy', 'staging', '--digests', digests, '--yes');
  t.is(deployed.code, 0, deployed.stderr);
  t.is(letters('staging-project'), 'bbbbbbb');
  t.regex((await holt('history', 'staging')).stdout, /b{12} +b{12} +runs now\n.* a{12} +a{12}\n$/);

  server.brokenServices.add('dispatch');
  const given = ['--functions', image('functions', 'c'), '--grader', image('otter-grader', 'c')];
  const broken = await holt('deploy', 'staging', ...given, '--yes');
  t.is(broken.code, 1);
  t.regex(broken.stdout, /job grader runs cccccccccccc\n[\s\S]*job grader runs bbbbbbbbbbbb again\n/);
  t.regex(broken.stderr, /service dispatch.*failed to start.*\nEverything runs again what it ran before\./);
  t.is(letters('staging-project'), 'bbbbbbb');

  for (const [args, words] of [
    [['--digests', path.join(roots, 'none')], /functions cannot be read \(ENOENT\)/],
    [['--functions', image('functions', 'c')], /Name both images/],
    [['--functions', 'r/f:latest', '--grader', image('otter-grader', 'c')], /r\/f:latest is no image by digest/],
  ] as const) {
    const {code, stderr} = await holt('deploy', 'staging', '--yes', ...args);
    t.is(code, 1);
    t.regex(stderr, words);
  }

  t.is(letters('staging-project'), 'bbbbbbb');
});
