import {execFile} from 'node:child_process';
import {createHash} from 'node:crypto';
import path from 'node:path';
import {promisify} from 'node:util';
import {HoltError} from '../domain/errors.ts';
import {startHub} from './hub/start-hub.ts';
import {root, sampleLab} from './options.ts';
import type {Secrets} from './stack.ts';

let told = '';

/** Starts a real JupyterHub with JupyterLab and the Submit button beside Holt, its Python environment made first. */
export async function startRealHub({
  port,
  dataFolder,
  secrets,
  say,
}: {
  port: number;
  dataFolder: string;
  secrets: Secrets;
  say: (line: string) => void;
}): Promise<{environment: Record<string, string>; close: () => Promise<void>}> {
  const python = path.join(root, '.holt/hub-python');
  say('Preparing JupyterHub and JupyterLab …');
  try {
    await promisify(execFile)(path.join(root, 'emulator/hub/setup.sh'), [python], {cwd: root});
  } catch (cause) {
    const {stderr} = cause as {stderr?: string};
    throw new HoltError('hub-unavailable', `JupyterHub could not be installed:\n${stderr ?? String(cause)}`, {cause});
  }

  // The same for a data folder each time, so that a browser may remember it.
  const password = createHash('sha256').update(secrets.apiToken).digest('hex').slice(0, 12);
  const hub = await startHub({
    python,
    port: port === 0 ? 0 : port + 1,
    dataFolder: path.join(dataFolder, 'hub'),
    serviceUrl: `http://127.0.0.1:${port}`,
    apiToken: secrets.apiToken,
    password,
    notebooks: [path.join(sampleLab, 'submissions/blank.ipynb'), path.join(sampleLab, 'source/weather.csv')],
    groups: {'demo-staff': ['staff']},
    kernelPython: path.join(root, '.holt/python/bin/python'),
  });
  const other = hub.url.replace('127.0.0.1', 'localhost');
  told = `JupyterHub         ${hub.url}   (any user name, password ${password}; "staff" sees the course)\n                   open a notebook there and press the Submit button`;
  return {environment: {...hub.environment, HOLT_HUB_ORIGIN: `${hub.url},${other}`}, close: hub.close};
}

/** Says where the hub is and how to log in. */
export const tellWhatNext = (say: (line: string) => void): void => say(told);
