import {Command, Option} from 'commander';
import {assignmentOf, parseNotebook} from '../../domain/notebook.ts';
import {parseOrigin, parsePrefix} from '../address.ts';
import {parseNumber} from '../parse-options.ts';
import {readNotebook} from '../read-notebook.ts';
import {readSecret} from '../read-secret.ts';
import {isGood, printSoak, summarize} from '../soak/report.ts';
import {runActivity} from '../soak/run-activity.ts';
import {type Plan, runClass, runFirst, type Seen} from '../soak/run-class.ts';
import {makeClass, makeRunName} from '../soak/students.ts';

type Options = {
  students: number;
  notebook: string;
  prefix: string;
  rate: number;
  minutes: number;
  course?: string;
  secretFile?: string;
  audience?: string;
  standIn?: boolean;
  gradebook?: boolean;
  moodle?: boolean;
  json?: boolean;
};

const MOST_STUDENTS = 5000;
/** Tokens outlive the run by so much. */
const SPARE_SECONDS = 300;

/** `holt soak URL`: a class of made-up students submits to a deployment. */
export const makeSoakCommand = (): Command =>
  new Command('soak')
    .description('let a class of made-up students submit to a deployment, and measure it')
    .argument('<url>', 'where Holt is', parseOrigin)
    .requiredOption(
      '-s, --students <number>',
      `how many, at most ${MOST_STUDENTS}`,
      parseNumber(1, MOST_STUDENTS, true),
    )
    .requiredOption('--notebook <file>', 'what each of them submits; its metadata names the assignment')
    .option('--prefix <path>', 'the path that the hub forwards to Holt', parsePrefix, '/services/otter_grade/')
    .option('--rate <number>', 'submissions a second, at most', parseNumber(0.01, 50), 2)
    .option('--minutes <number>', 'end after so long, whatever still waits', parseNumber(0.01, 240), 15)
    .option('--course <name>', 'the course of the notebook, when it does not begin with "soak"')
    .addOption(
      new Option(
        '--secret-file <file>',
        'a file with HOLT_JWT_SECRET, which signs the students’ tokens; - reads it from standard input',
      ),
    )
    .option('--audience <name>', 'who the tokens are for: HOLT_JWT_AUDIENCE')
    .addOption(
      new Option('--stand-in', 'the students of a local stack, whose hub believes everybody').conflicts('secretFile'),
    )
    .addOption(
      new Option(
        '--moodle',
        'submit as Moodle’s plugin does, to an activity made for it and deleted after it',
      ).conflicts(['standIn', 'gradebook', 'course']),
    )
    .option('--gradebook', 'go on although the scores go to a gradebook: a demo’s')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
The students are called soak-RUN-0001 and so on, another RUN each time. Records stay in Holt, as every student's do, so
the notebook must be of a course of its own (its name begins with "soak"), of which nobody takes grades, and of an
assignment without a line item: the first notebook goes alone, and nothing more is sent when its score goes to a gradebook.

With --moodle the notebook is an otter assignment with its solutions, and the secret is JWT_SECRET. The activity is the
run's own, under numbers that no Moodle has, and is deleted whatever happens; no gradebook knows it. --prefix is MOODLE_PREFIX.`,
    )
    .action((url: string, options: Options, command: Command) => {
      const isDefault = command.getOptionValueSource('prefix') === 'default';
      return soak(url, options.moodle && isDefault ? {...options, prefix: '/'} : options);
    });

async function soak(url: string, options: Options): Promise<void> {
  const {students: count, minutes, rate, json} = options;
  const run = makeRunName();
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  process.once('SIGTERM', () => ended.abort());
  const startedAt = performance.now();
  const plan = {rate, until: startedAt + minutes * 60_000, signal: ended.signal};
  const tokenSeconds = Math.ceil(minutes * 60) + SPARE_SECONDS;
  const {seen, left} = options.moodle
    ? await soakActivity(run, url, options, tokenSeconds, plan)
    : await soakCourse(run, url, options, tokenSeconds, plan);
  const report = summarize(run, count, seen, (performance.now() - startedAt) / 1000);
  console.log(json ? JSON.stringify(report, null, 2) : printSoak(report));
  say(`What stays are records of the students ${run}-… ${left}.`);
  process.exitCode = isGood(report) ? 0 : 1;
}

type Paces = Omit<Plan, 'notebook'>;
/** What was seen of a class, and what stays of it. */
type Soaked = {seen: Seen[]; left: string};

const say = (line: string) => console.error(line);

async function soakCourse(run: string, url: string, options: Options, seconds: number, paces: Paces): Promise<Soaked> {
  const {students: count, prefix, gradebook = false} = options;
  const notebook = await readNotebook(options.notebook);
  const {course, assignment} = assignmentOf(parseNotebook(notebook));
  if (options.course === undefined ? !course.startsWith('soak') : options.course !== course) {
    throw new Error(
      `The notebook is of the course "${course}". Take one of a course whose name begins with "soak", or say --course ${course} when nobody takes grades from it.`,
    );
  }

  const proof = options.standIn ? 'stand-in' : await readProof(options, 'HOLT_JWT_SECRET');
  const [first, ...others] = await makeClass(run, count, {url, prefix}, proof, seconds);
  const plan = {...paces, notebook};
  say(`${run}: ${count} students submit ${assignment} of ${course} to ${url}, at most ${paces.rate} a second`);
  const seen = first ? [await runFirst(first, plan, gradebook)] : [];
  seen.push(...(await runClass(others, plan)));
  return {seen, left: `in the course ${course}${gradebook ? '' : '; no gradebook was told'}`};
}

async function soakActivity(
  run: string,
  url: string,
  options: Options,
  seconds: number,
  paces: Paces,
): Promise<Soaked> {
  const {students: count, prefix, notebook} = options;
  const content = Buffer.from(JSON.stringify(await readNotebook(notebook)));
  const secret = await readProof(options, 'JWT_SECRET');
  const activity = {base: url + prefix, master: {name: 'soak.ipynb', content}, secret, tokenSeconds: seconds};
  say(`${run}: ${count} students submit to an activity of their own at ${url}, at most ${paces.rate} a second`);
  const seen = await runActivity(run, count, activity, paces);
  return {seen, left: 'of an activity that is deleted; no gradebook was told'};
}

async function readProof({secretFile, audience}: Options, setting: string) {
  if (secretFile === undefined) {
    throw new Error(
      `Give --secret-file with ${setting} of the deployment${setting === 'JWT_SECRET' ? '' : ', or --stand-in for a local stack'}.`,
    );
  }

  return {secret: await readSecret(secretFile, setting), ...(audience !== undefined && {audience})};
}
