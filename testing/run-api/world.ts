import {type ChildProcess, execFile} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import {openLocalAccount} from '../../emulator/google/local-account.ts';
import {startRunServer} from './server.ts';

const program = fileURLToPath(new URL('../../cli/holt.ts', import.meta.url));
const services = ['exchange', 'dispatch', 'record', 'passback', 'audit', 'sweep'];

/** An image whose digest is easily told from another one's. */
export const image = (name: 'functions' | 'otter-grader', letter: string): string =>
  `us-central1-docker.pkg.dev/holt-builds/holt/${name}@sha256:${letter.repeat(64)}`;

export type Ended = {code: number; stdout: string; stderr: string};

/** Environments on a local Cloud Run, and `holt` as a person runs it on them. */
export async function openPlatformWorld(t: ExecutionContext, {operationMilliseconds = 20} = {}) {
  // Each command is a process; a busy machine takes its time.
  t.timeout(600_000);
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-platform-'));
  const server = await startRunServer({operationMilliseconds});
  t.teardown(async () => {
    await server.close();
    await rm(folder, {recursive: true});
  });
  const {file} = openLocalAccount(folder, 'p');
  const {PATH, NODE_COMPILE_CACHE} = process.env;
  const env: NodeJS.ProcessEnv = {
    ...{PATH, NODE_COMPILE_CACHE, HOME: folder, METADATA_SERVER_DETECTION: 'none'},
    GOOGLE_APPLICATION_CREDENTIALS: file,
  };
  const roots = path.join(folder, 'environments');

  const nameOf = (project: string, kind: 'services' | 'jobs', name: string) =>
    `projects/${project}/locations/us-central1/${kind}/${name}`;

  return {
    server,
    roots,
    nameOf,

    /** Writes an environment's root, and makes what its apply would make. */
    async addEnvironment(name: string, letter: string, {project = `${name}-project`, prefix = '', deploy = true} = {}) {
      const images = {functions: image('functions', letter), grader: image('otter-grader', letter)};
      await mkdir(path.join(roots, name), {recursive: true});
      const content = {name, project_id: project, region: 'us-central1', images};
      await writeFile(path.join(roots, name, 'environment.json'), JSON.stringify(content));
      const main = prefix ? 'module "x" {\n  shares_project = true\n}\n' : 'module "x" {}\n';
      await writeFile(path.join(roots, name, 'main.tf'), main);
      if (deploy) {
        const variables = prefix ? [{name: 'ENVIRONMENT', value: name}] : [];
        for (const service of services) {
          server.addService(nameOf(project, 'services', prefix + service), images.functions, variables);
        }

        server.addJob(nameOf(project, 'jobs', `${prefix}grader`), images.grader);
      }
    },

    /** The letters of the images that an environment runs, in the order of a promotion. */
    letters(project: string, prefix = ''): string {
      const letterOf = (containers: readonly {image: string}[] = []) => containers[0]?.image.at(-1) ?? '?';
      const job = server.jobs.get(nameOf(project, 'jobs', `${prefix}grader`))?.template.template.containers;
      return ['audit', 'passback', 'record', 'sweep', 'grader', 'dispatch', 'exchange']
        .map(part =>
          letterOf(
            part === 'grader'
              ? job
              : server.services.get(nameOf(project, 'services', prefix + part))?.template.containers,
          ),
        )
        .join('');
    },

    holt: (...args: string[]): Promise<Ended> => start(args).ended,
    start,
    /** As on a machine where nobody has logged in. */
    forgetCredentials: () => void delete env.GOOGLE_APPLICATION_CREDENTIALS,
  };

  function start(args: readonly string[]): {child: ChildProcess; ended: Promise<Ended>} {
    const given = [program, ...args, '--folder', roots, '--endpoint', server.url];
    const {promise: ended, resolve} = Promise.withResolvers<Ended>();
    const child = execFile(process.execPath, given, {env, timeout: 150_000}, (error, stdout, stderr) => {
      resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
    });
    return {child, ended};
  }
}
