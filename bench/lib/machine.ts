import {execFileSync} from 'node:child_process';
import {cpus, loadavg, release, totalmem, type} from 'node:os';

export type Machine = {cores: number; cpu: string; memoryGb: number; system: string; node: string; load: number};

/** Describes what the figures were taken on, and how busy it was. Nothing that names it. */
export const describeMachine = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
});

/** Tells the version that a program gives of itself. */
export const versionOf = (file: string): string => execFileSync(file, ['--version'], {encoding: 'utf8'}).trim();
