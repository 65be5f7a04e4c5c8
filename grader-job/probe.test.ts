import test from 'ava';
import {places, setUpPython} from '../testing/grader.ts';
import {findSandbox} from './probe.ts';
import {makeBare, type Sandbox} from './sandbox.ts';

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

const quiet = {isBareAllowed: false, log() {}};

/** A tool that starts what it is given and isolates nothing. */
const careless: Sandbox = {...makeBare(places), isolation: 'bubblewrap'};
const missing: Sandbox = {...careless, wrap: () => ({file: '/nowhere/bwrap', args: [], env: {}})};

test('a tool that starts but does not isolate is not taken', async t => {
  const found = await findSandbox(places, quiet, [careless]);
  t.regex(
    'reason' in found ? found.reason : '',
    /nothing is graded \(bubblewrap: .*(network|other processes|root|No such)/,
  );
});

test('without any tool nothing is graded', async t => {
  const none = await findSandbox(places, quiet, []);
  t.regex('reason' in none ? none.reason : '', /neither bubblewrap .* nor unshare is installed/);
  const broken = await findSandbox(places, quiet, [missing]);
  t.regex('reason' in broken ? broken.reason : '', /ENOENT/);
});

test('only who says so grades without isolation, and is warned', async t => {
  const warnings: string[] = [];
  const log = (severity: string, message: string) => void warnings.push(`${severity} ${message}`);
  const found = await findSandbox(places, {isBareAllowed: true, log}, [missing]);
  t.is('reason' in found ? undefined : found.isolation, 'none');
  t.regex(warnings.join(), /^WARNING grading without isolation/);
});
