import {mkdir} from 'node:fs/promises';
import {performance} from 'node:perf_hooks';
import type {Limits} from '../domain/limits.ts';
import {
  type GradeNotebook,
  type Grader,
  type Inspection,
  makeGrader,
  type Outcome,
} from '../grader-job/grade-notebook.ts';
import {type Judge, startJudge, type Verdict} from '../grader-job/judge.ts';
import {makeJudgedGrader} from '../grader-job/judged-grader.ts';
import {placeLayers} from '../grader-job/layers.ts';
import {findSandbox} from '../grader-job/probe.ts';
import {makeRunPython} from '../grader-job/run-python.ts';
import type {Places, Sandbox} from '../grader-job/sandbox.ts';
import {watchMemory} from './check-memory.ts';
import {renameNotebook} from './check-notebooks.ts';
import {CannotCheck} from './check-program.ts';
import type {CheckSettings} from './check-settings.ts';
import {type MadeLayer, makeLayers} from './layers.ts';

type Graded = Exclude<Verdict, {problem: string}>;

/** One notebook graded once: what the job would upload, and what of the judge's answer the upload leaves out. */
export type Run = Outcome & {
  /** The judge's own answer; undefined where plain otter graded. */
  verdict: Graded | undefined;
  seconds: number;
  /** What it took at most, as far as that was seen; undefined where plain otter graded. */
  memoryBytes: number | undefined;
};

/** What an archive is checked with. */
export type Graders = {
  inspection: Inspection;
  layer: MadeLayer;
  /** What the judge says of the archive; undefined on a machine where it cannot work. */
  ready: {unsupported: string[]; notes: string[]; forgeable: Record<string, number[]>} | undefined;
  /** Grades as the job does. */
  grade: (notebook: Uint8Array) => Promise<Run>;
  /** Grades with plain otter in the sandbox. */
  gradePlain: (notebook: Uint8Array) => Promise<Run>;
  close: () => Promise<void>;
};

export type OpenGraders = (archive: Uint8Array, limits: Limits) => Promise<Graders | {problem: string}>;

/**
 * Makes what opens graders, as the job's main does.
 *
 * Throws: `CannotCheck` on a machine that cannot keep a notebook apart.
 */
export async function makeOpenGraders({places, isBareAllowed}: CheckSettings): Promise<OpenGraders> {
  const log = (_: string, message: string) => console.error(message);
  // The sandbox shows it from its start. Where it cannot be made, making a layer says so.
  await mkdir(placeLayers(places), {recursive: true}).catch(() => {});
  const sandbox = await findSandbox(places, {isBareAllowed, log});
  if ('reason' in sandbox) {
    throw new CannotCheck(
      `${sandbox.reason} Install bubblewrap and allow user namespaces, or set HOLT_UNSAFE_NO_SANDBOX=1 for notebooks that are your own.`,
    );
  }

  return (archive, limits) => openGraders(archive, limits, sandbox, places);
}

async function openGraders(archive: Uint8Array, limits: Limits, sandbox: Sandbox, places: Places) {
  const {signal} = new AbortController();
  const [layer] = await makeLayers([archive], places, {keep: false});
  if (!layer || layer.problem !== undefined) {
    return {problem: layer?.problem ?? 'Its packages could not be looked up.'};
  }

  const plain = makeGrader(makeRunPython(sandbox, places));
  const judge = sandbox.isolation === 'none' ? undefined : await startJudge(archive, places, 1);
  const close = async () => judge?.close();
  const opening = judge?.opening;
  if (opening && 'problem' in opening) {
    await close();
    if (opening.problem === 'sandbox') {
      throw new CannotCheck(`This machine cannot keep a notebook apart, so nothing is checked: ${opening.message}.`);
    }

    return {problem: opening.message};
  }

  const inspection = await plain.inspectArchive({archive, limits, signal});
  if (inspection.cause !== 'student') {
    await close();
    return {problem: inspection.message};
  }

  const watched = judge && watch(judge, plain, signal);
  const time = async (gradeNotebook: GradeNotebook, notebook: Uint8Array) => {
    const started = performance.now();
    const outcome = await gradeNotebook({notebook, archive, limits, signal});
    if (outcome.cause === 'infrastructure') {
      throw new Error(`${outcome.message}\n${outcome.log}`.trim());
    }

    return {...outcome, verdict: undefined, memoryBytes: undefined, seconds: (performance.now() - started) / 1000};
  };
  return {
    inspection,
    layer,
    ready: opening?.ready,
    async grade(notebook: Uint8Array): Promise<Run> {
      if (!(judge && watched)) {
        return await time(plain.gradeNotebook, notebook);
      }

      const {done, bytes} = await watchMemory(judge.pid, () => time(watched.gradeNotebook, notebook));
      const verdict = watched.takeVerdict();
      if (!verdict) {
        return done;
      }

      const {cells = 0, checks = 0} = verdict.seconds;
      return {...done, verdict, seconds: cells + checks, memoryBytes: bytes > 0 ? bytes : undefined};
    },
    gradePlain: (notebook: Uint8Array) => time(plain.gradeNotebook, renameNotebook(notebook)),
    close,
  };
}

/** The grader of the job on this judge, and the judge's last verdict, which the grader does not tell whole. */
function watch(judge: Judge, plain: Grader, signal: AbortSignal) {
  let last: Graded | undefined;
  const grade: Judge['grade'] = async (notebook, limits) => {
    const verdict = await judge.grade(notebook, limits);
    last = 'problem' in verdict ? undefined : verdict;
    return verdict;
  };
  const {gradeNotebook} = makeJudgedGrader({plain, openJudge: async () => ({...judge, grade}), signal});
  const takeVerdict = () => {
    const verdict = last;
    last = undefined;
    return verdict;
  };
  return {gradeNotebook, takeVerdict};
}
