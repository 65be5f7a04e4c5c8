import {execFile} from 'node:child_process';
import path from 'node:path';
import {root} from './options.ts';

/** Longer than packages take; a network that answers nothing keeps nobody waiting for ever. */
const MOST_MILLISECONDS = 300_000;

/** Makes the packages that a course's archives ask for beyond the grader's own. What fails is told, and fails nothing. */
export const makeCourseLayers = (course: string, say: (line: string) => void): Promise<void> =>
  new Promise(resolve => {
    const program = path.join(root, 'cli/make-layer.ts');
    const options = {timeout: MOST_MILLISECONDS};
    execFile(process.execPath, [program, '--at-start', '--course', course], options, (error, stdout, stderr) => {
      const late = error?.killed ? 'Installing packages that archives ask for took too long and was ended.\n' : '';
      for (const line of `${stdout}${stderr}${late}`.split('\n').filter(text => text.trim() !== '')) {
        say(`  ${line}`);
      }

      resolve();
    });
  });
