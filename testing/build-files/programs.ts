import {execFile} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {root} from './read-builds.ts';

export type Ended = {code: number; stdout: string; stderr: string};

/**
 * Makes a place where a script of a build runs as in a builder. A program that only a builder has is a script here that writes
 * down its command line, a line each, and then does what a test says.
 */
export function makeBuilder(t: {teardown: (end: () => void) => void}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-builder-'));
  t.teardown(() => rmSync(folder, {recursive: true, force: true}));
  const bin = path.join(folder, 'bin');
  const calls = path.join(folder, 'calls');
  const build = path.join(folder, 'build');
  mkdirSync(bin);

  return {
    folder,

    addProgram(name: string, script = ''): void {
      const file = path.join(bin, name);
      writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>${calls}\n${script}\n`);
      chmodSync(file, 0o755);
    },

    readCalls: (): string[] => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),

    /** Reads what a step left for later ones. */
    readLeft: (file: string): string => readFileSync(path.join(build, file), 'utf8'),

    leave(file: string, content: string): void {
      mkdirSync(path.dirname(path.join(build, file)), {recursive: true});
      writeFileSync(path.join(build, file), content);
    },

    run(command: readonly string[], environment: Record<string, string> = {}, cwd = root): Promise<Ended> {
      const [program = '', ...parameters] = command;
      const env = {PATH: `${bin}:${process.env.PATH}`, HOLT_BUILD: build, HOME: folder, ...environment};
      return new Promise(resolve => {
        execFile(program, parameters, {cwd, env, timeout: 120_000}, (error, stdout, stderr) => {
          resolve({code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr});
        });
      });
    },
  };
}
