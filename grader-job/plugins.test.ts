import test, {type ExecutionContext} from 'ava';
import JSZip from 'jszip';
import {
  changeArchive,
  labArchive,
  limits,
  needSandbox,
  openGraders,
  readNotebook,
  setUpPython,
} from '../testing/grader.ts';
import type {Grader} from './grade-notebook.ts';

/* What becomes of the plugins that an archive names: otter's own are left out, the author's run in the sandbox. */

const opened = await JSZip.loadAsync(labArchive);
const config = JSON.parse((await opened.file('otter_config.json')?.async('string')) ?? '{}');
const solution = readNotebook('submissions/solution');
const {signal} = new AbortController();

test.before(t => {
  t.timeout(300_000);
  return setUpPython();
});

type Graders = {judged: Grader; plain: Grader};

/** A test on the job's grader, and on plain otter's alone. */
function testPlugins(title: string, body: (t: ExecutionContext, graders: Graders) => Promise<void>): void {
  test.serial(title, async t => {
    t.timeout(180_000);
    const sandbox = await needSandbox(t);
    if (!sandbox) {
      return;
    }

    await using graders = openGraders(sandbox, signal);
    await body(t, graders);
  });
}

/** The lab's archive with plugins, and their files among the assignment's. */
const withPlugins = (plugins: unknown, files: Record<string, string> = {}) =>
  changeArchive({
    'otter_config.json': JSON.stringify({...config, plugins}),
    ...Object.fromEntries(Object.entries(files).map(([name, source]) => [`files/${name}`, source])),
  });

const plugin = (body: string) =>
  `from otter.plugins import AbstractOtterPlugin\nclass Curve(AbstractOtterPlugin):\n${body.replaceAll(/^/gm, '    ')}\n`;

const curve = plugin(`
def before_execution(self, notebook):
    notebook.cells = [cell for cell in notebook.cells if 'def fahrenheit' not in cell.source]
    return notebook
def after_grading(self, results):
    results.update_score('q1', self.plugin_config['q1'])
def generate_report(self):
    return 'curved'`);

const byName = (questions: {name: string; earned: number}[]) =>
  Object.fromEntries(questions.map(({name, earned}) => [name, earned]));

testPlugins('a plugin among the files takes part in grading, and the result is marked', async (t, {judged}) => {
  const archive = await withPlugins([{'curve.Curve': {q1: 0.5}}], {'curve.py': curve});
  const inspection = await judged.inspectArchive({archive, limits, signal});
  t.is(inspection.cause, 'student', inspection.message);
  t.is(inspection.questions.length, 6);
  const outcome = await judged.gradeNotebook({notebook: solution, archive, limits, signal});
  t.is(outcome.cause, 'student', outcome.message);
  t.is(outcome.isolation, undefined, 'not the judge');
  t.like(byName(outcome.questions), {q1: 0.5, q2: 0, q3: 2});
  t.regex(
    outcome.log,
    /^Graded by plain otter, which a notebook can deceive: The plugin curve\.Curve is the author's code/,
  );
  t.regex(outcome.log, /curved/);
});

testPlugins('a plugin is found as it is on Gradescope, by its folder', async (t, {plain}) => {
  const archive = await withPlugins([{'submission.curve.Curve': {q1: 1}}], {'curve.py': curve});
  const outcome = await plain.gradeNotebook({notebook: solution, archive, limits, signal});
  t.is(outcome.cause, 'student', outcome.message);
  t.is(byName(outcome.questions).q1, 1);
});

