import {execFile} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {parseOtterResults} from '../domain/otter-results.ts';
import {
  type Attack,
  hiddenTexts,
  limitsOf,
  listAttacks,
  listDescendants,
  listOrphans,
  makeAttack,
  writeTable,
} from '../testing/attacks.ts';
import {findProcesses, labArchive, places, readNotebook, setUpPython, until} from '../testing/grader.ts';
import {type Judge, startJudge, type Verdict} from './judge.ts';

type Outcome = {attack: Attack; verdict: Verdict; seconds: number};

const WORKERS = 2;
/** A neighbour is graded after this many attacks. */
const BETWEEN = 8;
/** What sealing, the questions and a busy machine may take beyond the limit of the cells and as much for the checks. */
const SLACK_SECONDS = 20;
const FULL_MARKS = 15;
/** The warm process, and for each worker a sandbox that waits: its parent, its first process and the student's. */
const MOST_PROCESSES = 1 + 3 * WORKERS;

const secret = `canary-of-the-environment-${process.pid}`;
const unpacked = mkdtempSync(path.join(tmpdir(), 'holt-attacks-'));
const files = {[`${unpacked}-private`]: 0o600, [`${unpacked}-shown`]: 0o644};

/** What attacks write where they can write on the host. */
const escapes = ['/tmp/holt-attack-escaped', '/tmp/PWNED_ENV', '/tmp/PWNED_NET'];

test.before(async t => {
  t.timeout(300_000);
  await setUpPython();
  process.env.HOLT_CANARY = secret;
  for (const [file, mode] of Object.entries(files)) {
    writeFileSync(file, `canary-of-the-disk-${process.pid}`, {mode});
  }
});

test.after.always(() => {
  for (const file of [...Object.keys(files), unpacked]) {
    rmSync(file, {recursive: true, force: true});
  }
});

const isGraded = (verdict: Verdict) => 'results' in verdict;

function sum(verdict: Verdict): number {
  if (!('results' in verdict)) {
    return 0;
  }

  return parseOtterResults(verdict.results, verdict.pointsPossible ?? null).reduce((all, {earned}) => all + earned, 0);
}

/** What a student sees of a result, and the log, which a student may be shown the end of. */
function readShown(verdict: Verdict): string {
  if (!('results' in verdict)) {
    return verdict.message;
  }

  const questions = parseOtterResults(verdict.results, verdict.pointsPossible ?? null);
  return [verdict.log, ...questions.map(({publicOutput}) => publicOutput)].join('\n');
}

/** Everything that is wrong with how an attack ended, in sentences. */
function judge({attack, verdict, seconds}: Outcome): string[] {
  const shown = readShown(verdict);
  const all = JSON.stringify(verdict);
  const wrong = {
    [`scores ${sum(verdict)}`]: sum(verdict) > attack.most,
    [`has no result: ${'message' in verdict ? verdict.message : ''}`]: !isGraded(verdict),
    [`took ${seconds} seconds`]: seconds > 2 * limitsOf(attack).notebookSeconds + SLACK_SECONDS,
    'shows a hidden case': hiddenTexts.some(text => shown.includes(text)),
    'tells a secret': /canary-of-the/.test(all),
    [`took something: ${/LOOT.{0,200}/.exec(all)?.[0]}`]: /LOOT(?!\[\]TOOL)/.test(all),
  };
  return Object.entries(wrong).flatMap(([sentence, isSo]) => (isSo ? [`${attack.name} ${sentence}`] : []));
}

async function grade(grader: Judge, attack: Attack): Promise<Outcome> {
  const started = performance.now();
  const verdict = await grader.grade(attack.notebook, limitsOf(attack));
  return {attack, verdict, seconds: (performance.now() - started) / 1000};
}

const solution = makeAttack('solution', readNotebook('submissions/solution'), FULL_MARKS);

