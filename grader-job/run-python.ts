import {type ChildProcess, spawn} from 'node:child_process';
import {glob, lstat, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Limits} from '../domain/limits.ts';
import {makeFindLayer} from './layers.ts';
import {endTree, measureMemory} from './processes.ts';
import {type Command, gradeCommand, type Places, type Sandbox} from './sandbox.ts';

/** One start of the grader. `blank` grades a notebook without cells: what the archive itself does to a run. */
export type Work = {
  kind: 'grade' | 'blank' | 'inspect' | 'assign';
  /** The notebook's own file name; only to make an assignment of it. */
  name?: string;
  notebook: Uint8Array;
  archive: Uint8Array;
  limits: Limits;
  signal: AbortSignal;
};

/** How it ended. `answer` is what the script said last; whoever ran in the sandbox may have forged it. */
export type Ended = {
  started: boolean;
  otter: string;
  answer: unknown;
  /** Set when it was ended for using too much. */
  limit: 'time' | 'memory' | undefined;
  /** What it printed, the end of it. */
  log: string;
};

export type RunPython = (work: Work) => Promise<Ended>;

const LOG_BYTES = 20_000;
const REPLY_BYTES = 32 * 2 ** 20;
const MEMORY_CHECK_MS = 250;
/** Address space that a Python maps without using it: libraries, arenas, stacks of threads. */
const MAPPED_BYTES = 2 * 2 ** 30;
/** Twice as long as any notebook may take: nobody works in a folder as old as that. */
const LEFT_MS = 2 * 3600 * 1000;

/** Runs the grader's Python in a sandbox, with limits. Nothing is left of it when the promise settles. */
export const makeRunPython =
  (sandbox: Sandbox, places: Places, findLayer = makeFindLayer(places)): RunPython =>
  async work => {
    const layer = await findLayer(work.archive);
    if ('problem' in layer) {
      return {started: false, otter: 'unknown', answer: layer, limit: undefined, log: ''};
    }

    const folder = sandbox.isolation === 'none' ? await makeFolder() : '/tmp';
    const tmpBytes = work.limits.diskBytes + work.notebook.length + work.archive.length;
    try {
      const command = sandbox.wrap(gradeCommand(places, sandbox), tmpBytes, folder);
      return await supervise(command, sandbox, work, layer.folder);
    } finally {
      if (sandbox.isolation === 'none') {
        await rm(folder, {recursive: true, force: true, maxRetries: 3});
      }
    }
  };

/** Makes a folder for a run without a sandbox, after removing those of runs that were killed. */
async function makeFolder(): Promise<string> {
  const place = tmpdir();
  for await (const name of glob('holt-grader-*', {cwd: place})) {
    const folder = path.join(place, name);
    const {mtimeMs = Number.POSITIVE_INFINITY} = (await lstat(folder).catch(() => undefined)) ?? {};
    if (Date.now() - mtimeMs > LEFT_MS) {
      await rm(folder, {recursive: true, force: true}).catch(() => {});
    }
  }

  return mkdtemp(path.join(place, 'holt-grader-'));
}

async function supervise(
  {file, args, env, uid}: Command,
  sandbox: Sandbox,
  work: Work,
  layer: string | null,
): Promise<Ended> {
  work.signal.throwIfAborted();
  const child = spawn(file, args, {
    env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : {uid, gid: uid}),
  });
  // A sandbox ends with the process that started it; the pipes close when the last one in it is gone.
  const end = () => void (sandbox.isolation === 'none' && child.pid ? endTree(child.pid) : child.kill('SIGKILL'));
  const log = collect([child.stdout, child.stderr], LOG_BYTES);
  const reply = collect([child.stdio[3] as NodeJS.ReadableStream], REPLY_BYTES, end);

  let limit: Ended['limit'];
  const stop = (reason: Ended['limit']) => {
    limit ??= reason;
    end();
  };
  const clock = setTimeout(() => stop('time'), work.limits.notebookSeconds * 1000);
  const {memoryBytes} = work.limits;
  const watch = setInterval(async () => {
    if (child.pid && (await measureMemory(child.pid, memoryBytes)) > memoryBytes) {
      stop('memory');
    }
  }, MEMORY_CHECK_MS);
  work.signal.addEventListener('abort', end, {once: true});
  try {
    send(child, sandbox, work, layer);
    await settle(child);
  } finally {
    clearTimeout(clock);
    clearInterval(watch);
    work.signal.removeEventListener('abort', end);
  }

  work.signal.throwIfAborted();
  const messages = readLines(reply());
  const first = messages.find(message => message.started === true);
  return {
    started: first !== undefined,
    otter: typeof first?.otter === 'string' ? first.otter.slice(0, 50) : 'unknown',
    answer: messages.filter(message => message !== first).at(-1),
    limit,
    log: log().toString('utf8').toWellFormed(),
  };
}

function send(
  child: ChildProcess,
  {ownUser}: Sandbox,
  {kind, name, notebook, archive, limits}: Work,
  layer: string | null,
): void {
  const each = {
    RLIMIT_AS: limits.memoryBytes + MAPPED_BYTES,
    RLIMIT_FSIZE: limits.diskBytes + archive.length,
    ...(ownUser ? {RLIMIT_NPROC: limits.processes} : {}),
  };
  const header = {kind, name, notebookBytes: notebook.length, archiveBytes: archive.length, limits: each, layer};
  // A child that ends before it has read everything says why by its end.
  child.stdin?.on('error', () => {});
  child.stdin?.write(`${JSON.stringify(header)}\n`);
  child.stdin?.write(notebook);
  child.stdin?.end(archive);
}

/** Waits for the end. Without a namespace, something may outlive it that holds the pipes: they are waited for no longer. */
const settle = (child: ChildProcess) =>
  new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
    child.once('exit', () => setTimeout(resolve, 2000).unref());
  });

/** Keeps the end of what streams say; `onFull` is called when that is not enough. */
function collect(streams: readonly (NodeJS.ReadableStream | null)[], most: number, onFull?: () => void) {
  let chunks: Buffer[] = [];
  let length = 0;
  for (const stream of streams) {
    stream?.on('error', () => {});
    stream?.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > 2 * most) {
        onFull?.();
        chunks = [Buffer.concat(chunks).subarray(-most)];
        length = most;
      }
    });
  }

  return () => Buffer.concat(chunks).subarray(-most);
}

function readLines(reply: Buffer): Record<string, unknown>[] {
  return reply
    .toString('utf8')
    .split('\n')
    .flatMap(line => {
      try {
        const message: unknown = JSON.parse(line);
        return typeof message === 'object' && message !== null ? [message as Record<string, unknown>] : [];
      } catch {
        return [];
      }
    });
}
