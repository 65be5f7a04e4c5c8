import {copyFile, mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {readConfig} from '../../functions/config.ts';
import {startEmbedded} from '../../functions/serve-embedded.ts';

const config = path.join(import.meta.dirname, '../fixtures/otter-lab/autograders/course-config.json');

/**
 * Starts Holt on the embedded engine, in this process, with the sample course. The course has its config and no archives,
 * so notebooks are received and none is graded.
 */
export async function startHolt({port, env}: {port: number; env: Record<string, string>}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'holt-browser-'));
  const course = path.join(folder, 'course');
  await mkdir(course);
  await copyFile(config, path.join(course, 'course-config.json'));
  const {close} = await startEmbedded(
    readConfig('all', {
      ...env,
      HOLT_ENGINE: 'embedded',
      HOLT_DATA: path.join(folder, 'data'),
      HOLT_COURSES: `demo=${course}`,
      HOST: '127.0.0.1',
      PORT: String(port),
    }),
  );
  return {
    async close() {
      await close();
      await rm(folder, {recursive: true, force: true});
    },
  };
}
