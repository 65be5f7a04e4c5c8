import {type StdioOptions, spawn} from 'node:child_process';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import type {Duplex} from 'node:stream';
import {z} from 'zod';
import type {Limits} from '../domain/limits.ts';
import {readFrames, writeFrame} from './frames.ts';
import {placeLayers} from './layers.ts';
import type {Places} from './sandbox.ts';

/** What the judge says of an archive. What it cannot grade itself it names. */
export const Opening = z.union([
  z.object({
    ready: z.object({
      otter: z.string(),
      unsupported: z.array(z.string()),
      /** What staff should know of the archive. */
      notes: z.array(z.string()),
      /** What is installed of what the archive asks for beyond the grader's own packages. */
      packages: z.array(z.string()),
      /** What was tried out of the sandbox, and held. */
      probed: z.array(z.string()),
      /** Otter's names and maxima, before `pointsPossible` scales them; none where something is unsupported. */
      questions: z.array(z.object({name: z.string(), possible: z.number()})),
      pointsPossible: z.number().nullable(),
      /** Hidden cases by their question, counted from 0, that a notebook could pass by claiming so. */
      forgeable: z.record(z.string(), z.array(z.number())),
      seconds: z.number(),
    }),
  }),
  z.object({problem: z.enum(['archive', 'layer', 'sandbox']), message: z.string()}),
]);
export type Opening = z.infer<typeof Opening>;

/** What the judge says of a notebook. */
export const Verdict = z.union([
  z.object({
    results: z.unknown().refine(value => value !== undefined),
    pointsPossible: z.number().positive().max(1e6).nullish(),
    ended: z.string(),
    cell: z.number().int(),
    log: z.string(),
    review: z.array(z.string()),
    seconds: z.record(z.string(), z.number()),
  }),
  z.object({problem: z.enum(['notebook', 'archive', 'infrastructure']), message: z.string()}),
]);
export type Verdict = z.infer<typeof Verdict>;

const Answer = z.object({id: z.number(), answer: z.unknown()});
const Frame = z.object({json: z.string()});

export type Judge = {
  pid: number;
  opening: Opening;
  /** `name` is the notebook's file name, where that is known: otter runs checks at their cells only under the right one. */
  grade: (notebook: Uint8Array, limits: Limits, name?: string) => Promise<Verdict>;
  close: () => Promise<void>;
};

const FRAME_BYTES = 64 * 2 ** 20;
const LOG_BYTES = 20_000;
const GRACE_MS = 5000;

/**
 * Starts a judge for one archive: a process that holds the tests, with an empty environment.
 *
 * Throws: when it ends before it has opened the archive; its last words are in the message.
 */
export async function startJudge(archive: Uint8Array, places: Places, workers: number): Promise<Judge> {
  const {python, scripts} = places;
  const start = (module: string, stdio: StdioOptions) =>
    spawn(python, ['-m', module], {
      // Where its modules are is all that it is told.
      cwd: scripts,
      // A user without a name has no home folder, and otter's packages ask for one.
      env: {PYTHONDONTWRITEBYTECODE: '1', PYTHONNOUSERSITE: '1', LANG: 'C.UTF-8', TMPDIR: tmpdir(), HOME: tmpdir()},
      stdio,
    });
  const child = start('holt_grader.start', ['ignore', 'ignore', 'pipe', 'pipe']);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LOG_BYTES);
  });
  // One that was killed has left what it unpacked.
  const exited = once(child, 'exit').then(([code]) =>
    code === 0 ? undefined : once(start('holt_grader.own_folder', 'ignore'), 'exit'),
  );
  const channel = child.stdio[3] as Duplex;
  channel.on('error', () => {});
  const waiting = new Map<number, {resolve: (answer: unknown) => void; reject: (error: Error) => void}>();
  const frames = readFrames(channel, FRAME_BYTES);
  const next = async (): Promise<unknown> => {
    const {value, done} = await frames.next().catch(error => {
      // A process that is gone closes its end hard. Anything else is no end.
      if (error.code !== 'ECONNRESET') {
        throw error;
      }

      return {value: undefined, done: true};
    });
    if (done) {
      await exited;
      throw new Error(`The judge has ended: ${words.trim().split('\n').at(-1) || 'it said nothing'}`);
    }

    return JSON.parse(Frame.parse(value).json);
  };

  // It removes what it has unpacked and ends, as it does when this process is killed.
  const close = async () => {
    channel.destroy();
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await exited;
    clearTimeout(timer);
  };

  async function listen(): Promise<never> {
    for (;;) {
      const {id, answer} = Answer.parse(await next());
      waiting.get(id)?.resolve(answer);
      waiting.delete(id);
    }
  }

  try {
    writeFrame(channel, {archive: Buffer.from(archive).toString('base64'), workers, layers: placeLayers(places)});
    const opening = Opening.parse(await next());
    let broken: Error | undefined;
    listen().catch(error => {
      broken = error;
      for (const {reject} of waiting.values()) {
        reject(error);
      }
    });
    let asked = 0;
    return {
      pid: child.pid ?? 0,
      opening,
      close,
      async grade(notebook, limits, name) {
        if (broken) {
          throw broken;
        }

        asked += 1;
        const {promise, resolve, reject} = Promise.withResolvers<unknown>();
        waiting.set(asked, {resolve, reject});
        writeFrame(channel, {id: asked, notebook: Buffer.from(notebook).toString('base64'), limits, name});
        return Verdict.parse(await promise);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
