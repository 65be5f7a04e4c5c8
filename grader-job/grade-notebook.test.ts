import {existsSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {Limits} from '../domain/limits.ts';
import {
  addCode,
  changeArchive,
  findProcesses,
  labArchive,
  leaveProcess,
  limits,
  needSandbox,
  observe,
  places,
  readNotebook,
  setUpPython,
  until,
} from '../testing/grader.ts';
import {need} from '../testing/need.ts';
import {type Grader, makeGrader, type Outcome} from './grade-notebook.ts';
import {makeRunPython} from './run-python.ts';
import {makeBare, type Sandbox} from './sandbox.ts';

const {signal} = new AbortController();
const graderOn = (sandbox: Sandbox) => makeGrader(makeRunPython(sandbox, places));
const total = ({questions}: Outcome) => questions.reduce((sum, {earned}) => sum + earned, 0);
/** Seconds to sleep that no other process has. */
const makeMark = () => `98765${process.pid}.${performance.now().toFixed(0)}`;

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

/** A test on the best sandbox of this machine. */
function testGrader(title: string, body: (t: ExecutionContext, grader: Grader) => Promise<void>): void {
  test.serial(title, async t => {
    const sandbox = await needSandbox(t);
    if (sandbox) {
      await body(t, graderOn(sandbox));
    }
  });
}

const OBSERVE = `
import os, socket, json, resource
def attempt(work):
    try:
        return repr(work())[:80]
    except OSError as error:
        return type(error).__name__ + str(error.errno)
def connect(host, port):
    return attempt(lambda: socket.create_connection((host, port), 2))
def fill():
    with open('/tmp/full', 'wb') as file:
        try:
            for _ in range(200): file.write(b'x' * 2**20)
        finally:
            os.truncate('/tmp/full', 0)
seen = {
    'metadata': connect('169.254.169.254', 80), 'internet': connect('192.0.2.1', 443), 'dns': connect('example.com', 443),
    'environment': [name for name in os.environ if 'SECRET' in name or 'MANIFEST' in name or 'GOOGLE' in name],
    'uid': os.getuid(), 'root': os.getuid() == 0, 'pids': len([name for name in os.listdir('/proc') if name.isdigit()]) < 10,
    'home': attempt(lambda: os.listdir('/home')), 'host': attempt(lambda: open('/etc/shadow').read()),
    'checkout': attempt(lambda: open(${JSON.stringify(`${places.scripts}/../main.ts`)}).read()),
    'usr': attempt(lambda: open('/usr/x', 'w')), 'python': attempt(lambda: open(os.__file__, 'a')),
    'disk': attempt(fill), 'core': resource.getrlimit(resource.RLIMIT_CORE)[0],
}`;

const isolates = test.macro({
  async exec(t, kind: Sandbox['isolation']) {
    const sandbox = await needSandbox(t, kind);
    if (!sandbox) {
      return;
    }

    process.env.HOLT_SECRET = 'do not tell';
    const {gradeNotebook} = graderOn(sandbox);
    const notebook = observe(OBSERVE, "'SEEN' + json.dumps(seen) + 'END'");
    const small = Limits.parse({...limits, diskBytes: 40 * 2 ** 20});
    const outcome = await gradeNotebook({notebook, archive: labArchive, limits: small, signal});
    t.is(outcome.cause, 'student', outcome.log);
    t.is(total(outcome), 12);
    const seen = JSON.parse(/SEEN(.*)END/.exec(outcome.questions[1]?.output ?? '')?.[1] ?? '{}');
    t.like(seen, {
      metadata: 'OSError101',
      internet: 'OSError101',
      environment: [],
      root: false,
      pids: true,
      home: 'FileNotFoundError2',
      host: 'FileNotFoundError2',
      checkout: 'FileNotFoundError2',
      usr: 'OSError30',
      disk: 'OSError28',
      core: 0,
    });
    t.regex(seen.python, /OSError30|PermissionError13/);
    t.regex(seen.dns, /gaierror/);
    t.not(seen.uid, process.getuid?.());
  },
  title: (_, kind) =>
    `${kind}: student code has no network, no environment, no files of ours, another user and little disk`,
});

test.serial(isolates, 'bubblewrap');
test.serial(isolates, 'unshare');

testGrader('a notebook that never ends is a limit, and nothing is left of it', async (t, {gradeNotebook}) => {
  t.timeout(180_000);
  // A busy machine may not come as far as the endless cell in the first of these times.
  for (const notebookSeconds of [7, 60]) {
    const mark = makeMark();
    const notebook = addCode('submissions/solution', leaveProcess(mark));
    const short = Limits.parse({...limits, notebookSeconds});
    const grading = gradeNotebook({notebook, archive: labArchive, limits: short, signal});
    const wasThere = await until(async () => (await findProcesses(mark)).length > 0, notebookSeconds);
    const outcome = await grading;
    t.is(outcome.cause, 'limit');
    t.true(outcome.message.includes(`longer than the limit of ${notebookSeconds} seconds`));
    t.is(total(outcome), 0);
    t.is(
      outcome.questions.reduce((sum, {possible}) => sum + possible, 0),
      15,
    );
    t.deepEqual(await findProcesses(mark), []);
    if (wasThere) {
      return;
    }
  }

  t.fail('the process that would be left was never there');
});

const stops = test.macro({
  async exec(t, kind: Sandbox['isolation']) {
    const sandbox = kind === 'none' ? makeBare(places) : await needSandbox(t, kind);
    const get = 'run this on Linux';
    if (!sandbox || need(t, {what: '/proc, to look for processes,', get, isMissing: !existsSync('/proc/self')})) {
      return;
    }

    const mark = makeMark();
    const notebook = addCode('submissions/solution', leaveProcess(mark));
    const controller = new AbortController();
    const work = {notebook, archive: labArchive, limits, signal: controller.signal};
    const grading = t.throwsAsync(graderOn(sandbox).gradeNotebook(work), {name: 'AbortError'});
    t.true(await until(async () => (await findProcesses(mark)).length > 0), 'the process that would be left was there');
    controller.abort();
    await grading;
    t.true(await until(async () => (await findProcesses(mark)).length === 0, 5));
  },
  title: (_, kind) => `${kind}: stopped in the middle, nothing goes on`,
});

test.serial(stops, 'bubblewrap');
test.serial(stops, 'unshare');
test.serial(stops, 'none');

testGrader('a notebook that fills the memory is a limit, and says so', async (t, {gradeNotebook}) => {
  const hoard = "hoard = []\nwhile True: hoard.append(b'x' * (32 << 20))\n";
  const small = Limits.parse({...limits, memoryBytes: 400 * 2 ** 20});
  const notebook = addCode('submissions/solution', hoard);
  const outcome = await gradeNotebook({notebook, archive: labArchive, limits: small, signal});
  t.is(outcome.cause, 'limit');
  t.regex(outcome.message, /more memory than the limit of 400 MB/);
  t.is(total(outcome), 0);
});

testGrader('a fork bomb ends at the limit, and the machine goes on', async (t, {gradeNotebook}) => {
  const few = Limits.parse({...limits, notebookSeconds: 6, processes: 64});
  const notebook = readNotebook('attacks/fork_bomb');
  const outcome = await gradeNotebook({notebook, archive: labArchive, limits: few, signal});
  t.is(outcome.cause, 'limit');
  t.is(total(outcome), 0);
});

testGrader('a notebook that breaks the grading is its own fault', async (t, {gradeNotebook}) => {
  const notebook = addCode('submissions/solution', 'import pickle\npickle.dump = None\n');
  const outcome = await gradeNotebook({notebook, archive: labArchive, limits, signal});
  t.is(outcome.cause, 'student');
  t.regex(outcome.message, /kept the grader from finishing/);
  t.is(total(outcome), 0);
  t.is(outcome.questions.length, 6);
});

testGrader('what a test prints is cut', async (t, {gradeNotebook}) => {
  const notebook = readNotebook('submissions/big_repr_test');
  const outcome = await gradeNotebook({notebook, archive: labArchive, limits, signal});
  t.is(outcome.cause, 'student');
  t.true(JSON.stringify(outcome).length < 2e5);
});

testGrader("an archive's questions are listed", async (t, {inspectArchive}) => {
  const {cause, questions, otter} = await inspectArchive({archive: labArchive, limits, signal});
  t.is(cause, 'student');
  t.is(otter, '7.0.0');
  t.deepEqual(
    questions.map(({name, possible}) => `${name} ${possible}`),
    ['q1 2', 'q2 3', 'q3 2', 'q4 3', 'q5 4', 'q6 1'],
  );
});

const noTests = Object.fromEntries([1, 2, 3, 4, 5, 6].map(index => [`tests/q${index}.py`, null]));
const q1 = (points: string) =>
  `OK_FORMAT = True\ntest = {'name': 'q1', 'points': ${points}, 'suites': [{'cases': [{'code': '>>> 1'}]}]}`;

const broken: [what: string, archive: () => Promise<Buffer>, message: RegExp][] = [
  ['is not a zip', async () => Buffer.from('<html>not found</html>'), /not a readable zip/],
  ['is empty', async () => Buffer.alloc(0), /not a readable zip/],
  ['is cut off', async () => labArchive.subarray(0, 2000), /not a readable zip/],
  ['has no tests', () => changeArchive(noTests), /has no tests/],
  ['has a broken config', () => changeArchive({'otter_config.json': '{'}), /otter_config\.json .* not JSON/],
  ['is for Julia', () => changeArchive({'otter_config.json': '{"lang": "julia"}'}), /language is 'julia'/],
  [
    'is for R, without tests in R',
    () => changeArchive({'otter_config.json': '{"lang": "r"}'}),
    /no tests \(tests\/\*\.R/,
  ],
  ['has a test that is not Python', () => changeArchive({'tests/q1.py': 'def'}), /tests\/q1\.py .*SyntaxError/],
  ['has a test that ends Python', () => changeArchive({'tests/q1.py': 'import os; os._exit(3)'}), /ended the grader/],
  [
    'names a question twice',
    () => changeArchive({'tests/q2.py': q1('1')}),
    /tests\/q2\.py has no question name of its/,
  ],
  ['gives no number of points', () => changeArchive({'tests/q1.py': q1("float('nan')")}), /nan points/],
];

for (const [what, archive, message] of broken) {
  testGrader(`an archive that ${what} is for staff to mend`, async (t, {inspectArchive}) => {
    const inspection = await inspectArchive({archive: await archive(), limits, signal});
    t.is(inspection.cause, 'autograder', inspection.log);
    t.regex(inspection.message, message);
    t.deepEqual(inspection.questions, []);
  });
}

testGrader('nobody gets a zero for a broken test file', async (t, {gradeNotebook}) => {
  const archive = await changeArchive({'tests/q1.py': 'def'});
  const outcome = await gradeNotebook({notebook: readNotebook('submissions/solution'), archive, limits, signal});
  t.is(outcome.cause, 'autograder');
  t.regex(outcome.message, /tests\/q1\.py cannot be loaded/);
  t.deepEqual(outcome.questions, []);
});
