import {cpus, loadavg, release, totalmem, type} from 'node:os';

export type Machine = {cores: number; cpu: string; memoryGb: number; system: string; node: string};

/** Describes what the figures were taken on. Nothing that names it. */
export const describeMachine = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
});

/** Reads how many processes wanted to run in the last minute: figures taken on a busy machine say little. */
export const readLoad = (): number => Math.round((loadavg()[0] ?? 0) * 10) / 10;
