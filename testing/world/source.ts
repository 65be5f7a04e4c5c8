import JSZip from 'jszip';
import {HoltError} from '../../domain/errors.ts';
import type {CourseSource} from '../../domain/ports.ts';

const zips = new Map<string, Promise<Uint8Array>>();
/** A small archive that passes every check; another text is another archive. */
export const makeArchive = (text: string): Promise<Uint8Array> => {
  const zip = new JSZip();
  zip.file('tests/q1.py', `# ${text}`, {date: new Date(0)});
  const known = zips.get(text) ?? zip.generateAsync({type: 'uint8array'});
  zips.set(text, known);
  return known;
};

/** A course's source that a test can change, break and take down. */
export async function makeSource(course: string) {
  const config = {
    [course]: {
      policy: 'latest',
      1: {course_id: `Org+${course}+R`, subpath_to_zips: 'zips', assignments: {lab: 'b1', hw: 'b2'}},
    },
  };
  const source = {
    revision: 'revision-1',
    down: false,
    files: new Map<string, Uint8Array>([
      ['course-config.json', Buffer.from(JSON.stringify(config))],
      ['zips/lab-autograder.zip', await makeArchive(`${course} lab`)],
      ['zips/hw-autograder.zip', await makeArchive(`${course} hw`)],
    ]),
  };
  const check = () => {
    if (source.down) {
      throw new HoltError('source-unavailable', 'The source does not answer.');
    }
  };
  const port: CourseSource = {
    async findRevision() {
      check();
      return source.revision;
    },
    async readFile(_, path) {
      check();
      return source.files.get(path);
    },
  };
  return {...port, source};
}
