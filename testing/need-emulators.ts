import {homedir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {findPrograms} from '../emulator/google/find-programs.ts';
import {need} from './need.ts';

/** Says whether a test must end here because the machine lacks an emulator; names each that is missing. */
export function needEmulators(t: ExecutionContext): boolean {
  const {missing} = findPrograms({environment: process.env, home: homedir(), tools: path.resolve('.holt/tools')});
  // What `go install` can get, the stack gets by itself.
  const lacking = missing.filter(({command}) => !command.startsWith('go install'));
  return lacking.map(({name, command}) => need(t, {what: name, get: command, isMissing: true})).some(Boolean);
}
