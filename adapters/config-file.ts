import {createHash} from 'node:crypto';
import path from 'node:path';
import type {CourseSource} from '../domain/ports.ts';
import {makeFolderSource} from './course-folder.ts';

const MAX_CONFIG_BYTES = 2 ** 20;
const MARK = '+config-';

/**
 * Adds a file of this machine to a course's source, under its own absolute path.
 *
 * Shape: a revision is the source's own and a hash of the file, so that either's change is seen.
 */
export function addConfigFile(source: CourseSource, file: string): CourseSource {
  const folder = makeFolderSource(path.dirname(file));
  const read = (maxBytes: number) => folder.readFile('', path.basename(file), maxBytes);
  return {
    async findRevision() {
      const revision = await source.findRevision();
      const content = await read(MAX_CONFIG_BYTES);
      return `${revision}${MARK}${createHash('sha256')
        .update(content ?? '')
        .digest('hex')
        .slice(0, 16)}`;
    },
    readFile: async (revision, name, maxBytes) =>
      name === file ? read(maxBytes) : source.readFile(revision.split(MARK)[0] ?? '', name, maxBytes),
  };
}
