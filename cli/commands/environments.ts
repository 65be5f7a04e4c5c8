import {readFile} from 'node:fs/promises';
import path from 'node:path';
import {Command, Option} from 'commander';
import {EnvironmentFile, environmentsFolder, listEnvironments, readEnvironment} from '../environment-files.ts';
import {findStateBucket, writeRoot} from '../environment-root.ts';
import {addCourse, collect, match, parseHub} from '../parse-options.ts';
import {printTable} from '../print-table.ts';
import {tellImage} from '../release-parts.ts';
import {writeFolder} from '../write-folder.ts';

type New = {
  folder: string;
  like?: string;
  project: string;
  region?: string;
  functions?: string;
  grader?: string;
  stateBucket?: string;
  sharesProject?: boolean;
  hub?: string;
  course: Record<string, string>;
  githubApp: string;
  githubInstallation: string;
  ltiKey?: string;
  edx?: string;
  admin?: string[];
  alertEmail: string[];
  deployer?: string[];
  json?: boolean;
};

/** `holt environments`: the roots under terraform/environments. */
export const makeEnvironmentsCommand = (): Command =>
  new Command('environments')
    .description('write and list the Terraform roots of environments')
    .addCommand(makeNewCommand())
    .addCommand(makeListCommand());

const folderOption = () =>
  new Option('--folder <folder>', 'where the roots are').default(environmentsFolder, 'terraform/environments');

const makeNewCommand = (): Command =>
  new Command('new')
    .description('write the root of an environment; nothing is applied')
    .argument('<name>', 'its name: at most 15 lower-case letters, digits and hyphens')
    .requiredOption('--project <id>', 'the Google Cloud project that it is made in')
    .requiredOption(
      '--course <name=source>',
      'a course, e.g. 8x=github.com/your-org/8x-autograders; again for each',
      addCourse,
    )
    .requiredOption(
      '--github-app <id>',
      'the GitHub App that reads the courses',
      match(/^[1-9]\d{0,15}$/, 'the App’s number'),
    )
    .requiredOption(
      '--github-installation <id>',
      'its installation',
      match(/^[1-9]\d{0,15}$/, 'the installation’s number'),
    )
    .requiredOption(
      '--alert-email <address>',
      'where alerts go; again for each',
      collect(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'an e-mail address'),
    )
    .option('--like <name>', 'take region, images and state bucket from this environment')
    .option('--region <region>', 'where everything runs')
    .option('--functions <image>', 'the functions’ image, by digest')
    .option('--grader <image>', 'the grader’s image, by digest')
    .option(
      '--state-bucket <name>',
      'the bucket that bootstrap made for states',
      match(/^[a-z0-9][a-z0-9._-]{1,220}$/, 'the name of a bucket'),
    )
    .option('--shares-project', 'other environments are in the project: prefix every name')
    .option('--hub <url>', 'the JupyterHub as browsers see it', parseHub)
    .option(
      '--lti-key <key>',
      'the consumer key of edX, when scores go there',
      match(/^[\x21-\x7e]+$/, 'the consumer key'),
    )
    .option(
      '--edx <host>',
      'edX’s host, e.g. edge.edx.org',
      match(/^([a-z0-9-]+\.)+[a-z]{2,}(:\d+)?$/, 'a host name, without https://'),
    )
    .option('--admin <user>', 'who sees every course; again for each', collect(/^[^,\s]+$/, 'a user’s name'))
    .option(
      '--deployer <member>',
      'who may set images, as bootstrap prints it; again for each',
      collect(/^serviceAccount:\S+@\S+\.iam\.gserviceaccount\.com$/, 'serviceAccount:ADDRESS'),
    )
    .addOption(folderOption())
    .option('--json', 'print the files that were written as JSON')
    .action(writeNew);

async function writeNew(name: string, options: New): Promise<void> {
  const {folder, like, json} = options;
  const other = like === undefined ? undefined : await readEnvironment(folder, like);
  const environment = EnvironmentFile.safeParse({
    name,
    project_id: options.project,
    region: options.region ?? other?.region ?? 'us-central1',
    images: {
      functions: options.functions ?? other?.images.functions ?? '',
      grader: options.grader ?? other?.images.grader ?? '',
    },
  });
  if (!environment.success) {
    const issues = environment.error.issues.map(({path: at, message}) => `${at.join('.')} ${message}`);
    throw new Error(`The environment cannot be written: ${issues.join('; ')}.`);
  }

  if (options.sharesProject && name.length < 4) {
    throw new Error(
      `${name} is too short: an environment that shares its project has a name of at least 4 characters.`,
    );
  }

  if ((options.ltiKey === undefined) !== (options.edx === undefined)) {
    throw new Error('Give --lti-key and --edx together, or neither.');
  }

  const stateBucket = options.stateBucket ?? (like && (await findBucket(path.join(folder, like))));
  if (!stateBucket) {
    throw new Error('Give --state-bucket: bootstrap prints it (`terraform output state_bucket`).');
  }

  const {hub, ltiKey, edx} = options;
  const files = writeRoot(environment.data, {
    stateBucket,
    sharesProject: options.sharesProject ?? false,
    ...(hub && {hub: {apiUrl: `${hub}/hub/api`, origin: hub}}),
    courses: options.course,
    github: {appId: options.githubApp, installationId: options.githubInstallation},
    ...(ltiKey !== undefined && edx !== undefined && {lti: {key: ltiKey, edxHost: edx}}),
    admins: options.admin ?? [],
    alertEmails: options.alertEmail,
    deployers: options.deployer ?? [],
  });
  const root = path.join(folder, name);
  await writeFolder(root, files);
  const next = `Look at it, then: cd ${path.relative(process.cwd(), root)} && terraform init && terraform apply`;
  console.log(json ? JSON.stringify({name, root, files: Object.keys(files)}, null, 2) : `Written: ${root}\n${next}`);
}

const findBucket = async (root: string): Promise<string | undefined> =>
  findStateBucket(await readFile(path.join(root, 'backend.tf'), 'utf8').catch(() => ''));

const makeListCommand = (): Command =>
  new Command('list')
    .description('list the environments that have a root')
    .addOption(folderOption())
    .option('--json', 'print them as JSON')
    .action(async ({folder, json}: {folder: string; json?: boolean}) => {
      const listed = await listEnvironments(folder);
      const rows = listed.map(entry => {
        const {project_id = '', region = '', images} = 'environment' in entry ? entry.environment : {};
        const problem = 'problem' in entry ? entry.problem : '';
        return [
          entry.name,
          project_id,
          region,
          tellImage(images?.functions ?? ''),
          tellImage(images?.grader ?? ''),
          problem,
        ];
      });
      const table = () => printTable(['name', 'project', 'region', 'functions at first', 'grader at first', ''], rows);
      console.log(json ? JSON.stringify(listed, null, 2) : rows.length > 0 ? table() : `There is none in ${folder}.`);
    });
