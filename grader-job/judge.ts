import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import type {Duplex} from 'node:stream';
import {z} from 'zod';
import type {Limits} from '../domain/limits.ts';
import {readFrames, writeFrame} from './frames.ts';
import type {Places} from './sandbox.ts';

/** What the judge says of an archive. What it cannot grade itself it names. */
export const Opening = z.union([
  z.object({
    ready: z.object({
      otter: z.string(),
      unsupported: z.array(z.string()),
      /** What was tried out of the sandbox, and held. */
      probed: z.array(z.string()),
      forgeable: z.record(z.string(), z.array(z.number())),
      seconds: z.number(),
    }),
  }),
  z.object({problem: z.enum(['archive', 'sandbox']), message: z.string()}),
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
export async function startJudge(archive: Uint8Array, {python, scripts}: Places, workers: number): Promise<Judge> {
  const child = spawn(python, ['-m', 'holt_grader.judge'], {
    // Where its modules are is all that it is told.
    cwd: scripts,
    env: {PYTHONDONTWRITEBYTECODE: '1', PYTHONNOUSERSITE: '1', LANG: 'C.UTF-8', TMPDIR: tmpdir()},
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LOG_BYTES);
  });
  const exited = once(child, 'exit');
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
    writeFrame(channel, {archive: Buffer.from(archive).toString('base64'), workers});
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
