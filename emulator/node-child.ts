import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {HoltError} from '../domain/errors.ts';
import type {ChildMessage} from './child.ts';

export type ChildSettings = {
  name: string;
  /** The program, from the repository's root. */
  program: string;
  environment: Record<string, string>;
  /** Takes each line the child writes. */
  onLine: (line: string) => void;
  onUnexpectedExit: (reason: string) => void;
};

export type NodeChild = {
  pid: () => number | undefined;
  url: () => string;
  /** Ends the child and starts it again, with today's sources. */
  restart: () => Promise<void>;
  close: () => Promise<void>;
};

const graceMilliseconds = 10_000;

/** Starts a part of the local stack as a process of its own, and waits until it serves. Throws what stopped its start. */
export async function startNodeChild(settings: ChildSettings): Promise<NodeChild> {
  let current = await start(settings);
  let closing = false;
  watchExit(current.child);

  function watchExit(child: ChildProcess): void {
    child.once('exit', (code, signal) => {
      if (!closing && child === current.child) {
        settings.onUnexpectedExit(`${settings.name} ended (${signal ?? `exit code ${code}`})`);
      }
    });
  }

  return {
    pid: () => current.child.pid,
    url: () => current.url,
    async restart() {
      closing = true;
      await end(current.child);
      current = await start(settings);
      closing = false;
      watchExit(current.child);
    },
    async close() {
      closing = true;
      await end(current.child);
    },
  };
}

async function start({name, program, environment, onLine}: ChildSettings): Promise<{child: ChildProcess; url: string}> {
  const child = spawn(process.execPath, [program], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lastWords: string[] = [];
  forLines(child.stdout, onLine);
  forLines(child.stderr, line => {
    lastWords.push(line);
    lastWords.splice(0, lastWords.length - 5);
    onLine(line);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if ('ready' in message) {
        resolve(message.ready);
      } else {
        reject(new HoltError('invalid-setting', message.problem));
      }
    });
    child.once('error', reject);
    child.once('exit', code =>
      reject(
        new HoltError('invalid-setting', `${name} ended at its start with exit code ${code}.\n${lastWords.join('\n')}`),
      ),
    );
  });
  return {child, url};
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }

  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMilliseconds);
  await exited;
  clearTimeout(timer);
}

/** Calls back with each whole line of a stream. */
export function forLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
  });
  stream?.on('end', () => rest && onLine(rest));
}
