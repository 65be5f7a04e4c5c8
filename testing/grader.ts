import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import type {ExecutionContext} from 'ava';
import JSZip from 'jszip';
import {Limits} from '../domain/limits.ts';
import {makeGrader} from '../grader-job/grade-notebook.ts';
import {startJudge} from '../grader-job/judge.ts';
import {makeJudgedGrader} from '../grader-job/judged-grader.ts';
import {findSandbox} from '../grader-job/probe.ts';
import {makeRunPython} from '../grader-job/run-python.ts';
import {listSandboxes, type Places, type Sandbox} from '../grader-job/sandbox.ts';
import {need} from './need.ts';

const root = new URL('../', import.meta.url);
const lab = new URL('fixtures/otter-lab/', import.meta.url);

/** Where the grader's parts are in this checkout. */
export const places: Places = {
  python: fileURLToPath(new URL('.holt/python/bin/python', root)),
  scripts: fileURLToPath(new URL('grader-job/python', root)),
};

export const limits = Limits.parse({notebookSeconds: 120});

/** A notebook of the lab, such as `submissions/solution`. */
export const readNotebook = (name: string): Buffer => readFileSync(new URL(`${name}.ipynb`, lab));

/** The lab's archive. */
export const labArchive = readFileSync(new URL('autograders/demo/zips/lab-demo-autograder.zip', lab));

/** The lab's archive with files changed; null takes one out. */
export async function changeArchive(files: Record<string, string | null>): Promise<Buffer> {
  const zip = await JSZip.loadAsync(labArchive);
  for (const [name, content] of Object.entries(files)) {
    if (content === null) {
      zip.remove(name);
    } else {
      zip.file(name, content);
    }
  }

  return zip.generateAsync({type: 'nodebuffer'});
}

/** A notebook of the lab with code run before its own. */
export function addCode(name: string, source: string): Buffer {
  const notebook = JSON.parse(readNotebook(name).toString('utf8'));
  const cell = {cell_type: 'code', id: 'added', metadata: {}, execution_count: null, outputs: [], source};
  return Buffer.from(JSON.stringify({...notebook, cells: [cell, ...notebook.cells]}));
}

/** The solution, but `fahrenheit` answers what `expression` is, so that q2's output tells it. */
export function observe(setUp: string, expression: string): Buffer {
  const notebook = JSON.parse(readNotebook('submissions/solution').toString('utf8'));
  for (const cell of notebook.cells) {
    if ([cell.source].flat().join('').includes('def fahrenheit')) {
      cell.source = `${setUp}\ndef fahrenheit(c):\n    return ${expression}\n`;
    }
  }

  return Buffer.from(JSON.stringify(notebook));
}

/** Makes the grader's Python environment when it is not there. */
export async function setUpPython(): Promise<void> {
  await promisify(execFile)(`${places.scripts}/setup.sh`, [], {timeout: 300_000});
}

/** The job's two graders in a sandbox: the judge's, with plain otter for what it cannot grade, and plain otter's alone. */
export function openGraders(sandbox: Sandbox, signal: AbortSignal) {
  const plain = makeGrader(makeRunPython(sandbox, places));
  const judged = makeJudgedGrader({plain, openJudge: archive => startJudge(archive, places, 1), signal});
  return {judged, plain, [Symbol.asyncDispose]: judged.close};
}

const found = new Map<string, ReturnType<typeof findSandbox>>();

/** The first sandbox of a kind that works here; undefined after a skip. */
export async function needSandbox(t: ExecutionContext, kind?: Sandbox['isolation']): Promise<Sandbox | undefined> {
  const candidates = listSandboxes(places).filter(({isolation}) => kind === undefined || isolation === kind);
  const finding = found.get(kind ?? '') ?? findSandbox(places, {isBareAllowed: false, log() {}}, candidates);
  found.set(kind ?? '', finding);
  const sandbox = await finding;
  const isMissing = 'reason' in sandbox;
  const tool = kind === 'unshare' ? 'util-linux' : 'bubblewrap';
  const what = `${kind ?? 'bubblewrap or unshare'} that works`;
  if (need(t, {what, get: `apt-get install ${tool}, and allow user namespaces`, isMissing}) || isMissing) {
    return undefined;
  }

  return sandbox;
}

/** Processes of this machine whose command line has a text. */
export async function findProcesses(marker: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async pid => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(marker)),
  );
  return pids.filter((_, index) => found[index]).map(Number);
}

/** Code that leaves a process behind, in a session of its own, and then never ends. */
export const leaveProcess = (marker: string): string =>
  `import subprocess\nsubprocess.Popen(['sleep', '${marker}'], start_new_session=True)\nwhile True: pass\n`;

/** Waits until something is so. */
export async function until(condition: () => Promise<boolean>, seconds = 60): Promise<boolean> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; ) {
    if (await condition()) {
      return true;
    }

    await new Promise(resolve => {
      setTimeout(resolve, 50);
    });
  }

  return false;
}