testPlugins("otter's own plugins are left out, and the judge grades", async (t, {judged, plain}) => {
  const names = ['RateLimiting', 'GoogleSheetsGradeOverride', 'GmailNotifications'];
  const settings = {allowed_submissions: 0, service_account_credentials: {private_key: 'a secret'}};
  const archive = await withPlugins(names.map(name => ({[`otter.plugins.builtin.${name}`]: settings})));
  const inspection = await judged.inspectArchive({archive, limits, signal});
  t.is(inspection.cause, 'student', inspection.message);
  for (const grader of [judged, plain]) {
    const outcome = await grader.gradeNotebook({notebook: solution, archive, limits, signal});
    t.is(outcome.cause, 'student', outcome.message);
    t.is(
      Object.values(byName(outcome.questions)).reduce((sum, earned) => sum + earned),
      15,
    );
    t.is(outcome.isolation, grader === judged ? 'judge' : undefined);
    for (const name of names) {
      t.regex(outcome.log, new RegExp(`^The plugin otter\\.plugins\\.builtin\\.${name} is left out: `, 'm'));
    }

    t.notRegex(JSON.stringify(outcome), /a secret/);
  }
});

testPlugins("the settings of otter's own plugins are not in the sandbox", async (t, {plain}) => {
  const secret = {'otter.plugins.builtin.GmailNotifications': {client_secret: 'a secret'}};
  const looks = plugin(`
def after_grading(self, results):
    with open('../source/otter_config.json') as file:
        print('KEPT' + file.read())`);
  const archive = await withPlugins([secret, 'curve.Curve'], {'curve.py': looks});
  const outcome = await plain.gradeNotebook({notebook: solution, archive, limits, signal});
  t.is(outcome.cause, 'student', outcome.message);
  t.regex(outcome.log, /KEPT[\s\S]*"plugins": \[\s*"curve\.Curve"\s*\]/);
  t.notRegex(outcome.log, /a secret/);
});

const courier = plugin(`
def after_grading(self, results):
    import urllib.request
    urllib.request.urlopen('http://192.0.2.1/', timeout=5)`);
const bonus = plugin("\ndef after_grading(self, results):\n    results.update_score('q1', 3)");
const forgets = plugin('\ndef before_execution(self, notebook):\n    pass');
const leaves = plugin('\ndef before_grading(self, config):\n    raise SystemExit(0)');

const failing: [what: string, source: string, message: RegExp][] = [
  ['needs a network', courier, /^The plugin curve\.Curve fails in after_grading \(URLError: .*without a network/],
  [
    'gives more than a question is worth',
    bonus,
    /^The plugin curve\.Curve gives 3 of 2(\.0)? points for q1, which cannot be/,
  ],
  ['returns no notebook', forgets, /^The plugin curve\.Curve returns no notebook in before_execution/],
  ['ends Python', leaves, /^The plugin curve\.Curve fails in before_grading \(SystemExit/],
];

for (const [what, source, message] of failing) {
  testPlugins(`a plugin that ${what} is for staff to mend, by its name`, async (t, {plain}) => {
    const archive = await withPlugins(['curve.Curve'], {'curve.py': source});
    const outcome = await plain.gradeNotebook({notebook: solution, archive, limits, signal});
    t.is(outcome.cause, 'autograder', outcome.log);
    t.regex(outcome.message, message);
    t.deepEqual(outcome.questions, []);
  });
}

const unloadable: [what: string, plugins: unknown, files: Record<string, string>, message: RegExp][] = [
  [
    'is nowhere',
    ['nowhere.Plugin'],
    {},
    /^The plugin nowhere\.Plugin cannot be loaded \(ModuleNotFoundError: .*put its file/,
  ],
  [
    'does not load',
    ['curve.Curve'],
    {'curve.py': '1/0'},
    /^The plugin curve\.Curve cannot be loaded \(ZeroDivisionError/,
  ],
  ['has no module', ['Curve'], {}, /^otter_config\.json names a plugin by \['Curve'\]: name one class/],
];

for (const [what, plugins, files, message] of unloadable) {
  testPlugins(`a plugin that ${what} is found when the archive is inspected`, async (t, {judged, plain}) => {
    const archive = await withPlugins(plugins, files);
    for (const grader of [judged, plain]) {
      const inspection = await grader.inspectArchive({archive, limits, signal});
      t.is(inspection.cause, 'autograder', inspection.log);
      t.regex(inspection.message, message);
    }
  });
}
