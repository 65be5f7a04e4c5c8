import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {hidePaths} from '../domain/otter-results.ts';
import {labArchive, limits, needSandbox, places, setUpPython} from '../testing/grader.ts';
import {type Judge, startJudge} from './judge.ts';

/* What the judge answers is what plain otter answered, but for what docs/grading-differences.md names. */

const fixtures = path.resolve('testing/fixtures');
const lab = path.join(fixtures, 'otter-lab');
const grader = path.join(fixtures, 'grader');

/** Why a notebook's result differs, by assignment and notebook. */
const differences: Record<string, string> = {
  'checks/checked-in-a-function': 'a hidden case changes a list',
  'checks/checked-twice': 'a hidden case changes a list',
  'checks/checks-that-raise': 'a hidden case changes a list',
  'checks/solution': 'a hidden case changes a list',
  'checks/spoiled-later': 'a hidden case changes a list',
  'magics/unknown-magic': 'a hidden case shows a value',
  'output/prints-a-lot': 'a long message',
  'output/raises': 'a long message, and a recursion without end',
  'output/student': 'a long message',
};

type Notebook = {name: string; file: string; fileName: string; expected: string};

test.serial.before(async t => {
  t.timeout(300_000);
  await setUpPython();
});

async function withJudge(archive: Uint8Array, use: (judge: Judge) => Promise<void>): Promise<void> {
  const judge = await startJudge(archive, places, 2);
  try {
    await use(judge);
  } finally {
    await judge.close();
  }
}

const normalise = (results: unknown): string =>
  JSON.stringify(results, (_, value) => (typeof value === 'string' ? hidePaths(value) : value), 2);

/** The questions of plain otter's results, by name: their order is that of the notebook's checks. */
const listMaxima = ({tests}: {tests: {name: string; max_score?: number}[]}): string[] =>
  tests.flatMap(({name, max_score}) => (max_score === undefined ? [] : [`${name} ${max_score}`])).sort();

const listOpened = ({opening}: Judge): string[] =>
  'ready' in opening ? opening.ready.questions.map(({name, possible}) => `${name} ${possible}`).sort() : [];

function compare(title: string, archive: Uint8Array, notebooks: readonly Notebook[]): void {
  test.serial(title, async t => {
    t.timeout(240_000);
    if (!(await needSandbox(t))) {
      return;
    }

    await withJudge(archive, async judge => {
      for (const {name, file, fileName, expected} of notebooks) {
        const verdict = await judge.grade(readFileSync(file), limits, fileName);
        if ('problem' in verdict) {
          t.fail(`${name}: ${verdict.message}`);
          continue;
        }

        t.deepEqual(listMaxima(JSON.parse(readFileSync(expected, 'utf8'))), listOpened(judge), `${name}: maxima`);
        const [ours, otters] = [normalise(verdict.results), normalise(JSON.parse(readFileSync(expected, 'utf8')))];
        if (name in differences) {
          t.not(ours, otters, `${name} is no difference any more: take it out of the list`);
        } else {
          t.is(ours, otters, name);
        }

        t.deepEqual(verdict.review, [], `${name}: an honest notebook is flagged`);
      }
    });
  });
}

const stem = (file: string): string => path.basename(file).split('.')[0] ?? file;

compare(
  'the lab: every notebook gets what plain otter gave it',
  labArchive,
  readdirSync(path.join(lab, 'expected')).map(file => ({
    name: `otter-lab/${stem(file)}`,
    file: path.join(lab, 'submissions', `${stem(file)}.ipynb`),
    fileName: `${stem(file)}.ipynb`,
    expected: path.join(lab, 'expected', file),
  })),
);

for (const assignment of readdirSync(path.join(grader, 'expected'))) {
  compare(
    `${assignment}: every notebook gets what plain otter gave it`,
    readFileSync(path.join(grader, 'assignments', assignment, 'autograder.zip')),
    readdirSync(path.join(grader, 'expected', assignment)).map(file => ({
      name: `${assignment}/${stem(file)}`,
      file: path.join(grader, 'submissions', assignment, `${stem(file)}.ipynb`),
      fileName: `${assignment}.ipynb`,
      expected: path.join(grader, 'expected', assignment, file),
    })),
  );
}
