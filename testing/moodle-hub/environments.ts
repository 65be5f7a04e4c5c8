import {execFile} from 'node:child_process';
import path from 'node:path';
import {promisify} from 'node:util';

export const root = path.join(import.meta.dirname, '../..');
/** The example that the tests run. */
export const example = path.join(root, 'examples/moodle-hub');

/** Python environments of the example's own locks: the hub's, a user's server, and what checks the compose file. */
export const environments = {
  hub: {folder: path.join(root, '.holt/moodle-hub'), lock: 'hub/requirements.txt'},
  lab: {folder: path.join(root, '.holt/moodle-lab'), lock: 'lab/requirements.txt'},
  check: {folder: path.join(root, '.holt/moodle-check'), lock: 'requirements-dev.txt'},
};

/** Makes Python environments that are missing, once for all tests. */
export async function setUp(...names: (keyof typeof environments)[]): Promise<void> {
  for (const name of names) {
    const {folder, lock} = environments[name];
    await promisify(execFile)(path.join(root, 'grader-job/python/setup.sh'), [folder, path.join(example, lock)], {
      timeout: 400_000,
    });
  }
}

/** A program of an environment. */
export const programOf = (name: keyof typeof environments, program: string) =>
  path.join(environments[name].folder, 'bin', program);