/** Grades attacks two at a time, and an honest notebook beside them now and then. */
async function gradeAll(grader: Judge, attacks: Attack[]): Promise<Outcome[]> {
  const queue = attacks.flatMap((attack, index) => [
    ...Array.from({length: attack.runs}, () => attack),
    ...(index % BETWEEN === 0 ? [solution] : []),
  ]);
  const outcomes: Outcome[] = [];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      outcomes.push(await grade(grader, next));
    }
  };
  await Promise.all(Array.from({length: WORKERS}, work));
  return outcomes;
}

/** Compares the table of the documentation with this run's; writes it where `UPDATE_DOCS` asks for that. */
function compareTable(t: ExecutionContext, attacks: Attack[]): void {
  const file = new URL('../docs/security.md', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const updated = writeTable(text, attacks);
  if (process.env.UPDATE_DOCS) {
    writeFileSync(file, updated);
  }

  t.true(
    process.env.UPDATE_DOCS === '1' || text === updated,
    'docs/security.md has another table of attacks: UPDATE_DOCS=1 writes it.',
  );
}

test.serial(
  'no attack gains a mark, learns a hidden case or a secret, harms a neighbour or outlives its limit',
  async t => {
    t.timeout(280_000);
    const attacks = listAttacks();
    t.true(attacks.length >= 30);
    const before = escapes.filter(file => existsSync(file));
    // What the judge unpacks is in a folder of this test's own.
    process.env.TMPDIR = unpacked;
    const grader = await startJudge(labArchive, places, WORKERS);
    try {
      t.true('ready' in grader.opening, JSON.stringify(grader.opening));
      const outcomes = await gradeAll(grader, attacks);
      t.deepEqual(outcomes.flatMap(judge), []);
      for (const {attack, verdict, seconds} of outcomes.filter(({attack}) => attack === solution)) {
        t.is(sum(verdict), FULL_MARKS, `${attack.name}: ${JSON.stringify(verdict).slice(0, 500)}`);
        t.true('review' in verdict && verdict.review.length === 0);
        t.true(seconds < SLACK_SECONDS);
      }

      const last = await grade(grader, solution);
      t.is(sum(last.verdict), FULL_MARKS);
      t.true(last.seconds < 5, `an honest notebook took ${last.seconds} seconds afterwards`);
      t.true(
        await until(async () => (await listDescendants(grader.pid)).length <= MOST_PROCESSES, 10),
        'processes of an attack are left',
      );
      t.deepEqual(await listOrphans(), []);
      t.deepEqual(await findProcesses('holt-attack-daemon'), []);
      t.deepEqual(
        escapes.filter(file => existsSync(file)),
        before,
      );
    } finally {
      await grader.close();
    }

    t.deepEqual(readdirSync(unpacked), [], 'the judge leaves a folder');
    compareTable(t, attacks);
  },
);

test.serial('every changed notebook has an answer with a cause, and the judge lives', async t => {
  t.timeout(150_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-mutants-'));
  const script = new URL('../testing/mutate-notebooks.py', import.meta.url).pathname;
  await promisify(execFile)(places.python, [script, folder, '40']);
  const grader = await startJudge(labArchive, places, WORKERS);
  try {
    const mutants = readdirSync(folder).map(name =>
      makeAttack(name, readFileSync(path.join(folder, name)), FULL_MARKS),
    );
    t.is(mutants.length, 40);
    for (const {attack, verdict} of await gradeAll(grader, mutants)) {
      if ('results' in verdict) {
        t.true(parseOtterResults(verdict.results, verdict.pointsPossible ?? null).length === 6, attack.name);
        t.true(verdict.ended.length > 0, attack.name);
      } else {
        t.is(verdict.problem, 'notebook', `${attack.name}: ${verdict.message}`);
        t.regex(verdict.message, /\w.{20,}/s, attack.name);
      }
    }

    t.is(sum((await grade(grader, solution)).verdict), FULL_MARKS);
  } finally {
    await grader.close();
    rmSync(folder, {recursive: true, force: true});
  }
});
