import {readFileSync} from 'node:fs';

const TICKS_PER_SECOND = 100;

/** Reads how many seconds of processor time a process has used, all threads together. NaN where there is no /proc. */
export function readCpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
