import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {parseArgs} from 'node:util';
import {HoltError} from '../domain/errors.ts';

export type Options = {
  engine: 'embedded' | 'google';
  /** Stop after the sample's grade has reached the LMS. */
  demo: boolean;
  sample: boolean;
  hub: boolean;
  port: number;
  /** Everything is kept here; undefined makes a folder that is removed at the end. */
  data: string | undefined;
  /** A folder with `course-config.json` and the archives. */
  course: string;
  upgrade: boolean;
  help: boolean;
};

export const help = `Usage: ./emulator.sh [options]

Runs the whole of Holt on this machine: a student's notebook goes in at the front door, and its grade comes out at a
demo LMS. Everything listens on 127.0.0.1 only.

  --demo             submit the sample lab, wait for its grade, stop
  --no-sample        submit nothing
  --course FOLDER    grade this course: a folder with course-config.json and the archives
  --data FOLDER      keep everything here (default: .holt/<engine>)
  --port PORT        where Holt listens (default: 10101)
  --hub              add a real JupyterHub and JupyterLab with the Submit button, on the next port
  --engine google    the same on Google's emulators instead of the embedded engine
  --no-upgrade       refuse data of an older version instead of upgrading it
`;

export const root = path.resolve(import.meta.dirname, '..');
export const sampleLab = path.join(root, 'testing/fixtures/otter-lab');

/** Reads the command line. Throws `invalid-setting` with a sentence for what it cannot be. */
export function readOptions(args: readonly string[]): Options {
  const {values} = parse(args);
  const engine = values.engine ?? 'embedded';
  if (engine !== 'embedded' && engine !== 'google') {
    throw new HoltError('invalid-setting', `--engine is "${engine}": it can be embedded or google.`);
  }

  const port = Number(values.port ?? '10101');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HoltError('invalid-setting', `--port is "${values.port}": it must be a number from 0 to 65535.`);
  }

  const demo = values.demo ?? false;
  if (values.hub && (demo || port === 0)) {
    throw new HoltError(
      'invalid-setting',
      '--hub is to click: it needs a --port other than 0, and goes without --demo.',
    );
  }

  const course = path.resolve(values.course ?? path.join(sampleLab, 'autograders'));
  const kept = values.data ? path.resolve(values.data) : path.join(root, '.holt', engine);
  return {
    engine,
    demo,
    // The sample belongs to the sample course.
    sample: !values['no-sample'] && (demo || !values.course),
    hub: values.hub ?? false,
    port,
    // A demonstration starts from nothing unless it is told where to go on.
    data: demo && !values.data ? undefined : kept,
    course,
    upgrade: !values['no-upgrade'],
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        engine: {type: 'string'},
        demo: {type: 'boolean'},
        'no-sample': {type: 'boolean'},
        hub: {type: 'boolean'},
        port: {type: 'string'},
        data: {type: 'string'},
        course: {type: 'string'},
        'no-upgrade': {type: 'boolean'},
        help: {type: 'boolean', short: 'h'},
      },
    });
  } catch (cause) {
    throw new HoltError('invalid-setting', `${(cause as Error).message}\n\n${help}`, {cause});
  }
}

/** Names the courses of a folder's `course-config.json`. Throws `invalid-setting`. */
export function findCourses(folder: string): string[] {
  const file = path.join(folder, 'course-config.json');
  if (!existsSync(file)) {
    throw new HoltError('invalid-setting', `--course: there is no course-config.json in ${folder}.`);
  }

  try {
    const names = Object.keys(JSON.parse(readFileSync(file, 'utf8')) as object);
    if (names.length > 0) {
      return names;
    }
  } catch (cause) {
    throw new HoltError('invalid-setting', `--course: ${file} is not JSON: ${(cause as Error).message}.`, {cause});
  }

  throw new HoltError('invalid-setting', `--course: ${file} names no course.`);
}
